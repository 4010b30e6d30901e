"""The gate of the files that arrive: the hard problems against the profile of the run that would answer."""

import numpy as np

from planrec.input_drift import PLAN_HELD, hard_problems
from planrec.operating.rehearsal.month_files import MonthFile, MonthStore
from planrec.runs.read import SavedRun, read_profile
from planrec.schema.columns import Columns, lag

MONTHS_KNOWN = "months_known"


def file_problems(run: SavedRun, store: MonthStore, file: MonthFile) -> list[str]:
    """List the hard problems of a file: of the decisions that would follow it; empty if there are none."""
    return hard_problems(read_profile(run), columns_of(store, file))


def columns_of(store: MonthStore, file: MonthFile) -> Columns:
    """Return the columns that a profile describes, of the decisions after a file."""
    plans = np.array(store.world.plans.plan_ids, object)
    latest = {lag(name, 1): values for name, values in file.usage.items()}
    return latest | {MONTHS_KNOWN: store.months_known(file), PLAN_HELD: plans[file.held]}
