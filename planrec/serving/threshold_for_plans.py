"""The demand of a guarded policy on moves, chosen again for new plans.

A demand that limits harm among some plans does not limit it among others, because a new plan makes other
moves look good.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from planrec.errors import DataError, PlanRecError, RunError

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.config.run_config import RunConfig
    from planrec.contracts import Policy
    from planrec.recommending.recommender import Recommender
    from planrec.runs.read import SavedRun
    from planrec.schema.tables import DecisionTable


def with_threshold_for_plans(
    saved: "SavedRun", recommender: "Recommender"
) -> "tuple[Recommender, str | None]":
    """Choose the demand on moves on the run's training decisions, rated with the recommender's plans.

    Args:
        saved: the run with the old plans.
        recommender: the recommender of the run, with the new plans.

    Returns:
        The recommender with the policy that was chosen, and a note for the run. The recommender is returned
        unchanged if the policy limits no harm (without a note), or if the training data cannot be read or is
        not what it was (with one).
    """
    from planrec.runs.write import THRESHOLD_NOTE

    if saved.config.policy.harm_limit is None or recommender.catalogue is None:
        return recommender, None
    try:
        policy = _chosen_policy(saved, recommender.catalogue)
    except PlanRecError as error:
        kept = "is still that of the old plans, so harm may exceed the limit"
        return recommender, f"{THRESHOLD_NOTE} {kept}: {error.message}"
    return replace(recommender, policy=policy), f"{THRESHOLD_NOTE} was chosen again for these plans"


def _chosen_policy(saved: "SavedRun", catalogue: "Catalogue") -> "Policy":
    """Fit on inner folds of the training decisions, and choose the policy on their predictions."""
    from planrec.training.fitting import fitted_recommender
    from planrec.training.tuning import final_model

    trained = _trained_run(saved)
    config = trained.config.model_copy(update={"catalogue": _on_sale_before(trained, catalogue)})
    table = _training_decisions(trained, config)
    model = final_model(config.model, trained.manifest.tuned)
    return fitted_recommender(config, model, table, table, config.threads).policy


def _trained_run(saved: "SavedRun") -> "SavedRun":
    """Return the run that was trained, whose plans the training data was read with.

    Raises:
        RunError: the run is a copy with other plans, and the trained run is no longer beside it.
    """
    from planrec.runs.read import load_run

    measured_by = saved.manifest.measured_by
    if measured_by is None:
        return saved
    trained = load_run(saved.folder.parents[1] / measured_by.run_id)
    if trained.sha256 != measured_by.run_json_sha256:
        raise RunError(f"{trained.folder} was changed since it was copied")
    return trained


def _training_decisions(trained: "SavedRun", config: "RunConfig") -> "DecisionTable":
    """Read the run's training data, and label it with the plans of a config.

    Raises:
        DataError: the data cannot be read, or is not the data that the run was trained on.
    """
    from planrec.training.experiment import label_decisions

    loaded = trained.config.data.load(trained.config.catalogue.open())
    found = label_decisions(trained.config, loaded).table.fingerprint()
    if found != trained.manifest.data_fingerprint:
        raise DataError("the training data has changed since the run was trained")
    return label_decisions(config, loaded).table


def _on_sale_before(trained: "SavedRun", catalogue: "Catalogue") -> "Catalogue":
    """Return the catalogue with its new plans valid for as long as any plan.

    Training decisions are from the past, when a new plan was not on sale yet.
    """
    content = catalogue.model_dump(mode="json", by_alias=True)
    first = min(plan["valid_for"]["start"] for plan in content["plans"])
    for plan in content["plans"]:
        if plan["id"] not in trained.recommender.plans:
            plan["valid_for"]["start"] = first
    return type(catalogue).model_validate(content)
