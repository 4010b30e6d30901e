"""The page that compares `model=lgbm` as it is shipped with the defaults of other libraries.

Each rival is one more model of the same run, so that rows, folds, features and metrics are the same.
AutoGluon needs packages that PlanRec does not lock: name the Python of an environment with it in
PLANREC_AUTOGLUON.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from against_catboost import CatBoost
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification

from planrec.catalogue import Catalogue
from planrec.config.compose import compose
from planrec.contracts import Model, ModelTraits
from planrec.metrics import Estimate, draws_of, metric_draws, paired_difference
from planrec.training.experiment import load_decisions, predict_out_of_fold
from planrec.wording import signed, with_interval

VARIABLE = "PLANREC_AUTOGLUON"
METRIC = "log_loss"
OURS, BEFORE = "lgbm", "lgbm of 0.1.0"
SECONDS = 20
"Most time of a fit of AutoGluon."


def bundled(load: Callable[..., tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Return a table that scikit-learn installs, with the class as plan."""
    values, plan = load(return_X_y=True)
    return frame_of(values, plan)


def generated(n: int, classes: int, noise: float) -> pd.DataFrame:
    """Return a table of scikit-learn's generator; `noise` is the share of plans that are drawn at random."""
    values, plan = make_classification(
        n, n_features=20, n_informative=8, n_classes=classes, flip_y=noise, random_state=n
    )
    return frame_of(values, plan)


def frame_of(values: np.ndarray, plan: np.ndarray) -> pd.DataFrame:
    """Return columns `value_0 ...` and `plan`."""
    names = [f"value_{number}" for number in range(values.shape[1])]
    return pd.DataFrame(values, columns=names).assign(plan=[f"plan_{code}" for code in plan])


TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "wine (in scikit-learn)": lambda: bundled(load_wine),
    "breast_cancer (in scikit-learn)": lambda: bundled(load_breast_cancer),
    "generated, 4 classes, 10 % noise": lambda: generated(1_200, 4, 0.1),
    "digits (in scikit-learn)": lambda: bundled(load_digits),
    "generated, 3 classes, 5 % noise": lambda: generated(6_000, 3, 0.05),
    "generated, 6 classes, 30 % noise": lambda: generated(8_000, 6, 0.3),
    "generated, 2 classes, 20 % noise": lambda: generated(30_000, 2, 0.2),
}
"Name and source -> the table; none of them was used to choose a size of model=lgbm."


class AutoGluon(Model):
    """AutoGluon's classifier of medium quality, in an environment of its own."""

    traits: ClassVar[ModelTraits] = ModelTraits(encoding="codes")

    kind: Literal["autogluon"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return a classifier that asks the other Python."""
        return OtherPython()


class OtherPython(ClassifierMixin, BaseEstimator):
    """A classifier whose fits and predictions run in the Python of PLANREC_AUTOGLUON."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "OtherPython":
        """Fit in a folder that lasts as long as this object."""
        self.folder_ = tempfile.TemporaryDirectory()
        self.classes_ = np.unique(y)
        self._ask("fit", X=X, y=y)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Predict probabilities, shape (n, n_classes), in the order of `classes_`."""
        self._ask("predict", X=X)
        found: np.ndarray = np.load(Path(self.folder_.name, "predicted.npy"))
        return found

    def _ask(self, verb: str, **arrays: np.ndarray) -> None:
        np.savez(Path(self.folder_.name, "given.npz"), **arrays)
        program = Path(__file__).with_name("autogluon_peer.py")
        command = [os.environ[VARIABLE], str(program), verb, self.folder_.name, str(SECONDS)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@cache
def autogluon_version() -> str | None:
    """Return the version of AutoGluon, or None if PLANREC_AUTOGLUON names no Python that has it."""
    if VARIABLE not in os.environ:
        return None
    asked = "import json, autogluon.tabular as found; print(json.dumps(found.__version__))"
    done = subprocess.run([os.environ[VARIABLE], "-c", asked], capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout.splitlines()[-1]))


def rivals() -> dict[str, Model]:
    """Return every model that is compared, ours first."""
    scikit = {
        name: compose("target=held", "model=estimator", f"model.class_path=sklearn.ensemble.{name}").model
        for name in ("HistGradientBoostingClassifier", "RandomForestClassifier")
    }
    shipped = compose("target=held", "model=lgbm").model
    fixed = {"n_estimators": 100, "num_leaves": 7, "stop_early": False}
    found = {
        OURS: shipped,
        BEFORE: shipped.model_copy(update=fixed),
        "CatBoost": CatBoost(kind="catboost"),
        **scikit,
    }
    return found | ({"AutoGluon": AutoGluon(kind="autogluon")} if autogluon_version() else {})


@dataclass(frozen=True)
class Judged:
    """Log-loss of every model on one table."""

    table: str
    n_rows: int
    ours: Estimate
    differences: Mapping[str, Estimate]
    "Ours less the rival's, on the same draws of rows; below zero ours is better."


def judged(name: str, frame: pd.DataFrame, folder: Path) -> Judged:
    """Predict each row of a table out of fold by every model."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{len(frame)}.csv"
    frame.to_csv(file, index=False)
    config = compose("data=table", f"data.path={file}", "data.plan_column=plan", "cv.n_folds=3")
    table = load_decisions(config).table
    folds = list(config.cv.split(table, config.seed))
    rows = {
        model: predict_out_of_fold(config, {model: [option] * len(folds)}, table, folds)
        for model, option in rivals().items()
    }
    draws = draws_of(rows[OURS], config.seed, config.n_bootstrap)
    found = {model: metric_draws(predicted, METRIC, draws) for model, predicted in rows.items()}
    return Judged(
        name,
        len(frame),
        paired_difference(np.zeros_like(found[OURS]), found[OURS]),
        {model: paired_difference(of, found[OURS]) for model, of in found.items() if model != OURS},
    )


def defaults_page(folder: Path) -> str:
    """Compare on every table, and return the page."""
    import catboost

    found = [judged(name, make(), folder / "defaults") for name, make in TABLES.items()]
    names = list(found[0].differences)
    ran = f"AutoGluon {autogluon_version()} with `medium_quality` and at most {SECONDS} s a fit"
    not_run = f"AutoGluon did not run: {VARIABLE} names no Python that has it"
    lines = [
        "# The default of model=lgbm beside other defaults",
        "",
        "Generated by `just docs --only defaults` (`pip install 'planrec[catboost]'`; CatBoost"
        f" {catboost.__version__}; {ran if autogluon_version() else not_run}).",
        "",
        "`model=lgbm` is sized by the number of subscribers; without subscribers, as here, each row is"
        " one. All models are part of the same run of three folds: the same rows, folds and features. The"
        " figure is the log-loss, less is better. Other columns are ours less theirs, with 95 % bootstrap"
        " intervals over rows on the same draws: below zero, `model=lgbm` is better. An interval without"
        " zero is in bold."
        f" `{BEFORE}` has 100 trees of 7 leaves for every table.",
        "",
        f"| table | rows | {OURS} | {' | '.join(names)} |",
        "|---|---:|---|" + "---|" * len(names),
        *(row_of(table, names) for table in found),
        "",
        *(f"* {sentence_of(name, found)}" for name in names),
        "",
    ]
    return "\n".join(lines)


def row_of(table: Judged, names: list[str]) -> str:
    """Return the row of one table."""
    cells = [cell_of(table.differences[name]) for name in names]
    ours = with_interval(table.ours.value, table.ours.low, table.ours.high)
    return f"| {table.table} | {table.n_rows:,} | {ours} | {' | '.join(cells)} |"


def cell_of(difference: Estimate) -> str:
    """Return a difference, in bold if it is more than luck."""
    text = signed(difference.value, difference.low, difference.high)
    return f"**{text}**" if difference.excludes_zero else text


def sentence_of(name: str, found: list[Judged]) -> str:
    """Return a sentence that counts the tables on which a rival surely wins and loses."""
    sure = [table.differences[name] for table in found if table.differences[name].excludes_zero]
    better = sum(difference.value < 0 for difference in sure)
    worse, n = len(sure) - better, len(found)
    return f"Against {name}: surely better on {better} of {n} tables, surely worse on {worse}."
