"""Small runs of every model kind: how they are trained, asked and saved as test data.

`python -m tests.golden.golden_runs` trains them with the code as it is and overwrites the test data. Type it
only after a change that is meant to change results, or after an upgrade of a package that does, and say why
in the commit.
"""

import gzip
import json
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pandas as pd
from litestar.testing import TestClient

from api.app import create_app
from planrec.runs.provenance import versions
from planrec.runs.read import load_run
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.conftest import REPOSITORY, STRANGERS_TABLE
from tests.quick_configs import composed
from tests.trained_runs import quick

FOLDER = Path(__file__).parent
SAVED_IN = Path("2030-01-31", "12-00-00-abc123")
"Folder of a run below that of its test."
REPLIES = FOLDER / "replies.json.gz"
NOT_KEPT = {"recommendation_id", "model", "sentence", "sentence_short"}
"Keys of an answer that are new each time, or wording that has tests of its own."
BILLS = ("data.n_subscribers=200", "cv.n_folds=2", "n_bootstrap=20", "baselines=[]")
HELD = ("target=held", "data.n_months=3", *BILLS)
TABLE = ("data=table", "data.path=customers.csv", "data.plan_column=tariff", *BILLS[1:])
CHOICES = (
    *("data=choice_table", "data.path=choices.csv", "data.plan_column=chosen"),
    *("data.subscriber_column=customer", "data.attributes={price: 'price_{plan}', gib: 'gib_{plan}'}"),
    *BILLS[1:],
)
GOLDEN: dict[str, tuple[str, ...]] = {
    "bills/stay": ("model=stay", *BILLS),
    "bills/popular": ("model=popular", *BILLS),
    "bills/cheapest_fee": ("model=cheapest_fee", *BILLS),
    "bills/rerate": ("model=rerate", "policy=guarded", *BILLS),
    "bills/rerate_1": ("model=rerate_1", *BILLS),
    "bills/rerate_3": ("model=rerate_3", *BILLS),
    "bills/rerate_6": ("model=rerate_6", *BILLS),
    "bills/lgbm": ("model=lgbm", *BILLS),
    "bills/lgbm_bills": ("model=lgbm_bills", *BILLS),
    "bills/forecast": ("model=forecast", *BILLS),
    "bills/ensemble": ("model=ensemble", *quick("ensemble"), *BILLS),
    "held/dummy": ("model=dummy", *HELD),
    "held/estimator": ("model=estimator", *HELD),
    "held/forest": ("model=forest", "calibration=isotonic", *quick("forest"), *HELD),
    "held/hist_boosting": ("model=hist_boosting", "cv=grouped", "model.max_iter=10", *HELD),
    "held/logistic": ("model=logistic", "calibration=temperature", *HELD),
    "held/ensemble_held": ("model=ensemble_held", *quick("ensemble_held"), *HELD),
    "choice/conditional_logit": ("model=conditional_logit", *CHOICES),
    "table/lgbm": ("model=lgbm", "model.min_child_samples=5", *TABLE),
}
"Name of a run -> its overrides; what precedes the slash says which file of test data holds it."


@dataclass(frozen=True)
class GoldenRun:
    """What a run found out and what it answers."""

    out_of_fold: pd.DataFrame
    "As the run folder has it."
    requests: list[dict[str, Any]]
    replies: list[dict[str, Any]]
    "What POST /predict replies to each request, without the keys in `NOT_KEPT`."


def trained(name: str, folder: Path) -> GoldenRun:
    """Train a run with the current code, save it into an empty folder, load it and ask it."""
    with chdir(folder):
        Path("customers.csv").write_text(STRANGERS_TABLE, "utf-8")
        copyfile(REPOSITORY / "docs" / "examples" / "choices.csv", "choices.csv")
        config = composed(*GOLDEN[name])
        saved_in = folder / SAVED_IN
        begin_run(saved_in, config, "train")
        save_run(run(config), saved_in, "train")
    saved = load_run(saved_in)
    requests = list(saved.manifest.golden.requests)
    with TestClient(create_app(saved)) as client:
        replies = [client.post("/predict", json=request).json() for request in requests]
    return GoldenRun(pd.read_parquet(saved_in / "out_of_fold.parquet"), requests, [_kept(r) for r in replies])


def saved() -> dict[str, GoldenRun]:
    """Read the test data: name -> run."""
    content = json.loads(gzip.decompress(REPLIES.read_bytes()))
    tables = {kind: pd.read_parquet(FOLDER / f"{kind}.parquet") for kind in _kinds()}
    runs = {}
    for name, of_run in content["runs"].items():
        table = tables[name.partition("/")[0]]
        own = table.loc[table["run"] == name, of_run["columns"]].reset_index(drop=True)
        runs[name] = GoldenRun(own, of_run["requests"], of_run["replies"])
    return runs


def made_by() -> dict[str, str]:
    """Read which versions of the packages made the test data."""
    return json.loads(gzip.decompress(REPLIES.read_bytes()))["versions"]


def overwrite() -> None:
    """Train every run and write the test data."""
    runs = {}
    for name in GOLDEN:
        with tempfile.TemporaryDirectory() as folder:
            runs[name] = trained(name, Path(folder))
    for kind in _kinds():
        tables = [
            made.out_of_fold.assign(run=name) for name, made in runs.items() if name.startswith(f"{kind}/")
        ]
        # Runs over the same data share most values: a dictionary of each column keeps the file small.
        pd.concat(tables, ignore_index=True).to_parquet(FOLDER / f"{kind}.parquet", compression="zstd")
    content = {
        name: {"columns": list(made.out_of_fold), "requests": made.requests, "replies": made.replies}
        for name, made in runs.items()
    }
    text = json.dumps({"versions": versions(), "runs": content}, allow_nan=False)
    REPLIES.write_bytes(gzip.compress(text.encode(), mtime=0))


def _kept(reply: Any) -> Any:
    """Leave out the keys in `NOT_KEPT` at any depth."""
    if isinstance(reply, list):
        return [_kept(item) for item in reply]
    if isinstance(reply, dict):
        return {key: _kept(value) for key, value in reply.items() if key not in NOT_KEPT}
    return reply


def _kinds() -> list[str]:
    return sorted({name.partition("/")[0] for name in GOLDEN})


if __name__ == "__main__":
    overwrite()
