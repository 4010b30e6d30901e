"""Runs with new plans, whose model is not trained again."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.commands.advice import command_line, typed
from planrec.errors import CatalogueError, DataError, RequestError, RunError

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.recommending.recommender import Recommender
    from planrec.runs.read import SavedRun


def with_new_plans(run: Path, catalogue_path: str, outputs: Path) -> Path:
    """Write a new run that has the fitted model of a run and a new version of its catalogue.

    A policy that limits harm gets a threshold for the new plans.

    Args:
        run: folder of the given run.
        catalogue_path: file with the new version of the catalogue.
        outputs: folder that gets the new run.

    Returns:
        The folder of the new run. Its notes name the run that its figures come from.

    Raises:
        RunError: the run cannot be served, or its model ranks only plans that it was trained on.
        CatalogueError: the file is not a catalogue, or not a new version of the run's; with every problem.
    """
    from planrec.catalogue import Catalogue
    from planrec.catalogue.yaml_file import read_model
    from planrec.files.input_path import find_input
    from planrec.runs.write import save_with_plans
    from planrec.serving.pin import servable_run
    from planrec.serving.threshold_for_plans import with_threshold_for_plans

    saved = servable_run(run)
    file = find_input("CATALOGUE", catalogue_path, CatalogueError)
    recommender = _recommender(saved, read_model(file, Catalogue), catalogue_path)
    recommender, note = with_threshold_for_plans(saved, recommender)
    now = datetime.now().astimezone()
    folder = outputs / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{secrets.token_hex(3)}"
    save_with_plans(saved, recommender, folder, command_line("new-plans", run, catalogue_path), note)
    return folder


def _recommender(saved: "SavedRun", catalogue: "Catalogue", path: str) -> "Recommender":
    """Return the run's recommender with the new plans, after checking that it can answer."""
    try:
        recommender = saved.recommender.with_catalogue(catalogue)
    except DataError as error:
        raise RunError(
            f"{saved.folder} cannot take new plans: {error.message}",
            [
                f"train on them: {saved.manifest.command}, with"
                f" {typed({'catalogue.path': path}, catalogue='file')}",
                "or give a run of a model that ranks new plans, such as"
                f" {typed(model='forecast', calibration='none')}",
            ],
        ) from error
    if problems := [*_catalogue_problems(saved, catalogue), *_request_problems(saved, catalogue)]:
        raise CatalogueError(f"{path} is not a new version of the catalogue of {saved.folder}", problems)
    return recommender


def _catalogue_problems(saved: "SavedRun", new: "Catalogue") -> Iterator[str]:
    """Yield the rules of new versions that the catalogue breaks."""
    old = _catalogue_of(saved)
    if new.catalogue_id != old.catalogue_id:
        yield f"catalogue_id must stay {old.catalogue_id!r}, got {new.catalogue_id!r}"
    if new.currency != old.currency:
        yield f"currency must stay {old.currency}, got {new.currency}: figures and thresholds are in it"
    if new.version == old.version:
        same = "has the same plans" if new == old else "has other content: every change needs a new version"
        yield f"version must be new, {new.version!r} is the run's own and {same}"
    for plan_id in old.plan_ids:
        if plan_id not in new.plan_ids:
            yield (
                f"plan {plan_id!r} must stay, because subscribers may hold it: put it back, with"
                " `sellable: false` if it is no longer sold"
            )


def _request_problems(saved: "SavedRun", catalogue: "Catalogue") -> Iterator[str]:
    """Yield the reasons why the run's own requests have no answer with the new plans."""
    inputs = saved.recommender.inputs
    if not inputs.asks_held:
        return
    from planrec.schema.request import read_request

    requests = [read_request(content) for content in saved.manifest.golden.requests]
    X = saved.recommender.table(requests).X
    try:
        catalogue.check_attributes({column.becomes: X[column.becomes] for column in inputs.columns})
    except CatalogueError as error:
        yield from error.problems
    try:
        # A held plan that is missing becomes an unknown plan here; it was reported above, like conditions.
        saved.recommender.with_catalogue(_without_conditions(catalogue)).table(requests)
    except RequestError as error:
        rule = "valid_for must cover the months of the run's own requests, for the plans that they hold"
        yield from (f"{rule}: {problem}" for problem in dict.fromkeys(error.problems))


def _without_conditions(catalogue: "Catalogue") -> "Catalogue":
    """Return the catalogue without its eligibility conditions."""
    plans = tuple(plan.model_copy(update={"eligibility": ()}) for plan in catalogue.plans)
    return catalogue.model_copy(update={"plans": plans})


def about_new_plans(run: Path, folder: Path, outputs: Path) -> Iterator[str]:
    """Yield lines about a run with new plans: the new plans, the origin of its figures, the next command."""
    from planrec.runs.read import load_run

    saved = load_run(folder)
    old, new = _catalogue_of(load_run(run)), _catalogue_of(saved)
    before = {plan.id: plan for plan in old.plans}
    added = [plan.id for plan in new.plans if plan.id not in before]
    changed = [plan.id for plan in new.plans if plan.id in before and plan != before[plan.id]]
    yield f"{new.catalogue_id} {old.version} -> {new.version}: added {_list(added)}; changed {_list(changed)}"
    yield from (f"note: {note}" for note in saved.manifest.notes if note not in load_run(run).manifest.notes)
    yield f"run: {folder}"
    yield f"pin it: {command_line('pin', folder, outputs=outputs)}"


def _catalogue_of(saved: "SavedRun") -> "Catalogue":
    """Return the catalogue of a run that has one; models that rank unseen plans always do."""
    if saved.recommender.catalogue is None:
        raise RunError(f"{saved.folder} has no catalogue")
    return saved.recommender.catalogue


def _list(plan_ids: list[str]) -> str:
    return ", ".join(plan_ids) or "none"
