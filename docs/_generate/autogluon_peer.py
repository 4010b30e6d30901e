"""Fits and predicts with AutoGluon: `python autogluon_peer.py fit|predict FOLDER SECONDS`."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from autogluon.tabular import TabularDataset, TabularPredictor

verb, folder, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
given = np.load(folder / "given.npz")
rows = pd.DataFrame(given["X"], columns=[f"x{number}" for number in range(given["X"].shape[1])])
if verb == "fit":
    predictor = TabularPredictor("y", path=str(folder / "model"), eval_metric="log_loss", verbosity=0)
    predictor.fit(
        TabularDataset(rows.assign(y=given["y"])), presets="medium_quality", time_limit=seconds, num_cpus=1
    )
else:
    predictor = TabularPredictor.load(str(folder / "model"))
    probability = predictor.predict_proba(TabularDataset(rows))
    np.save(folder / "predicted.npy", probability[sorted(probability.columns)].to_numpy(np.float64))
