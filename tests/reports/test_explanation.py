"""Feature importance on held-out rows."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from planrec.cli import main
from planrec.config.compose import compose
from planrec.config.conf_folder import options
from planrec.errors import RunError
from planrec.metrics import Estimate
from planrec.reports.explanation.feature_importance import Explanation, explain
from planrec.reports.explanation.refit import refit
from planrec.runs.read import load_run
from tests.conftest import REPOSITORY, SMALL_BILLS
from tests.trained_runs import edit_run, model_option, train_into

NOTHING = Estimate(0.0, 0.0, 0.0)
SMALL = ("data=table", "data.plan_column=plan", "cv.n_folds=2", "n_bootstrap=30", "baselines=[]", "threads=1")
PAGE = (REPOSITORY / "docs" / "how-to" / "explain-a-model.md").read_text("utf-8")
LEARN_MORE = ("ensemble", "ensemble_held", "lgbm_bills")
"Models that blend others, or learn from later bills, which this table lacks."
READS = {name: model_option(name).traits.reads for name in options("model")}
READ_FEATURES = [name for name, reads in READS.items() if reads == "features" and name not in LEARN_MORE]
QUICK = {"forest": ["model.n_estimators=20"]}
READ_MONTHS = [name for name, reads in READS.items() if reads == "history"]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Write rows: `tells` decides the plan, `noise` does not, `rare` has too few values to learn from."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"noise": rng.normal(size=240), "rare": 0.0, "tells": rng.normal(size=240)})
    frame.loc[[3, 50, 120, 200], "rare"] = 1.0
    frame["kind"] = np.where(frame["noise"] > 0, "one", "other")
    frame["plan"] = np.where(frame["tells"] + 0.5 * rng.normal(size=240) > 0, "big", "small")
    file = tmp_path_factory.mktemp("data") / "rows.csv"
    frame.to_csv(file, index=False)
    return file


def trained(folder: Path, table: Path, *overrides: str) -> Path:
    return train_into(folder, f"data.path={table}", *overrides, small=SMALL)


@pytest.fixture(scope="module")
def lgbm_run(tmp_path_factory, table) -> Path:
    return trained(tmp_path_factory.mktemp("run"), table, "model=lgbm")


@pytest.fixture(scope="module")
def of_lgbm(lgbm_run) -> Explanation:
    return explain(lgbm_run, repeats=2)


@pytest.fixture(scope="module")
def of_bills(tmp_path_factory) -> Explanation:
    small = (*SMALL_BILLS, "data.n_subscribers=150", "features=usage", "baselines=[]")
    folder = tmp_path_factory.mktemp("bills")
    return explain(train_into(folder, "model=lgbm", "model.min_child_samples=10", small=small), repeats=1)


def by_name(explanation: Explanation):
    return {feature.name: feature for feature in explanation.features}


def test_decisive_column_comes_first_and_excludes_0(of_lgbm):
    first = of_lgbm.features[0]
    assert first.name == "tells"
    assert first.worse["log_loss"].low > 0
    assert first.contribution.low > by_name(of_lgbm)["noise"].contribution.high


def test_unused_column_has_exactly_no_importance(of_lgbm):
    rare = by_name(of_lgbm)["rare"]
    assert rare.contribution == NOTHING
    assert rare.worse == {"log_loss": NOTHING}


def test_values_are_those_of_the_run(of_lgbm, of_bills):
    for explanation in (of_lgbm, of_bills):
        own = [v for v in explanation.saved.manifest.metrics if v.model == "lgbm" and v.group is None]
        reported = {v.metric: (v.value, v.low, v.high) for v in own}
        for metric, value in explanation.values.items():
            assert (value.value, value.low, value.high) == pytest.approx(reported[metric])


def test_worse_is_the_increase_of_log_loss_on_shuffled_rows(lgbm_run):
    found = by_name(explain(lgbm_run, repeats=1))["tells"].worse["log_loss"].value
    saved = load_run(lgbm_run)
    table, fitted = refit(saved, lambda step, done, total: None)
    losses = np.zeros(2)
    for part in fitted:
        shuffled = part.matrix.copy()
        order = np.random.default_rng([saved.config.seed, part.number, 0]).permutation(len(shuffled))
        shuffled[:, part.names.index("tells")] = part.matrix[order, part.names.index("tells")]
        for number, matrix in enumerate((part.matrix, shuffled)):
            probability = part.recommender.pipeline[-1].predict_proba(matrix)
            losses[number] += log_loss(part.test.y, probability, normalize=False)
    assert found == pytest.approx((losses[1] - losses[0]) / len(table))


def test_advice_on_bills_is_also_judged_by_regret(of_bills):
    assert of_bills.metrics == ("log_loss", "regret")
    assert "data_mib_mean" in by_name(of_bills)
    assert any(feature.worse["regret"] != NOTHING for feature in of_bills.features)
    for feature in of_bills.features:
        assert (feature.contribution == NOTHING) <= (feature.worse["log_loss"] == NOTHING)


def test_calibration_does_not_change_contributions(of_lgbm, tmp_path, table):
    calibrated = explain(trained(tmp_path, table, "model=lgbm", "calibration=temperature"), repeats=2)
    assert calibrated.values != of_lgbm.values
    for name, feature in by_name(calibrated).items():
        assert feature.contribution == by_name(of_lgbm)[name].contribution


@pytest.mark.parametrize("model", READ_FEATURES)
def test_every_model_that_reads_features_is_explained(tmp_path, table, model):
    explanation = explain(trained(tmp_path, table, f"model={model}", *QUICK.get(model, ())), repeats=1)
    assert {"noise", "rare", "tells"} <= set(by_name(explanation))
    assert all(np.isfinite(feature.worse["log_loss"].value) for feature in explanation.features)
    if explanation.features[0].worse["log_loss"] != NOTHING:  # it reads features at all
        assert explanation.features[0].name == "tells"


@pytest.mark.parametrize("model", READ_MONTHS)
def test_model_that_reads_months_is_refused_with_alternatives(history_run, tmp_path, model):
    folder = shutil.copytree(history_run, tmp_path / "run")
    # The configuration is refused before anything is fitted.
    edit_run(folder, lambda run: run["config"].update(model=compose(f"model={model}").model.model_dump()))
    with pytest.raises(RunError, match=r"reads a subscriber's months.*`reasons`.*model=lgbm"):
        explain(folder, repeats=1)


def test_other_data_is_refused(tmp_path, table):
    file = shutil.copy(table, tmp_path / "rows.csv")
    folder = trained(tmp_path / "run", file, "model=dummy")
    pd.read_csv(file).assign(noise=0.5).to_csv(file, index=False)
    with pytest.raises(RunError, match="was trained on other data than its configuration gives now"):
        explain(folder, repeats=1)


def test_other_folds_are_refused(lgbm_run, tmp_path):
    folder = edit_run(shutil.copytree(lgbm_run, tmp_path / "run"), lambda run: run["config"].update(seed=1))
    with pytest.raises(RunError, match="was trained on other folds than its configuration gives now"):
        explain(folder, repeats=1)


def test_other_model_is_refused_with_the_changed_versions(lgbm_run, tmp_path):
    folder = shutil.copytree(lgbm_run, tmp_path / "run")
    edit_run(
        folder, lambda run: (run["config"]["model"].update(num_leaves=2), run["versions"].update(numpy="1"))
    )
    with pytest.raises(
        RunError, match=r"(?s)gives other probabilities than the run saved.*numpy was 1 and is"
    ):
        explain(folder, repeats=1)


def test_commands_of_the_how_to_page_explain_a_run(table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    training, *explaining = [shlex.split(line)[1:] for line in block.splitlines()]
    small = ("target=held", "data.n_subscribers=60", "data.n_months=3", "cv.n_folds=2", "n_bootstrap=20")
    assert main([*training, *small]) == 0
    for arguments in explaining:
        capsys.readouterr()
        assert main(arguments) == 0
        out = capsys.readouterr().out
        for expected in ("log_loss worse by", "contribution", "~ the interval includes 0"):
            assert expected in out
    written = pd.read_csv("features.csv")
    assert written["feature"].is_unique
    assert not written.isna().any(axis=None)
    assert (written["log_loss_worse_by"].diff().dropna() <= 0).all()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--repeats", "0"], "must be a whole number, at least 1, got '0'"),
        (["--csv", "run.json"], "must end in .csv"),
    ],
)
def test_wrong_options_are_reported(arguments, expected, capsys):
    assert main(["explain", "latest", *arguments]) == 2
    assert expected in capsys.readouterr().err


def test_folder_without_a_run_is_reported(tmp_path, capsys):
    assert main(["explain", str(tmp_path)]) == 1
    assert "holds no run.json" in capsys.readouterr().err
