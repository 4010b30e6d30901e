"""The run folder: written once by `save_run` or `save_with_plans`, read by `load_run`, by nobody else.

config.json          written first: what was started
model.skops          the fitted Pipeline, no pickle, canonical bytes
out_of_fold.parquet  every out-of-fold prediction and decision
dropped_rows.csv     rows that the source left out and why, where there were any
run.json             written last: a folder with it is complete
model_card.md        written when the run is pinned; no part of what the hashes cover
"""

from planrec.folder_walk import complete_runs
from planrec.run_folder.find import find_run, named_run, newest_run, run_folders
from planrec.run_folder.read import (
    RunRecord,
    SavedRun,
    load_run,
    own_value,
    read_manifest,
    read_out_of_fold,
    read_record,
    replay_golden,
)
from planrec.run_folder.write import begin_run, save_run, save_with_plans, write_card

__all__ = [
    "RunRecord",
    "SavedRun",
    "begin_run",
    "complete_runs",
    "find_run",
    "load_run",
    "named_run",
    "newest_run",
    "own_value",
    "read_manifest",
    "read_out_of_fold",
    "read_record",
    "replay_golden",
    "run_folders",
    "save_run",
    "save_with_plans",
    "write_card",
]
