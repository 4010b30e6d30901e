"""The run folder: written once by `save_run` or `save_with_plans`, read by `load_run`, by nobody else.

config.json          written first: what was started
model.skops          the fitted Pipeline, no pickle, canonical bytes
out_of_fold.parquet  every out-of-fold prediction and decision
dropped_rows.csv     rows that the source left out and why, where there were any
run.json             written last: a folder with it is complete
model_card.md        written when the run is pinned; no part of what the hashes cover
"""
