"""Reference profiles: counts of a run's training data, and comparisons of later data with them.

watched.py         the columns of decisions that are compared, as `Columns`
column_profile.py  one column as cells and counts
profile.py         `profile_of`: the columns of a run; training writes them to profile.json
hard_gates.py      `hard_problems`: faults that are certain the same day, by name
comparison.py      `column_drift`: how far each column is from its profile
unlike_training.py  `UnlikeTraining`: single inputs unlike all of training
streams.py         the counts of a day as an array, by column and segment
evidence.py        evidence of drift over days
cheaper_evidence.py  evidence that P(cheaper) is wrong, once bills came

Everything here is a function of arrays: no files, no runs, no log.
"""

from planrec.input_drift.column_profile import ColumnProfile
from planrec.input_drift.comparison import ColumnDrift, column_drift
from planrec.input_drift.hard_gates import hard_problems
from planrec.input_drift.profile import Profile, profile_of, read_profile_json
from planrec.input_drift.unlike_training import NOTICES, UnlikeTraining
from planrec.input_drift.watched import ABSTAINS, PLAN_ADVISED, PLAN_HELD, advised_of, watched_columns

__all__ = [
    "ABSTAINS",
    "NOTICES",
    "PLAN_ADVISED",
    "PLAN_HELD",
    "ColumnDrift",
    "ColumnProfile",
    "Profile",
    "UnlikeTraining",
    "advised_of",
    "column_drift",
    "hard_problems",
    "profile_of",
    "read_profile_json",
    "watched_columns",
]
