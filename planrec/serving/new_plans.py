"""A run under new plans, without training."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.errors import CatalogueError, DataError, RequestError, RunError
from planrec.files.outputs_folder import command_line

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.recommending.recommender import Recommender
    from planrec.runs.read import SavedRun


def with_new_plans(run: Path, catalogue_path: str, outputs: Path) -> Path:
    """Write a new run: the model of this one, as it was fitted, over a new version of its catalogue.

    Returns:
        Its folder. What its figures are of is in its notes.

    Raises:
        RunError: the run cannot be served, or its model ranks only plans that it has learned.
        CatalogueError: the file is no catalogue, or no later version of the run's; with everything wrong.
    """
    from planrec.catalogue import Catalogue
    from planrec.catalogue.yaml_file import read_model
    from planrec.files.input_path import find_input
    from planrec.runs.write import save_with_plans
    from planrec.serving.pin import servable_run

    saved = servable_run(run)
    file = find_input("CATALOGUE", catalogue_path, CatalogueError)
    recommender = _recommender(saved, read_model(file, Catalogue), catalogue_path)
    now = datetime.now().astimezone()
    folder = outputs / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{secrets.token_hex(3)}"
    save_with_plans(saved, recommender, folder, command_line("new-plans", run, catalogue_path))
    return folder


def _recommender(saved: "SavedRun", catalogue: "Catalogue", path: str) -> "Recommender":
    """The run's recommender over the new plans; the run's own requests can be asked of it."""
    try:
        recommender = saved.recommender.with_catalogue(catalogue)
    except DataError as error:
        raise RunError(
            f"{saved.folder} cannot take new plans: {error.message}",
            [
                f"train on them: {saved.manifest.command}, with catalogue=file catalogue.path={path}",
                "or name a run of a model that knows nothing of single plans, such as model=forecast with"
                " calibration=none",
            ],
        ) from error
    if problems := [*_misfits(saved, catalogue), *_unanswered(saved, catalogue)]:
        raise CatalogueError(f"{path} is no new version of the catalogue of {saved.folder}", problems)
    return recommender


def _misfits(saved: "SavedRun", new: "Catalogue") -> Iterator[str]:
    """What a new version of a catalogue must keep, and change."""
    old = saved.recommender.catalogue
    assert old is not None
    if new.catalogue_id != old.catalogue_id:
        yield f"catalogue_id must stay {old.catalogue_id!r}, got {new.catalogue_id!r}"
    if new.currency != old.currency:
        yield f"currency must stay {old.currency}, got {new.currency}: figures and thresholds are in it"
    if new.version == old.version:
        same = "holds the same plans" if new == old else "has other content: any change is a new version"
        yield f"version must be a new one, {new.version!r} is the run's own and {same}"
    for plan_id in old.plan_ids:
        if plan_id not in new.plan_ids:
            yield (
                f"plan {plan_id!r} must stay, subscribers may hold it: put it back, with `sellable: false` if"
                " it is no longer sold"
            )


def _unanswered(saved: "SavedRun", catalogue: "Catalogue") -> Iterator[str]:
    """Why requests that the run was saved with have no answer under the new plans."""
    inputs = saved.recommender.inputs
    if not inputs.asks_held:
        return
    from planrec.schema.request import read_request

    asked = [read_request(content) for content in saved.manifest.golden.requests]
    X = saved.recommender.table(asked).X
    try:
        catalogue.check_attributes({column.becomes: X[column.becomes] for column in inputs.columns})
    except CatalogueError as error:
        yield from error.problems
    try:
        # A plan held that is not there any more becomes an unknown one here, and was told above.
        saved.recommender.with_catalogue(catalogue).table(asked)
    except RequestError as error:
        rule = "valid_for must cover the months of the run's own requests, for plans that they hold"
        yield from (f"{rule}: {problem}" for problem in dict.fromkeys(error.problems))
    except CatalogueError:
        pass  # told above


def about_new_plans(run: Path, folder: Path, outputs: Path) -> Iterator[str]:
    """Yield lines about a run with new plans: the new plans, the origin of its figures, the next command."""
    from planrec.runs.read import load_run

    old, saved = load_run(run).recommender.catalogue, load_run(folder)
    new = saved.recommender.catalogue
    assert old is not None
    assert new is not None
    before = {plan.id: plan for plan in old.plans}
    added = [plan.id for plan in new.plans if plan.id not in before]
    changed = [plan.id for plan in new.plans if plan.id in before and plan != before[plan.id]]
    yield f"{new.catalogue_id} {old.version} -> {new.version}: added {_list(added)}; changed {_list(changed)}"
    if saved.manifest.measured_by is not None:
        yield f"note: {saved.manifest.measured_by.note}"
    yield f"run: {folder}"
    yield f"pin it: {command_line('pin', folder, outputs=outputs)}"


def _list(plan_ids: list[str]) -> str:
    return ", ".join(plan_ids) or "none"
