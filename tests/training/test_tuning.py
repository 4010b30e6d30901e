"""Tuning inside a run: no choice sees the reported rows."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from planrec.errors import ConfigError, DataError, RunError
from planrec.metrics import evaluate, value_of
from planrec.runs.read import load_run, replay_golden
from planrec.runs.write import begin_run, save_run
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.search import with_values
from planrec.training.experiment import load_decisions, models_of, predict_out_of_fold, run
from planrec.training.tuning import tune, tuner_of
from planrec.training.verdict import verdict_of
from tests.quick_configs import composed

QUICK = ("n_bootstrap=20", "threads=1")
HELD = ("target=held", "data.n_subscribers=60", "data.n_months=3", *QUICK)
BILLS = ("data.n_subscribers=80", *QUICK)
SEARCH = ("search=lgbm", "search.n_trials=6", "cv.outer.n_folds=2", "cv.inner.n_folds=2")
NESTED_HELD = (*HELD, "cv=nested_grouped", *SEARCH)
NESTED_BILLS = (*BILLS, "cv=nested", *SEARCH)
BOTH = pytest.mark.parametrize("overrides", [NESTED_HELD, NESTED_BILLS], ids=["held", "best_bill"])


@pytest.fixture(scope="module")
def result():
    return run(composed(*NESTED_HELD))


@pytest.fixture(scope="module")
def saved(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-abc123"
    begin_run(folder, result.config, "planrec train")
    save_run(result, folder, "planrec train")
    return folder


def predict_alone(config, model, table, folds):
    return predict_out_of_fold(config, {model.kind: [model] * len(folds)}, table, folds)


@BOTH
def test_equal_runs_choose_the_same_values(overrides):
    first, second = (run(composed(*overrides)) for _ in range(2))
    assert first.tuned == second.tuned
    assert [chosen.fold for chosen in first.tuned] == [*range(len(first.tuned) - 1), None]
    assert_frame_equal(first.out_of_fold, second.out_of_fold)
    # The final model has exactly the values that were chosen for it.
    kept, asked = (model.model_dump() for model in (first.recommender.model, first.config.model))
    assert kept == asked | first.tuned[-1].values
    assert kept != asked


@pytest.mark.parametrize(
    ("nested", "plain"),
    [
        ((*HELD, "cv=nested_grouped"), (*HELD, "cv=grouped")),
        ((*BILLS, "cv=nested"), (*BILLS, "model=lgbm", "cv=rolling")),
    ],
    ids=["held", "best_bill"],
)
def test_a_space_of_one_point_is_the_plain_run(nested, plain):
    others = [f"~search.space.{name}" for name in ("learning_rate", "num_leaves", "min_child_samples")]
    range_ = [f"~search.space.n_estimators.{name}" for name in ("low", "high", "log")]
    tuned = run(composed(*nested, *SEARCH, *others, *range_, "+search.space.n_estimators.choices=[40]"))
    alone = run(composed(*plain, "cv.n_folds=2", "model.n_estimators=40"))
    assert_frame_equal(tuned.out_of_fold, alone.out_of_fold)
    assert tuned.folds_fingerprint == alone.folds_fingerprint
    assert_frame_equal(pd.DataFrame(tuned.metrics), pd.DataFrame(alone.metrics))
    assert alone.tuned == ()


def poisoned(table: DecisionTable, rows: np.ndarray) -> DecisionTable:
    """Return the table with other labels, bills and inputs in these rows."""
    y = table.y.copy()
    y[rows] = (y[rows] + 1) % len(table.plans)
    changed = {"y": y}
    for name in ("future_bills", "switching_cost", "hidden_bills"):
        if (bills := getattr(table, name)) is not None:
            changed[name] = bills.copy()
            changed[name][rows] = bills[rows][:, ::-1] * 3
    X = {name: values.copy() for name, values in table.X.items()}
    for values in X.values():
        values[rows] = values[rows][::-1]
    return replace(table, **changed, X=X)


@BOTH
def test_tuning_of_a_fold_never_sees_its_test_rows(overrides):
    config = composed(*overrides)
    table = load_decisions(config).table
    folds = list(config.cv.split(table, config.seed))
    predict = partial(predict_alone, config)
    tuner = tuner_of(config, predict)
    assert tuner is not None
    clean = tune(tuner, table, folds)
    model = models_of(config, len(folds), clean)[config.model.kind]
    for number, fold in enumerate(folds):
        changed = poisoned(table, fold.test)
        again = tune(tuner, changed, [fold])
        assert (again[0].values, again[0].inner_value) == (clean[number].values, clean[number].inner_value)
        # The final fit sees all rows, so the changes do reach it.
        assert again[-1].inner_value != clean[-1].inner_value
        # The fit does not see them either: with changed labels and the same inputs, it predicts the same.
        relabelled = replace(changed, X=table.X)
        probability = [
            predict(model[number], rows, [fold]).filter(like=OutOfFold.PROBABILITY)
            for rows in (table, relabelled)
        ]
        assert_frame_equal(*probability)


def test_inner_folds_come_from_the_inner_splitter(result):
    config = composed(*NESTED_HELD, "cv.inner.n_folds=3", "search.n_trials=1")
    seen = []

    def predict(model, train, folds):
        assert len(folds) == 3
        seen.extend((train, fold) for fold in folds)
        return predict_alone(config, model, train, folds)

    tune(tuner_of(config, predict), result.table, list(config.cv.split(result.table, 0)))
    assert len(seen) > 0
    for train, fold in seen:
        assert not set(train.subscriber[fold.train]) & set(train.subscriber[fold.test])


@pytest.mark.parametrize(("metric", "best"), [("log_loss", min), ("accuracy", max)])
def test_the_best_by_the_first_metric_is_chosen(result, metric, best):
    config = composed(*NESTED_HELD, f"metrics=[{metric},brier]")
    judged = []

    def predict(model, train, folds):
        out_of_fold = predict_alone(config, model, train, folds)
        judged.append((value_of(out_of_fold, metric), model))
        return out_of_fold

    (only,) = tune(tuner_of(config, predict), result.table, [])
    assert len({value for value, _ in judged}) > 1
    assert only.inner_value == best(value for value, _ in judged)
    assert (only.inner_value, with_values(config.model, only.values)) in judged


def test_baselines_are_not_tuned(result):
    config = composed(*NESTED_HELD, "baselines=[popular,lgbm]")
    models = models_of(config, 2, result.tuned)
    assert models["lgbm (baseline)"] == [config.model] * 2
    assert config.model not in models["lgbm"]
    assert set(run(config).fit_seconds) == {"lgbm", "popular", "lgbm (baseline)"}


def test_a_run_reports_its_trials():
    told = []
    run(composed(*NESTED_HELD), lambda *step: told.append(step))
    tuning = [step for step in told if step[0].startswith("tuning for")]
    assert {step[0] for step in tuning} == {
        "tuning for fold 1 of 2",
        "tuning for fold 2 of 2",
        "tuning for the final fit",
    }
    assert tuning[-1][1:] == (18, 18)


def test_a_tuned_run_is_saved_with_its_values_and_loads(saved, result):
    loaded = load_run(saved)
    written = json.loads((saved / "run.json").read_text("utf-8"))["tuned"]
    assert [chosen["fold"] for chosen in written] == [0, 1, None]
    assert [chosen["values"] for chosen in written] == [chosen.values for chosen in result.tuned]
    assert loaded.recommender.model == result.recommender.model
    assert replay_golden(loaded) is None


def test_a_plain_run_has_no_tuned_values(history_run):
    assert json.loads((history_run / "run.json").read_text("utf-8"))["tuned"] == []


def test_values_outside_the_models_limits_are_rejected(saved, tmp_path):
    manifest = json.loads((saved / "run.json").read_text("utf-8"))
    manifest["tuned"][-1]["values"] = {"num_leaves": 1}
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(RunError, match="tuned values do not fit the model"):
        load_run(tmp_path)


def test_too_few_subscribers_for_inner_folds_name_the_field():
    with pytest.raises(DataError, match=r"type cv\.inner\.n_folds="):
        run(composed(*NESTED_HELD, "cv.inner.n_folds=50"))


def test_a_metric_without_value_is_no_objective():
    with pytest.raises(ConfigError, match="flip_rate has nothing to measure"):
        run(composed(*NESTED_HELD, "data.n_months=1", "metrics=[flip_rate,accuracy]"))


def test_a_single_value_equals_that_of_the_evaluation(result):
    own = result.out_of_fold[result.out_of_fold[OutOfFold.MODEL] == "lgbm"]
    for found in evaluate(own, ["log_loss", "accuracy", "auc"], seed=0, n_bootstrap=1):
        assert value_of(own, found.metric) == found.value


@pytest.mark.e2e
def test_a_nested_run_from_the_command_line(tmp_path: Path):
    typed = [*NESTED_HELD, "search.n_trials=2"]
    done = subprocess.run(
        [sys.executable, "-m", "planrec", "train", *typed, "--all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "tuned for the model that is kept: n_estimators " in done.stdout
    (file,) = (tmp_path / "outputs").glob("*/*/run.json")
    assert len(json.loads(file.read_text("utf-8"))["tuned"]) == 3
    assert replay_golden(load_run(file.parent)) is None


def test_a_result_and_its_saved_run_have_the_same_verdict(result, saved):
    assert verdict_of(result) == verdict_of(load_run(saved).manifest)
