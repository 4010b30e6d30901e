"""The run folder: only `save_run` and `save_with_plans` write it, only `load_run` and its siblings read it.

config.json          written first: what was started
model.skops          the fitted Pipeline, no pickle, canonical bytes
out_of_fold.parquet  every out-of-fold prediction and decision
profile.json         reference profile: counts of the training data, which later data is compared with
dropped_rows.csv     rows that the source left out, with reasons; absent if there were none
run.json             written last: a folder with it is complete
model_card.md        written when the run is pinned; not covered by the hashes
"""
