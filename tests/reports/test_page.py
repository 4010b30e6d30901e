"""HTML page about runs, for browsers that load and run nothing."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from planrec.cli import main
from planrec.contracts import Explainable
from planrec.errors import RunError
from planrec.metrics import MetricValue, reliability, reliability_of_cheaper
from planrec.metrics.bill_forecast import ece_cheaper
from planrec.metrics.probability import ece
from planrec.reports.page import charts
from planrec.reports.page.markup import TableCell
from planrec.reports.page.report_page import report_page
from planrec.reports.page.requested_runs import best_first, read_requested_runs
from planrec.reports.page.run_section import confusion, confusion_table
from planrec.reports.page.run_view import importances, read_run_view
from planrec.reports.page.side_by_side import comparison
from planrec.runs.read import read_manifest, read_out_of_fold, read_record
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.conftest import SMALL, SMALL_BILLS
from tests.html_document import HtmlDocument
from tests.quick_configs import composed
from tests.small_sweeps import sweep_into
from tests.trained_runs import train_into

HOSTILE = "</td></text><script>alert(1)</script> $x_{1}$ & \"quoted\" 'text' 日本 Familia ilimitada"


@cache
def page_of(*folders, failed=()):
    """Return the page about these runs, which do not change."""
    return report_page(replace(read_requested_runs(folders), failed=failed))


@pytest.fixture(params=["history_run", "bill_run", "row_run"])
def folder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory):
    """Train on names that would break out of tags and formulas: plans, columns, the file, a waiver."""
    folder = tmp_path_factory.mktemp("hostile")
    file = folder / "<b>customers & more.csv"
    column = "<i onclick='x'>spend</i> $y$"
    rows = [(row % 4 * 10 + row % 3, (HOSTILE, "b", f"{HOSTILE} 2")[row % 3]) for row in range(60)]
    pd.DataFrame(rows, columns=[column, "plan"]).to_csv(file, index=False)
    options = ("data=table", f"data.path='{file}'", "data.plan_column=plan", "model=forest", "threads=1")
    reason = "waivers.constant_label='<script>why</script>'"
    config = composed(*options, reason, "owner='<script>me'", "cv.n_folds=2", "n_bootstrap=20")
    run_folder = folder / "2030-01-31" / "12-00-00-abc123"
    begin_run(run_folder, config, f"planrec train '{file}'")
    save_run(run(config), run_folder, f"planrec train '{file}'")
    return run_folder


def test_page_is_well_formed_and_loads_nothing(folder):
    text = page_of(folder)
    page = HtmlDocument(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "://" not in text
    assert [found for found in page.attributes if found[1] in ("style", "src", "onclick")] == []
    assert all(value.startswith("#") for _, name, value in page.attributes if name.endswith("href"))
    assert len(page.ids) == len(set(page.ids))
    policy = next(value for _, name, value in page.attributes if name == "content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert page.tags.count("style") == 1


def test_charts_have_descriptions_and_table_heads_a_scope(folder):
    text = page_of(folder)
    page = HtmlDocument(text)
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-labelledby")]
    assert {part for label in labels for part in label.split()} <= set(page.ids)
    # All others are symbols inside a chart, or plots beside the figures that they show.
    outer = re.sub(r'<svg class="s\d".*?</svg>', "", text)
    assert outer.count("<svg") == len(labels) + outer.count('aria-hidden="true"') > len(labels) > 0
    plots = re.findall(r'<td><svg class="plot.*?</svg></td><td[^>]*>([^<]+)', outer)
    assert len(plots) == outer.count('<td><svg class="plot') > 0
    assert [figure for figure in plots if not re.fullmatch(r"–|-?[\d,.]+%?", figure)] == []
    scopes = [value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == page.tags.count("th") > 0


def test_names_from_users_are_escaped(hostile_run):
    text = page_of(hostile_run, failed=(("model=<script>", f"\x07{HOSTILE}"),))
    page = HtmlDocument(text)
    assert "script" not in page.tags
    assert "i" not in page.tags
    assert "b" not in page.tags
    text_on_page = page.text
    for shown in ('<script>alert(1)</script> $x_{1}$ & "quoted"', "<b>customers & more.csv", "<script>why"):
        assert shown in text_on_page
    assert "<i onclick='x'>spend</i> $y$" in text_on_page
    assert "\x07" not in text


def test_equal_runs_give_pages_of_equal_bytes(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(folder), "--output", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert page.read_bytes() == page_of(folder).encode(), "made a second time"


def test_report_leaves_the_run_folder_unchanged(history_run, tmp_path):
    before = {file.name: file.read_bytes() for file in history_run.iterdir()}
    assert main(["report", str(history_run), "--output", str(tmp_path / "page.html")]) == 0
    assert {file.name: file.read_bytes() for file in history_run.iterdir()} == before


def test_reliability_bins_sum_to_the_ece(folder):
    judged = read_run_view(folder).judged
    bins = reliability(judged)
    total = sum(one.n for one in bins)
    assert total == len(judged.y)
    error = sum(one.n * abs(one.confidence - one.hit_rate) for one in bins) / total
    assert error == pytest.approx(ece(judged, np.ones((judged.subscribers.count, 1)))[0])
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)


def test_bins_of_p_cheaper_sum_to_ece_cheaper(tmp_path):
    folder = train_into(
        tmp_path / "run", *SMALL_BILLS, "model=forecast", "policy=best_bill", "model.n_draws=32", small=()
    )
    judged = read_run_view(folder).judged
    bins = reliability_of_cheaper(judged)
    total = sum(one.n for one in bins)
    # Each decision has one pair for every plan of its menu but the one held.
    assert total == int((np.isfinite(judged.costs.monthly).sum(axis=1) - 1).sum())
    error = sum(one.n * abs(one.confidence - one.hit_rate) for one in bins) / total
    assert error == pytest.approx(ece_cheaper(judged, np.ones((judged.subscribers.count, 1)))[0])
    assert "Reliability of P(cheaper than the plan held)" in page_of(folder)


def test_confusion_matrix_counts_every_decision(folder):
    loaded = read_run_view(folder)
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


def test_confusion_matrix_has_a_column_for_abstentions_if_there_are_any(history_run):
    loaded = read_run_view(history_run)
    assert "abstained" not in confusion_table(loaded)
    silent = replace(loaded, judged=replace(loaded.judged, recommended=np.full(len(loaded.judged.y), -1)))
    assert confusion(silent)[:, -1].sum() == confusion(silent).sum() == len(loaded.judged.y)
    assert "abstained" in confusion_table(silent)


def test_importances_have_feature_names_and_sum_to_1(folder):
    loaded = read_run_view(folder)
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
def test_decisive_column_is_most_important(model):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    y = (X[:, 1] > 0).astype(np.int64)
    X[generator.random(400) < 0.2, 1] = np.nan
    option = composed("target=held", *model).model
    importance = option.build(0, None).fit(X, y).importance()
    assert importance.shape == (3,)
    assert importance.argmax() == 1
    assert option.traits.importance_meaning


@pytest.mark.parametrize("model", INFORMATIVE.values(), ids=INFORMATIVE)
def test_missing_values_count_for_their_column(model):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    X[::7, 0] = np.nan
    X[generator.random(400) < 0.4, 2] = np.nan
    option = composed("target=held", *model).model
    importance = option.build(0, None).fit(X, np.isnan(X[:, 2]).astype(np.int64)).importance()
    assert importance.argmax() == 2


@pytest.mark.parametrize("model", INFORMATIVE.values(), ids=INFORMATIVE)
def test_model_fitted_on_one_class_has_no_importances(model):
    option = composed("target=held", *model).model
    estimator = option.build(0, None).fit(np.zeros((20, 2)), np.zeros(20, np.int64))
    assert estimator.importance() is None


@pytest.mark.parametrize("model", SILENT.values(), ids=SILENT)
def test_models_without_importances_return_none(model):
    X = np.random.default_rng(0).normal(size=(100, 2))
    option = composed("target=held", *model).model
    estimator = option.build(0, None).fit(X, (X[:, 0] > 0).astype(np.int64))
    assert not isinstance(estimator, Explainable) or estimator.importance() is None


def test_page_of_a_rule_has_no_probabilities_and_no_importances(tmp_path):
    config = composed(*SMALL, "model=popular", "baselines=[]", "metrics=[accuracy]")
    begin_run(tmp_path / "a" / "b", config, "train")
    result = run(config)
    assert importances(result.recommender) is None
    save_run(result, tmp_path / "a" / "b", "train")
    text_on_page = HtmlDocument(page_of(tmp_path / "a" / "b")).text
    assert "names one plan and claims no probabilities" in text_on_page
    assert "has no importances of its own" in text_on_page


def test_broken_guards_and_selected_configurations_are_warned_about_first(bill_run, tmp_path):
    folder = shutil.copytree(bill_run, tmp_path / "run")
    manifest = json.loads((folder / "run.json").read_text("utf-8")) | {"selected": True}
    for value in manifest["metrics"]:
        if value["metric"] == "harm_rate":
            value["value"] = 0.5
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    text = page_of(folder)
    assert text.index('class="verdict') < text.index('class="warning"') < text.index("<dl")
    assert "harm_rate is 0.500 and must be at most 0.05" in text
    assert "the figures are too optimistic" in text


def test_runs_on_different_folds_are_compared_with_a_warning(history_run, row_run, bill_run, tmp_path):
    text = page_of(history_run, row_run)
    page = HtmlDocument(text)
    assert {"run-1", "run-2"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "their figures cannot be compared" in text
    assert "cannot be compared" not in page_of(history_run, shutil.copytree(history_run, tmp_path / "copy"))
    assert "Not compared: only one run has regret" in page_of(bill_run, row_run)


def test_run_requested_twice_is_shown_once(history_run, tmp_path):
    (tmp_path / "link").symlink_to(history_run, target_is_directory=True)
    assert len(read_requested_runs([history_run, tmp_path / "link"]).runs) == 1


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Run 12 cells on the same folds, and 12 that fail."""
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
    """Return the page about the sweep that the command line writes."""
    file = tmp_path_factory.mktemp("report") / "page.html"
    assert main(["report", str(sweep), "--output", str(file)]) == 0
    return HtmlDocument(file.read_text("utf-8"))


def test_best_ten_cells_of_a_sweep_have_sections_named_by_their_options(sweep, sweeps_page):
    requested = read_requested_runs([sweep])
    values = [run.value.value for run in requested.runs]
    assert len(values) == 12
    assert values == sorted(values)
    assert "run-10" in sweeps_page.ids
    assert "run-11" not in sweeps_page.ids
    text_on_page = sweeps_page.text
    assert "The best 10 of 12 runs have a section each." in text_on_page
    assert f"1 {requested.runs[0].label}" in text_on_page
    links = [value for tag, name, value in sweeps_page.attributes if (tag, name) == ("a", "href")]
    assert links == [f"#run-{position}" for position in range(1, 11)]
    assert requested.runs[0].label.startswith("model.inverse_penalty=")
    assert "run cells/" not in text_on_page.split("Runs")[0]
    assert f"{sweep.parent.name}/{sweep.name}/" in text_on_page


def test_failed_cells_of_a_sweep_are_a_table_of_the_report(sweeps_page):
    text_on_page = sweeps_page.text
    assert text_on_page.count("DataError: cv.n_folds=1000 needs a plan with at least 1000 subscribers") == 12


def test_changed_cell_of_a_sweep_is_reported_beside_other_runs(sweep, history_run, tmp_path):
    copy = tmp_path / sweep.parent.name / sweep.name
    shutil.copytree(sweep, copy, symlinks=False)
    (copy / "0" / "run.json").write_text("{")
    requested = read_requested_runs([copy, history_run])
    assert len(requested.runs) == 12
    assert [name for name, error in requested.failed if "cannot be read" in error] == [
        f"{copy.parent.name}/{copy.name}/0"
    ]


def test_chart_of_a_large_sweep_shows_thirty_runs_and_the_table_all(sweep):
    requested = read_requested_runs([sweep])
    (best, *_) = requested.runs
    many = [replace(best, label=f"cell{number:03}") for number in range(200)]
    text = comparison(replace(requested, runs=tuple(many)))
    assert "Log loss, of the best 30 of 200 runs that have it" in text
    drawn = text[: text.index("<details")]
    assert "cell029" in drawn
    assert "cell030" not in drawn
    assert "cell199" in text
    assert len(text) < 500_000


def test_runs_are_ranked_in_the_better_direction(sweep):
    runs = read_requested_runs([sweep]).runs
    for metric, sign in (("log_loss", 1), ("accuracy", -1)):
        scores = [sign * run.value.value for run in best_first(runs, metric)]
        assert scores == sorted(scores)


def test_sweep_without_complete_runs_is_an_error_that_names_the_leaderboard(sweep, tmp_path, capsys):
    shutil.copytree(sweep / "failed", tmp_path / "failed")
    shutil.copy(sweep / "sweep.json", tmp_path)
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 1
    assert f"planrec leaderboard {tmp_path} lists the failures" in capsys.readouterr().err


def test_failures_are_on_the_page_with_their_errors(history_run):
    text = page_of(history_run, failed=(("model=knn", "k is < 1"),))
    assert "k is &lt; 1" in text


def test_chart_without_any_number_is_drawn():
    nothing = MetricValue("m", "regret", "a", np.nan, np.nan, np.nan, 1, 1)
    bare = MetricValue("m", "regret", "b", 1.0, np.nan, np.nan, 1, 1)
    row = charts.ComparedRow(TableCell("m"), nothing)
    drawn = [
        charts.comparison_table([row], "regret", "EUR", "caption", "model"),
        charts.by_group("plan", "regret", [charts.Series("m", (nothing, bare))], "EUR"),
    ]
    for chart in drawn:
        assert "nan" not in chart
        assert "–" in HtmlDocument(chart).text


def test_output_must_end_in_html(history_run, capsys):
    assert main(["report", str(history_run), "--output", str(history_run / "run.json")]) == 2
    assert "must end in .html" in capsys.readouterr().err


def test_missing_runs_and_missing_output_folders_are_errors(history_run, tmp_path, capsys):
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "page.html")]) == 1
    assert main(["report", str(history_run), "--output", str(tmp_path / "nowhere" / "page.html")]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in errors] == [True, True]


def test_changed_out_of_fold_table_is_refused(history_run, tmp_path):
    folder = shutil.copytree(history_run, tmp_path / "run")
    run = read_record(folder)
    own = read_out_of_fold(run, ["lgbm"])
    assert len(read_out_of_fold(run, ["lgbm", "popular"])) > len(own) > 0
    own.to_parquet(folder / "out_of_fold.parquet")
    with pytest.raises(RunError, match="not the file that this run saved"):
        read_out_of_fold(run, ["lgbm"])


@pytest.mark.e2e
def test_command_line_writes_one_page_into_the_current_folder(history_run, bill_run, tmp_path):
    command = [sys.executable, "-m", "planrec", "report", str(history_run), str(bill_run)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "wrote report.html\n"
    assert done.stderr == ""
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    page = (tmp_path / "report.html").read_text("utf-8")
    for folder in (history_run, bill_run):
        assert re.search(f"<code>{read_manifest(folder).data_fingerprint[:16]}", page)
