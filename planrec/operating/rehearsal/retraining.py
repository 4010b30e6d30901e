"""The monthly retrain of the side with operations, and the hidden truth about each promotion."""

import shlex
from pathlib import Path

import numpy as np

from planrec.commands.advice import typed
from planrec.operating.non_inferiority import Margins
from planrec.operating.rehearsal.judged_year import REGRET
from planrec.operating.rehearsal.month_files import MonthStore, name_of
from planrec.operating.rehearsal.pinned_runs import PinnedRuns
from planrec.operating.rehearsal.promotions import Promotion, hidden_regret
from planrec.operating.retrain import Retrained, RetrainRules, retrain
from planrec.operating.training_process import train_here

RULES = RetrainRules(least_days=0)
"The months of a rehearsal pass in seconds, so that days between promotions cannot be counted."


def retrained(runs: PinnedRuns, months: Path) -> Retrained:
    """Retrain the pinned run on the months in a file, and promote the result if it passes its gates."""
    overrides = shlex.split(typed({"data.path": str(months)}))
    return retrain(runs.outputs, overrides, promote=True, rules=RULES, train=train_here)


def promoted(runs: PinnedRuns, store: MonthStore, held: np.ndarray, date: tuple[int, int]) -> Promotion:
    """Serve the run that a retrain pinned, and compare it with the champion by the hidden truth.

    Args:
        runs: the runs; the champion still answers.
        store: the months of the side.
        held: the plans held, shape (n,).
        date: month and day.
    """
    champion = runs.served
    runs.follow_pin()
    runs.accept(runs.served.folder)
    found, before = (
        hidden_regret(store.world, run.recommender, store, held, date[0]) for run in (runs.served, champion)
    )
    return Promotion(f"{name_of(date[0])}-{date[1]:02d}", found, before, Margins().of(REGRET, before))
