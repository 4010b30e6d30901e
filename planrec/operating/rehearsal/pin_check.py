"""The check of a run that was pinned without a retrain: beside the run before it, on bills that came."""

from pathlib import Path

import numpy as np

from planrec.evaluation import evaluated_table
from planrec.metrics import Estimate, draws_of, metric_draws, paired_difference
from planrec.operating.rehearsal.judged_year import REGRET
from planrec.runs.read import SavedRun
from planrec.schema.predictions import OutOfFold
from planrec.training.experiment import load_decisions

BEFORE, NOW = "before", "now"


def worse_by(now: SavedRun, before: SavedRun, months: Path) -> tuple[Estimate, float]:
    """Compare two runs on the latest decisions whose bills came, which both may have seen in training.

    A run that learnt the outcomes is flattered by them; one that learnt wrong outcomes is not.

    Args:
        now: the run that is pinned.
        before: the run that was checked before.
        months: file of the months that came.

    Returns:
        How much more regret the pinned run has, paired, and the regret of the run before it.
    """
    data = before.config.data.model_copy(update={"path": str(months)})
    config = before.config.model_copy(update={"data": data, "baselines": {}})
    table = load_decisions(config).table
    if table.as_of is None:
        raise ValueError("decisions over months have an as_of")
    latest = table.take(np.flatnonzero(table.as_of == table.as_of.max()))
    rows = evaluated_table({BEFORE: before.recommender, NOW: now.recommender}, latest, config)
    model = rows[OutOfFold.MODEL].to_numpy()
    draws = draws_of(rows, config.seed, config.n_bootstrap)
    of_before, of_now = (metric_draws(rows, REGRET, draws, model == name) for name in (BEFORE, NOW))
    return paired_difference(of_before, of_now), float(of_before[0])
