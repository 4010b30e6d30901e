"""`import planrec as pr`: runs as objects that show themselves, and verbs as functions."""

import importlib
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from pandas.testing import assert_frame_equal

import planrec as pr
from planrec.cli import VERBS, main
from planrec.errors import ConfigError, DataError, RunError
from planrec.notebook import progress
from planrec.notebook.trained_run import TrainedRun

FUNCTIONS = (
    *("train", "evaluate", "leaderboard", "compare", "report", "explain", "card", "pin", "bundle", "score"),
    *("new-plans", "realised", "retrain", "simulate", "campaign", "replay", "track", "drift", "what-if"),
)
COMMANDS = (
    *("serve", "decisions", "audit", "settings", "outcomes", "watch", "rehearse", "plugins"),
    "completion",
)
SCREEN = 24 * 80
FEW = ("cv.n_folds=2", "n_bootstrap=50", "model=forecast", "policy=guarded")


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    return pr.simulate(80)


@pytest.fixture(scope="module")
def run(months, tmp_path_factory) -> TrainedRun:
    """A run that was trained on a DataFrame."""
    return pr.train(*FEW, data=months, catalogue="ladder", outputs=tmp_path_factory.mktemp("notebook"))


@pytest.fixture
def saved(bill_run, tmp_path) -> TrainedRun:
    """A copy of a saved run, alone in a folder of runs."""
    shutil.copytree(bill_run, tmp_path / "2030-01-31" / "12-00-00-abc123")
    return pr.load("latest", outputs=tmp_path)


@pytest.fixture(autouse=True)
def no_windows(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    yield
    pyplot.close("all")


def test_every_verb_is_a_function_or_listed_as_a_command_only():
    assert sorted((*FUNCTIONS, *COMMANDS)) == sorted(VERBS)
    for verb in FUNCTIONS:
        assert callable(getattr(pr, verb.replace("-", "_"))), verb
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "use-from-python.md").read_text("utf-8")
    assert all(f"`planrec {verb}`" in page for verb in COMMANDS)


def test_functions_keep_their_names_whatever_was_imported_before():
    for module in pkgutil.walk_packages(pr.__path__, "planrec."):
        if not module.name.endswith(("__main__", "ray_data", "ray_cluster", "planrec.train")):
            importlib.import_module(module.name)
    for name in pr.__all__:
        assert not isinstance(getattr(pr, name), type(pr)), f"planrec.{name} is a module"
    package = Path(pr.__file__).parent
    importing = [
        file
        for file in package.rglob("*.py")
        if "planrec.train import" in (text := file.read_text("utf-8")) or "import planrec.train\n" in text
    ]
    assert importing == []


def test_importing_planrec_loads_no_library_and_lists_every_name():
    code = (
        "import sys, planrec; names = dir(planrec); "
        "print(sorted({'pandas', 'numpy', 'matplotlib', 'hydra'} & set(sys.modules)), "
        "set(planrec.__all__) <= set(names))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[] True\n"


def test_a_run_trained_on_a_data_frame_is_saved_with_a_command_that_repeats_it(run, months):
    config = run.saved.config
    assert (config.data.kind, config.target.kind) == ("usage_months", "best_bill")
    kept = Path(config.data.path)
    assert kept.parent == run.outputs / "frames"
    assert_frame_equal(pd.read_parquet(kept), months, check_dtype=False)
    assert f"data.path={kept}" in run.manifest.command
    assert pr.load("latest", outputs=str(run.outputs)).folder == run.folder


def test_words_of_the_call_win_over_the_description_of_the_data(months, tmp_path):
    with pytest.raises(ConfigError, match="flags are for the command line"):
        pr.train("-m", "model=forecast", outputs=tmp_path)
    with pytest.raises(ConfigError, match=r"data\.plan_column"):
        pr.train("data=table", data=months, outputs=tmp_path)
    with pytest.raises(DataError, match="columns of one type each"):
        pr.train(
            data=pd.DataFrame({"subscriber": ["a", 1], "month": ["2018-01", "2018-02"]}), outputs=tmp_path
        )
    assert list(tmp_path.iterdir()) == [], "months are kept once the configuration is checked"


def test_a_failed_training_leaves_no_folder_of_a_run(tmp_path):
    with pytest.raises(DataError, match="no column is left to learn from"):
        pr.train(
            "data.plan_column=plan", data=pd.DataFrame({"plan": ["a", "b"] * 20}), outputs=tmp_path / "runs"
        )
    (day,) = [folder for folder in (tmp_path / "runs").iterdir() if folder.name != "frames"]
    assert list(day.iterdir()) == []


def test_a_run_is_found_after_a_change_of_folder(saved, monkeypatch, tmp_path):
    monkeypatch.chdir(saved.outputs)
    found = pr.load("latest", outputs=".")
    monkeypatch.chdir("/")
    assert found.saved.run_id == saved.run_id
    assert found.outputs == saved.outputs


def test_metrics_are_a_table_of_the_saved_figures(saved):
    table = saved.metrics()
    assert list(table.columns) == ["metric", "model", "value", "low", "high"]
    own = table[(table["metric"] == "regret") & (table["model"] == "lgbm")].iloc[0]
    stored = saved.manifest.own_values["regret"]
    assert (own["value"], own["low"], own["high"]) == (stored.value, stored.low, stored.high)
    assert set(saved.metrics_by_group()["metric"]) == {
        value.metric for value in saved.manifest.metrics if value.group is not None
    }


def test_nothing_shown_is_longer_than_a_screen(saved, history_run):
    held = pr.load(history_run)
    for shown in (saved, held, saved.saved, saved.saved.config, saved.saved.recommender):
        assert len(repr(shown)) <= SCREEN, type(shown)
    assert len(repr(saved.saved.recommender.catalogue)) <= SCREEN
    assert len(repr(pr.card(saved))) <= SCREEN
    for text in (repr(saved), saved._repr_html_()):
        assert saved.verdict.sentence() in text
        assert str(saved.folder) in text
    assert saved._repr_html_().count("<tr>") == 6
    assert repr(saved).count("warning:") == len(saved.verdict.warnings)
    for shown in (held.manifest, held.verdict, saved.pin("a reason of a few words")):
        assert len(repr(shown)) <= 500, type(shown)


def test_notes_of_a_run_are_shown_and_counted(saved):
    notes = tuple(f"note <{at}>" for at in range(7))
    noted = TrainedRun(saved.folder, saved.manifest.model_copy(update={"notes": notes}), saved.outputs)
    assert "  note: note <4>\n  note: and 2 more\n" in repr(noted)
    assert "<strong>Notes</strong></p><ul><li>note &lt;0&gt;</li>" in noted._repr_html_()


def test_html_of_a_run_escapes_texts(saved):
    hostile = saved.manifest.model_copy(update={"selected": True})
    shown = TrainedRun(Path("<script>"), hostile, saved.outputs)._repr_html_()
    assert "<script>" not in shown
    assert "too optimistic" in shown


def test_plots_are_axes_with_the_figures_of_the_run(saved):
    models = [label.get_text() for label in saved.plot.regret().get_yticklabels()]
    assert models[0] == "lgbm"
    assert set(models) == {value.model for value in saved.manifest.metrics}
    line = saved.plot.calibration().get_lines()[1]
    assert ((line.get_xdata() >= 0) & (line.get_xdata() <= 1)).all()
    axes = saved.plot.harm_by("plan_held")
    groups = [label.get_text() for label in axes.get_yticklabels()]
    assert set(groups) <= set(saved.manifest.plans)
    own = pyplot.subplots()[1]
    assert saved.plot.regret(ax=own) is own
    with pytest.raises(ConfigError, match=r"no column 'plan_hold' .*did you mean 'plan_held'"):
        saved.plot.harm_by("plan_hold")


def test_plots_do_not_depend_on_the_metrics_that_were_chosen(saved):
    metrics = [value for value in saved.manifest.metrics if value.metric not in ("ece", "harm_rate")]
    few = TrainedRun(saved.folder, saved.manifest.model_copy(update={"metrics": metrics}), saved.outputs)
    assert few.plot.calibration().get_title() == "calibration, out of fold"
    assert few.plot.harm_by("plan_held").get_title() == "harm by plan_held"


def test_plots_say_what_to_install_without_matplotlib(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ConfigError, match=r"pip install 'planrec\[notebook\]'"):
        saved.plot.regret()


def test_advice_in_a_data_frame_has_the_rows_of_planrec_score(run, months, tmp_path):
    advice = run.advise(months, language="es")
    months.to_parquet(tmp_path / "months.parquet", index=False)
    written = pr.score(tmp_path / "months.parquet", tmp_path / "out.csv", run=run, language="es")
    words = [tmp_path / "months.parquet", tmp_path / "cli.csv", "--run", run.folder, "--language", "es"]
    assert main(["score", *map(str, words)]) == 0
    assert (tmp_path / "cli.csv").read_bytes() == written.read_bytes()
    scored = pd.read_csv(
        written, parse_dates=["as_of"], dtype={"subscriber_ref": str, "catalogue_version": str}
    )
    assert list(advice.columns) == list(scored.columns)
    names = [name for name in advice.columns if name not in ("recommendation_id", "as_of")]
    assert_frame_equal(pd.DataFrame(advice)[names], scored[names], check_dtype=False, rtol=1e-9)
    assert (advice["as_of"].astype(str) == scored["as_of"].astype(str)).all()
    from_file = run.advise(tmp_path / "months.parquet", language="es")
    assert_frame_equal(pd.DataFrame(from_file)[names], pd.DataFrame(advice)[names])


def test_advice_never_replaces_the_months_nor_gets_an_unknown_ending(tmp_path):
    months = tmp_path / "months.csv"
    months.write_text("kept", "utf-8")
    with pytest.raises(ConfigError, match="another file than INPUT"):
        pr.score(months, months, outputs=tmp_path)
    with pytest.raises(ConfigError, match=r"must end in \.csv or \.parquet, got 'out\.xlsx'"):
        pr.score(months, tmp_path / "out.xlsx", outputs=tmp_path)
    assert months.read_text("utf-8") == "kept"


def test_why_explains_one_row_of_the_advice(run, months):
    advice = run.advise(months)
    row = advice.iloc[3]
    why = advice.why(row["subscriber_ref"])
    assert why.sentence == row["sentence"]
    held = why.bills.set_index("plan").loc[row["plan_held"]]
    assert held["bill"] == row["bill_held"]
    assert set(why.bills["plan"]) <= set(run.manifest.plans)
    assert np.allclose(why.bills["fee"] + why.bills["extras"], why.bills["bill"])
    assert why.sentence in repr(why)
    assert why.sentence in why._repr_html_().replace("&#x27;", "'")
    assert type(advice.head(2)) is pd.DataFrame
    with pytest.raises(DataError, match="no rows of 'nobody'"):
        advice.why("nobody")


def test_why_explains_the_months_that_were_advised_on(run, months, tmp_path):
    own = months.copy()
    advice = run.advise(own)
    own["subscriber"] = 10**6
    first = advice.iloc[0]
    assert advice.why(first["subscriber_ref"]).sentence == first["sentence"]
    file = tmp_path / "months.parquet"
    months.to_parquet(file, index=False)
    from_file = run.advise(file)
    own.to_parquet(file, index=False)
    with pytest.raises(DataError, match="was changed after the advice"):
        from_file.why(first["subscriber_ref"])


def test_runs_are_ranked_and_compared_as_tables(saved):
    board = pr.leaderboard(saved.outputs)
    assert len(board) == len({value.model for value in saved.manifest.metrics})
    same = pr.compare(saved, str(saved.folder))
    assert same.verdict.startswith("A and B are the same in regret")
    assert (same.metrics()["difference"].dropna() == 0).all()
    assert same.verdict in repr(same)
    assert same.config().empty
    assert pr.compare("latest", "latest", outputs=saved.outputs).verdict == same.verdict
    (saved.outputs / "2030-01-31" / "broken").mkdir()
    (saved.outputs / "2030-01-31" / "broken" / "run.json").write_text("{", "utf-8")
    with pytest.warns(UserWarning, match="not in the table: .*broken"):
        assert len(pr.leaderboard(saved.outputs)) == len(board)


def test_progress_in_a_notebook_ends_with_done_or_failed(monkeypatch):
    shown = []
    cell = type("Cell", (), {"update": lambda self, bar: shown.append(repr(bar))})()
    monkeypatch.setattr(progress, "_cell", lambda title: cell)
    with progress.shown_progress("train") as report:
        report("folds", 0, 0)
    with pytest.raises(KeyError), progress.shown_progress("train"):
        raise KeyError
    assert [text.partition(",")[0] for text in shown] == ["folds", "done", "failed"]


def test_a_pinned_run_advises_and_the_pin_is_recorded(saved, monkeypatch):
    made = saved.pin("spring prices")
    assert (made.run, made.reason) == ("2030-01-31/12-00-00-abc123", "spring prices")
    assert "spring prices" in (saved.outputs / "operations.jsonl").read_text("utf-8")
    assert (saved.folder / "model_card.md").is_file()
    assert str(pr.card(saved)) == (saved.folder / "model_card.md").read_text("utf-8")


def test_the_outputs_of_a_call_win_over_those_of_the_run(saved):
    other = saved.folder.parent
    pr.pin(saved, "spring prices", outputs=other)
    assert {"operations.jsonl", "pinned.json"} <= {file.name for file in other.iterdir()}
    assert not (saved.outputs / "pinned.json").exists()


def test_reports_and_runs_take_paths_as_text(saved, tmp_path):
    file = pr.report(str(saved.folder), file=str(tmp_path / "page" / "report.html"))
    assert "<main" in file.read_text("utf-8")
    assert pr.load_run(str(saved.folder)).run_id == saved.run_id
    with pytest.raises(RunError, match="no run 'nowhere'"):
        pr.load("nowhere", outputs=str(saved.outputs))
