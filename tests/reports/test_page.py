"""The page about runs: it is read by people, in browsers that fetch and run nothing."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from planrec.cli import main
from planrec.config.compose import compose
from planrec.contracts import Explainable
from planrec.errors import RunError
from planrec.metrics import MetricValue, reliability, reliability_of_cheaper
from planrec.metrics.bill_forecast import ece_cheaper
from planrec.metrics.probability import ece
from planrec.reports.page import charts
from planrec.reports.page.html_page import report_page
from planrec.reports.page.requested_runs import asked_for, best_first
from planrec.reports.page.run_section import confusion, confusion_table
from planrec.reports.page.run_view import importances, reported
from planrec.reports.page.side_by_side import comparison
from planrec.reports.page.svg import figure_html
from planrec.runs.read import read_manifest, read_out_of_fold, read_record
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.conftest import SMALL, SMALL_BILLS
from tests.small_sweeps import sweep_into
from tests.trained_runs import train_into

HOSTILE = "</td></text><script>alert(1)</script> $x_{1}$ & \"quoted\" 'text' \x07 日本 Familia ilimitada"
VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}


@cache
def page_of(*folders, failed=()):
    """The page about these runs, none of which changes."""
    return report_page(replace(asked_for(folders), failed=failed))


class Page(HTMLParser):
    """Tags and attributes as a browser sees them; fails where they are not nested."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.ids, self.attributes, self.text = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(params=["history_run", "bill_run", "row_run"])
def folder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory):
    """Names that would break out of tags and formulas, in plans, columns, the file and a waiver."""
    folder = tmp_path_factory.mktemp("hostile")
    file = folder / "<b>customers & more.csv"
    column = "<i onclick='x'>spend</i> $y$"
    rows = [(row % 4 * 10 + row % 3, (HOSTILE, "b", f"{HOSTILE} 2")[row % 3]) for row in range(60)]
    pd.DataFrame(rows, columns=[column, "plan"]).to_csv(file, index=False)
    options = ("data=table", f"data.path='{file}'", "data.plan_column=plan", "model=forest", "threads=1")
    reason = "waivers.constant_label='<script>why</script>'"
    config = compose(*options, reason, "owner='<script>me'", "cv.n_folds=2", "n_bootstrap=20")
    run_folder = folder / "2030-01-31" / "12-00-00-abc123"
    begin_run(run_folder, config, f"planrec train '{file}'")
    save_run(run(config), run_folder, f"planrec train '{file}'")
    return run_folder


def test_a_page_is_well_formed_and_asks_for_nothing(folder):
    text = page_of(folder)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "://" not in text
    assert [found for found in page.attributes if found[1] in ("style", "src", "onclick")] == []
    assert all(value.startswith("#") for _, name, value in page.attributes if name.endswith("href"))
    assert len(page.ids) == len(set(page.ids))
    policy = next(value for _, name, value in page.attributes if name == "content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert page.tags.count("style") == 1


def test_every_chart_has_words_and_every_head_of_a_table_a_scope(folder):
    page = Page(page_of(folder))
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-labelledby")]
    assert len(labels) == page.tags.count("svg") > 0
    assert {part for label in labels for part in label.split()} <= set(page.ids)
    scopes = [value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == page.tags.count("th") > 0


def test_what_others_named_stays_text(hostile_run):
    text = page_of(hostile_run, failed=(("model=<script>", HOSTILE),))
    page = Page(text)
    assert "script" not in page.tags
    assert "i" not in page.tags
    assert "b" not in page.tags
    said = "".join(page.text)
    for shown in ('<script>alert(1)</script> $x_{1}$ & "quoted"', "<b>customers & more.csv", "<script>why"):
        assert shown in said
    assert "<i onclick='x'>spend</i> $y$" in said
    assert "\x07" not in text


def test_the_page_of_the_same_run_is_the_same_to_the_byte(folder, tmp_path, capsys):
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        assert main(["report", str(folder), "--output", str(page)]) == 0
        assert capsys.readouterr().out == f"wrote {page}\n"
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_reading_a_run_changes_nothing_in_its_folder(history_run, tmp_path):
    before = {file.name: file.read_bytes() for file in history_run.iterdir()}
    assert main(["report", str(history_run), "--output", str(tmp_path / "page.html")]) == 0
    assert {file.name: file.read_bytes() for file in history_run.iterdir()} == before


def test_the_bins_add_up_to_the_calibration_error(folder):
    judged = reported(folder).judged
    bins = reliability(judged)
    total = sum(one.n for one in bins)
    assert total == len(judged.y)
    error = sum(one.n * abs(one.confidence - one.hit_rate) for one in bins) / total
    assert error == pytest.approx(ece(judged, np.ones((judged.subscribers.count, 1)))[0])
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)


def test_the_bins_of_p_cheaper_add_up_to_its_error(tmp_path):
    folder = train_into(tmp_path / "run", *SMALL_BILLS, "model=forecast", "model.n_draws=32", small=())
    judged = reported(folder).judged
    bins = reliability_of_cheaper(judged)
    total = sum(one.n for one in bins)
    # Each decision has one pair for every plan of its menu but the one held.
    assert total == int((np.isfinite(judged.costs.monthly).sum(axis=1) - 1).sum())
    error = sum(one.n * abs(one.confidence - one.hit_rate) for one in bins) / total
    assert error == pytest.approx(ece_cheaper(judged, np.ones((judged.subscribers.count, 1)))[0])
    assert "Reliability of P(cheaper than the plan held)" in page_of(folder)


def test_the_rows_of_the_confusion_matrix_count_every_decision(folder):
    loaded = reported(folder)
    table = read_out_of_fold(read_record(folder), [loaded.model])
    expected = pd.crosstab(table["y"], table["recommended"].fillna("abstained"))
    counts = confusion(loaded)
    names = [*loaded.judged.plans, "abstained"]
    for row, plan in enumerate(loaded.judged.plans):
        assert counts[row].sum() == (table["y"] == plan).sum()
        for column, recommended in enumerate(names):
            found = (table["y"].eq(plan) & table["recommended"].fillna("abstained").eq(recommended)).sum()
            assert counts[row, column] == found
    assert counts.sum() == expected.to_numpy().sum() == len(table)


def test_abstaining_has_a_column_of_its_own_where_it_happens(history_run):
    loaded = reported(history_run)
    assert "abstained" not in confusion_table(loaded)
    silent = replace(loaded, judged=replace(loaded.judged, recommended=np.full(len(loaded.judged.y), -1)))
    assert confusion(silent)[:, -1].sum() == confusion(silent).sum() == len(loaded.judged.y)
    assert "abstained" in confusion_table(silent)


def test_importances_are_named_by_feature_and_sum_to_1(folder):
    loaded = reported(folder)
    names = loaded.saved.recommender.pipeline[:-1].get_feature_names_out()
    assert sorted(name for name, _ in loaded.importances) == sorted(names)
    shares = [share for _, share in loaded.importances]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0


INFORMATIVE = {
    "logistic": ("model=logistic",),
    "forest": ("model=forest",),
    "lgbm": ("model=lgbm",),
    "trees": ("model=estimator", "model.class_path=sklearn.tree.DecisionTreeClassifier"),
    "lines": ("model=estimator", "model.class_path=sklearn.discriminant_analysis.LinearDiscriminantAnalysis"),
}
SILENT = {
    "dummy": ("model=dummy",),
    "hist_boosting": ("model=hist_boosting",),
    "naive_bayes": ("model=estimator", "model.class_path=sklearn.naive_bayes.GaussianNB"),
}


@pytest.mark.parametrize("model", INFORMATIVE.values(), ids=INFORMATIVE)
def test_the_column_that_decides_counts_most(model):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    y = (X[:, 1] > 0).astype(np.int64)
    X[generator.random(400) < 0.2, 1] = np.nan
    option = compose("target=held", *model).model
    importance = option.build(0, None).fit(X, y).importance()
    assert importance.shape == (3,)
    assert importance.argmax() == 1
    assert option.traits.importance_meaning


@pytest.mark.parametrize("model", INFORMATIVE.values(), ids=INFORMATIVE)
def test_gaps_count_for_the_column_that_has_them(model):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    X[::7, 0] = np.nan
    X[generator.random(400) < 0.4, 2] = np.nan
    option = compose("target=held", *model).model
    importance = option.build(0, None).fit(X, np.isnan(X[:, 2]).astype(np.int64)).importance()
    assert importance.argmax() == 2


@pytest.mark.parametrize("model", INFORMATIVE.values(), ids=INFORMATIVE)
def test_a_model_fitted_on_one_class_has_no_importances(model):
    option = compose("target=held", *model).model
    estimator = option.build(0, None).fit(np.zeros((20, 2)), np.zeros(20, np.int64))
    assert estimator.importance() is None


@pytest.mark.parametrize("model", SILENT.values(), ids=SILENT)
def test_a_model_without_importances_of_its_own_invents_none(model):
    X = np.random.default_rng(0).normal(size=(100, 2))
    option = compose("target=held", *model).model
    estimator = option.build(0, None).fit(X, (X[:, 0] > 0).astype(np.int64))
    assert not isinstance(estimator, Explainable) or estimator.importance() is None


def test_a_page_of_a_rule_says_that_it_has_no_probabilities_and_no_importances(tmp_path):
    config = compose(*SMALL, "model=popular", "baselines=[]", "metrics=[accuracy]")
    begin_run(tmp_path / "a" / "b", config, "train")
    result = run(config)
    assert importances(result.recommender) is None
    save_run(result, tmp_path / "a" / "b", "train")
    said = "".join(Page(page_of(tmp_path / "a" / "b")).text)
    assert "names one plan and claims no probabilities" in said
    assert "has no importances of its own" in said


def test_a_broken_guard_and_a_selected_configuration_stand_on_top(bill_run, tmp_path):
    folder = shutil.copytree(bill_run, tmp_path / "run")
    manifest = json.loads((folder / "run.json").read_text("utf-8")) | {"selected": True}
    for value in manifest["metrics"]:
        if value["metric"] == "harm_rate":
            value["value"] = 0.5
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    text = page_of(folder)
    assert text.index('class="warning"') < text.index("<dl>")
    assert "harm_rate is 0.500 and must be at most 0.05" in text
    assert "the figures flatter" in text


def test_several_runs_are_compared_and_told_when_it_is_no_contest(history_run, row_run, bill_run, tmp_path):
    text = page_of(history_run, row_run)
    page = Page(text)
    assert {"run-1", "run-2", "comparison-title"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "their figures are no contest" in text
    assert "no contest" not in page_of(history_run, shutil.copytree(history_run, tmp_path / "copy"))
    assert "Not compared: only one run has regret" in page_of(bill_run, row_run)


def test_a_run_that_is_asked_for_twice_is_shown_once(history_run, tmp_path):
    (tmp_path / "link").symlink_to(history_run, target_is_directory=True)
    assert len(asked_for([history_run, tmp_path / "link"]).runs) == 1


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """12 cells on the same folds, and 12 that failed."""
    penalties = "model.inverse_penalty=" + ",".join(str(2.0**power) for power in range(-8, 4))
    return sweep_into(
        tmp_path_factory.mktemp("sweep"),
        "model=logistic",
        penalties,
        "cv.n_folds=2,1000",
        "metrics=[log_loss]",
    )


@pytest.fixture(scope="module")
def sweeps_page(sweep, tmp_path_factory):
    """The page about the sweep, as the command line writes it."""
    file = tmp_path_factory.mktemp("report") / "page.html"
    assert main(["report", str(sweep), "--output", str(file)]) == 0
    return Page(file.read_text("utf-8"))


def test_the_cells_of_a_sweep_are_ranked_and_the_best_ten_have_a_section_named_by_what_differs(
    sweep, sweeps_page
):
    asked = asked_for([sweep])
    values = [run.value.value for run in asked.runs]
    assert len(values) == 12
    assert values == sorted(values)
    assert "run-10" in sweeps_page.ids
    assert "run-11" not in sweeps_page.ids
    said = "".join(sweeps_page.text)
    assert "The best 10 of 12 runs have a section each." in said
    assert f"1 {asked.runs[0].label}" in said
    assert asked.runs[0].label.startswith("model.inverse_penalty=")
    assert "run cells/" not in said.split("Metrics")[0]
    assert f"{sweep.parent.name}/{sweep.name}/" in said


def test_failed_cells_of_a_sweep_are_a_table_of_the_report(sweeps_page):
    said = "".join(sweeps_page.text)
    assert said.count("DataError: cv.n_folds=1000 needs a plan with at least 1000 subscribers") == 12


def test_runs_and_sweeps_may_be_mixed_and_a_changed_cell_of_a_sweep_is_told(sweep, history_run, tmp_path):
    copy = tmp_path / sweep.parent.name / sweep.name
    shutil.copytree(sweep, copy, symlinks=False)
    (copy / "0" / "run.json").write_text("{")
    asked = asked_for([copy, history_run])
    assert len(asked.runs) == 12
    assert [what for what, why in asked.failed if "cannot be read" in why] == [
        f"{copy.parent.name}/{copy.name}/0"
    ]


def test_the_chart_of_a_large_sweep_has_the_best_thirty_and_the_table_all(sweep):
    asked = asked_for([sweep])
    (best, *_) = asked.runs
    many = [replace(best, label=f"cell{number:03}") for number in range(200)]
    text = comparison(replace(asked, runs=tuple(many)))
    assert "log_loss of the best 30 of 200 runs that have it" in text
    drawn = text[: text.index("<table")]
    assert "cell029" in drawn
    assert "cell030" not in drawn
    assert "cell199" in text
    assert len(text) < 500_000


def test_metrics_are_ranked_in_their_direction(sweep):
    runs = asked_for([sweep]).runs
    for metric, sign in (("log_loss", 1), ("accuracy", -1)):
        scores = [sign * run.value.value for run in best_first(runs, metric)]
        assert scores == sorted(scores)


def test_a_sweep_without_a_complete_run_is_an_error_that_says_where_to_look(sweep, tmp_path, capsys):
    shutil.copytree(sweep / "failed", tmp_path / "failed")
    shutil.copy(sweep / "sweep.json", tmp_path)
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 1
    assert f"planrec leaderboard {tmp_path} says what failed" in capsys.readouterr().err


def test_what_failed_stands_on_the_page_with_its_error(history_run):
    text = page_of(history_run, failed=(("model=knn", "k is < 1"),))
    assert "k is &lt; 1" in text


def test_a_chart_without_a_single_number_is_drawn():
    nothing = MetricValue("m", "regret", "a", np.nan, np.nan, np.nan, 1, 1)
    bare = MetricValue("m", "regret", "b", 1.0, np.nan, np.nan, 1, 1)
    drawn = [
        charts.comparison([("m", nothing)], "t", "x"),
        charts.by_group(["a", "b"], [charts.Series("m", (nothing, bare))], "t", ("g", "x")),
    ]
    for chart in drawn:
        page = figure_html(chart, "c")
        assert page.count("<svg") == 1
        Page(page)


def test_an_output_that_could_be_a_file_of_a_run_is_refused(history_run, capsys):
    assert main(["report", str(history_run), "--output", str(history_run / "run.json")]) == 2
    assert "must end in .html" in capsys.readouterr().err


def test_no_run_and_no_folder_to_write_into_are_errors_without_a_traceback(history_run, tmp_path, capsys):
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 1
    assert main(["report", str(history_run), "--output", str(tmp_path / "nowhere" / "page.html")]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in errors] == [True, True]


def test_an_out_of_fold_table_that_changed_is_refused(history_run, tmp_path):
    folder = shutil.copytree(history_run, tmp_path / "run")
    run = read_record(folder)
    own = read_out_of_fold(run, ["lgbm"])
    assert len(read_out_of_fold(run, ["lgbm", "popular"])) > len(own) > 0
    own.to_parquet(folder / "out_of_fold.parquet")
    with pytest.raises(RunError, match="not the file that this run saved"):
        read_out_of_fold(run, ["lgbm"])


@pytest.mark.e2e
def test_the_command_line_writes_one_page_beside_the_reader(history_run, bill_run, tmp_path):
    command = [sys.executable, "-m", "planrec", "report", str(history_run), str(bill_run)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "wrote report.html\n"
    assert done.stderr == ""
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    page = (tmp_path / "report.html").read_text("utf-8")
    for folder in (history_run, bill_run):
        assert re.search(f"<code>{read_manifest(folder).data_fingerprint[:16]}", page)
