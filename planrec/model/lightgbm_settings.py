"""The LightGBM settings under which a fit repeats itself bit for bit."""

REPEATABLE = {
    "deterministic": True,
    "force_row_wise": True,  # LightGBM's own choice depends on a timing
    "verbose": -1,
}
"Parameters of every LightGBM estimator, beside its `random_state`."
