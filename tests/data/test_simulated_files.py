"""`planrec simulate`: the files of an operator, and the truth beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planrec.cli import main
from planrec.config.compose import compose
from planrec.data.hidden_truth import hidden_bills
from planrec.schema.columns import Usage
from tests.catalogue.catalogues import CONF, shipped
from tests.data.test_simulator import simulator

SMALL = ["--n-subscribers=120", "--n-months=10", "--seed=5"]
TRUTH = ("hidden_bills", "best_plan", "acceptance", "churn")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of one small simulation; read-only."""
    folder = tmp_path_factory.mktemp("simulated") / "made" / "up"
    assert main(["simulate", str(folder), *SMALL]) == 0
    return folder


def table(folder, name):
    return pd.read_parquet(folder / f"{name}.parquet")


def test_the_folder_holds_the_documented_files_and_nothing_else(written):
    files = {str(file.relative_to(written)) for file in written.rglob("*") if file.is_file()}
    assert files == {"history.parquet", "catalogue.yaml", *(f"truth/{name}.parquet" for name in TRUTH)}
    assert [path.name for path in written.parent.iterdir()] == ["up"]


def test_no_column_of_the_history_reveals_the_truth(written):
    assert list(table(written, "history").columns) == ["subscriber", "month", "plan", *Usage.ALL]


def test_a_run_reads_the_files_as_the_simulators_own_history_and_plans(written):
    config = compose(
        "data=usage_months",
        f"data.path={written / 'history.parquet'}",
        "data.usage_columns.voice_minutes_billed=voice_minutes_billed",
        "catalogue=file",
        f"catalogue.path={written / 'catalogue.yaml'}",
    )
    assert config.catalogue.open() == shipped("ladder")
    read = config.data.load(config.catalogue.open())
    made = simulator(n_subscribers=120, n_months=10, seed=5).load(shipped("ladder"))
    for name in ("subscriber", "month", "plan_held"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    for name in Usage.ALL:
        np.testing.assert_array_equal(read.usage[name], made.usage[name].round(2))
    assert (read.plans, read.attributes) == (made.plans, {})


def test_the_truth_is_in_the_order_of_the_history(written):
    history = table(written, "history")
    for name in ("hidden_bills", "best_plan", "churn"):
        truth = table(written, f"truth/{name}")
        assert truth[["subscriber", "month"]].equals(history[["subscriber", "month"]])
    acceptance = table(written, "truth/acceptance")
    assert acceptance["subscriber"].tolist() == list(range(1, 121))
    held = history.groupby("subscriber")["plan"].first()
    unknown = acceptance.set_index("subscriber").isna().to_numpy()
    assert (unknown == (np.array(shipped("ladder").plan_ids) == held.to_numpy()[:, None])).all()


def test_the_hidden_bills_in_the_file_are_those_that_a_run_is_judged_by(written):
    truth = table(written, "truth/hidden_bills").set_index(["month", "subscriber"])
    subscriber = np.arange(1, 121)
    expected = sum(truth.loc[month].loc[subscriber].to_numpy() for month in ("2018-08", "2018-09", "2018-10"))
    as_of = np.full(120, np.datetime64("2018-08-01"))
    options = simulator(n_subscribers=120, n_months=10, seed=5)
    found = hidden_bills(options.population, shipped("ladder"), subscriber, as_of, horizon=3)
    np.testing.assert_allclose(found, expected * 100, rtol=1e-12)
    best = table(written, "truth/best_plan")["best_plan"]
    bills = table(written, "truth/hidden_bills").filter(like="hidden@")
    assert (bills.idxmin(axis=1).str.removeprefix("hidden@") == best).mean() > 0.99


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(written, tmp_path):
    assert main(["simulate", str(tmp_path / "again"), *SMALL]) == 0
    assert main(["simulate", str(tmp_path / "other"), *SMALL[:-1], "--seed=6"]) == 0
    files = [file.relative_to(written) for file in written.rglob("*") if file.is_file()]
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (written / file).read_bytes()
    differing = {str(f) for f in files if (tmp_path / "other" / f).read_bytes() != (written / f).read_bytes()}
    assert differing == {str(file) for file in files} - {"catalogue.yaml"}


def test_a_folder_with_files_is_never_changed(written, capsys):
    before = (written / "history.parquet").read_bytes()
    assert main(["simulate", str(written), "--n-subscribers=3"]) == 1
    assert "must be a new or empty folder: nothing is overwritten" in capsys.readouterr().err
    assert (written / "history.parquet").read_bytes() == before


def test_a_simulation_that_fails_half_way_leaves_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Path, "write_text", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    assert main(["simulate", str(tmp_path / "half"), "--n-subscribers=3"]) == 1
    assert "disk full" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_operators_own_plans_are_simulated_on(tmp_path):
    plans = tmp_path / "plans.yaml"
    plans.write_bytes((CONF / "megaline_ru.yaml").read_bytes())
    assert main(["simulate", str(tmp_path / "out"), "--n-subscribers=30", f"--catalogue={plans}"]) == 0
    assert set(table(tmp_path / "out", "history")["plan"]) <= {"smart", "ultra"}
    assert list(table(tmp_path / "out", "truth/hidden_bills").columns[2:]) == ["hidden@smart", "hidden@ultra"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-subscribers=0"], "--n-subscribers: must be 1 or more, got 0"),
        (["--regime=rational"], "--regime: must be one of near_rational, default, strong_bias"),
        (["--catalogue=laddr"], "shipped catalogues: ladder, megaline_ru, megaline_us"),
    ],
)
def test_a_wrong_option_exits_with_2_and_lists_the_allowed_values(options, message, tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
