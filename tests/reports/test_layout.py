"""Layout of the pages: titles, headings, folded tables, names in words, size."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import nan

import pytest

from planrec.metrics import METRICS, Estimate, MetricValue
from planrec.metrics.registry import MONEY
from planrec.reports.leaderboard import leaderboard
from planrec.reports.leaderboard.board_html import as_html
from planrec.reports.page.guard_marks import guard_lines
from planrec.reports.page.lead import tiles
from planrec.reports.page.markup import Card, cards
from planrec.reports.page.metric_words import NAMES, axis_of
from planrec.reports.page.report_page import MOST_SECTIONS, report_page
from planrec.reports.page.requested_runs import RequestedRuns, read_requested_runs
from planrec.reports.page.scale import Scale, scale_of, tick_text
from planrec.runs.read import read_manifest
from planrec.training.verdict import RunVerdict, verdict_of
from tests.html_document import HtmlDocument

MOST_BYTES = 1_000_000
N_RUNS = 100


@cache
def page_of(*folders):
    return report_page(read_requested_runs(folders))


def many_runs(folder, number) -> RequestedRuns:
    """Return a run as if a sweep had made it many times, with worse and worse figures."""
    requested = read_requested_runs([folder])
    (run,) = requested.runs
    runs = [
        replace(
            run,
            name=f"cells/{at:016x}",
            label=f"model.num_leaves={at} model.learning_rate=0.05 policy=guarded",
            value=replace(run.value, value=run.value.value + at / 50),
        )
        for at in range(number)
    ]
    return replace(requested, runs=tuple(runs))


@pytest.fixture(scope="module")
def page_of_many(bill_run):
    return report_page(many_runs(bill_run, N_RUNS))


@pytest.fixture(scope="module")
def board_page(bill_run):
    return as_html(leaderboard([bill_run]))


def headings(text):
    return [int(level) for level in re.findall(r"<h([1-6])\b", text)]


def test_headings_begin_with_one_title_and_skip_no_level(bill_run, row_run, page_of_many, board_page):
    for text in (page_of(bill_run), page_of(bill_run, row_run), page_of_many, board_page):
        levels = headings(text)
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_pages_have_one_of_each_landmark(bill_run, page_of_many, board_page):
    for text in (page_of(bill_run), page_of_many, board_page):
        tags = HtmlDocument(text).tags
        assert [tags.count(tag) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]


def test_a_run_is_titled_by_model_data_and_date_and_begins_with_its_verdict(bill_run):
    text = page_of(bill_run)
    manifest = read_manifest(bill_run)
    title = re.search(r"<h1>(.*?)</h1>", text)[1]
    assert re.fullmatch(rf"{manifest.model_kind} on simulator, \d{{1,2}} [A-Z][a-z]+ \d{{4}}", title)
    assert manifest.run_id not in text[: text.index("</h1>")]
    shown = HtmlDocument(text).text
    sentence = verdict_of(manifest).sentence()
    assert shown.index(title) < shown.index(sentence) < shown.index("Against the baselines")


def test_the_five_main_figures_have_intervals_and_units(bill_run):
    tiles = re.search(r'<dl class="tiles">.*?</dl>', page_of(bill_run), re.DOTALL)[0]
    figures = re.findall(r"<strong>([^<]+)</strong> ([^<]+)</dd><dd>95 %: ([^<]+)<", tiles)
    assert len(figures) == len(verdict_of(read_manifest(bill_run)).headline) == 5
    assert figures[0][1] == "USD a month"


@pytest.mark.parametrize(
    ("value", "high", "text"),
    [
        (0.081, 0.09, ">8.1</strong> %</dd><dd>95 %: 3.0 to 9.0</dd><dd>above the limit of 5.0 %"),
        (0.0504, 0.06, ">5.04</strong> %</dd><dd>95 %: 3.0 to 6.0</dd><dd>above the limit of 5.0 %"),
        (0.04, 0.0504, ">4.0</strong> %</dd><dd>95 %: 3.0 to 5.04</dd><dd>not surely within the limit of"),
        (0.04, nan, ">4.0</strong> %</dd><dd>not surely within the limit of 5.0 %"),
        (0.04, 0.05, ">4.0</strong> %</dd><dd>95 %: 3.0 to 5.0</dd><dd>within the limit of 5.0 %"),
    ],
)
def test_a_figure_is_within_its_limit_only_if_its_interval_is(value, high, text):
    harm = MetricValue("lgbm", "harm_rate", None, value, 0.03, high, 100, 100)
    assert text in tiles(RunVerdict("lgbm", (harm,), (), "USD", (), "best_bill"), [harm])


def test_rows_above_a_guard_are_named_below_the_table():
    bad, good = ({"harm_rate": Estimate(value, value, value)} for value in (0.08, 0.05))
    line = guard_lines(["regret", "harm_rate"], [("1 <a>", bad), ("2 b", good)])
    assert line == "<ul><li>! Harmed: above the limit of 5.0 %: 1 &lt;a&gt;</li></ul>\n"
    assert guard_lines(["harm_rate"], [("2 b", good)]) == ""
    assert " and 2 more<" in guard_lines(["harm_rate"], [(str(at), bad) for at in range(12)])


def changed_runs(folder, *changes) -> RequestedRuns:
    """Return a run once for each of some changes to its manifest."""
    requested = read_requested_runs([folder])
    (run,) = requested.runs
    return replace(
        requested,
        runs=tuple(
            replace(run, label=f"cell{at}", manifest=run.manifest.model_copy(update=change))
            for at, change in enumerate(changes)
        ),
    )


def test_a_page_of_several_runs_marks_harm_and_warns_of_the_best(bill_run):
    metrics = [
        replace(value, value=0.3) if value.metric == "harm_rate" else value
        for value in read_manifest(bill_run).metrics
    ]
    text = report_page(changed_runs(bill_run, {"metrics": metrics}, {}))
    ranking = text[: text.index("<h2>Runs")]
    assert '<td class="beside bad">30.0 !' in ranking
    assert "above the limit of 5.0 %: 1 cell0<" in ranking
    assert ranking.index('class="verdict') < ranking.index('class="warning"') < ranking.index("<h2>Ranking")


def test_runs_on_different_folds_have_no_best_one(bill_run):
    text = report_page(changed_runs(bill_run, {}, {"folds_fingerprint": "other"}))
    assert "The first of 2 runs:" in text
    assert "best of" not in text[: text.index("<h2>Runs")]
    assert "The best of 2 runs:" in report_page(changed_runs(bill_run, {}, {}))


def test_rows_in_several_currencies_name_their_own(bill_run):
    catalogue = read_manifest(bill_run).catalogue | {"currency": "EUR"}
    text = report_page(changed_runs(bill_run, {}, {"catalogue": catalogue}))
    ranking = text[text.index("<h2>Ranking") : text.index("<h2>Runs")]
    assert "1 cell0, USD" in ranking
    assert "2 cell1, EUR" in ranking
    assert "USD a month" not in ranking


def test_figures_that_a_chart_shows_are_folded(bill_run):
    text = page_of(bill_run).partition("</style>")[2]
    open_part = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert text.count("in figures") >= 2
    assert open_part.count("in figures") == 0
    assert open_part.count('<table class="with-plot') >= 3


def test_a_page_names_metrics_in_words_and_the_currency(bill_run, board_page):
    for text in (page_of(bill_run), board_page):
        names = [f">{name}<" for name in METRICS if "_" in name] + ["_<wbr>", "currency per month"]
        assert [name for name in names if name in text] == ["_<wbr>"] * ("_<wbr>" in text)
        assert "USD a month" in text


def test_every_metric_has_a_name_in_words():
    assert set(METRICS) <= set(NAMES)
    assert [name for name in NAMES.values() if "_" in name] == []
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(
        "EUR a month" in axis_of(name, "EUR") for name, found in METRICS.items() if found.unit == MONEY
    )


def test_a_sweep_of_100_runs_is_below_1_megabyte_with_its_ranking_first(page_of_many):
    assert len(page_of_many.encode()) < MOST_BYTES
    ranking = page_of_many[page_of_many.index("<h2>Ranking") : page_of_many.index("<h2>Runs")]
    best, _, others = ranking.partition("<details>")
    assert [best.count("<tr>"), others.count("<tr>")] == [1 + 30, 1 + 70], "with their heads"
    assert page_of_many.count('<details class="run">') == MOST_SECTIONS
    shown = HtmlDocument(page_of_many).text
    assert all(f"model.num_leaves={at} " in shown for at in range(N_RUNS))


def test_the_board_has_rank_name_and_ranking_metric_in_its_first_columns(board_page):
    head, *rows = re.findall(r"<tr>(.*?)</tr>", board_page[: board_page.index("<details")], re.DOTALL)
    names = [re.sub(r"<svg.*?</svg>|<[^>]+>", " ", cell).split() for cell in head.split("</th>")]
    assert names[:3] == [["run"], ["95", "%", "interval"], ["USD", "a", "month", "lower", "is", "better"]]
    assert [names[at][0] for at in (3, 4, 5)] == ["Minus", "Savings", "Harmed"]
    ranks = [re.search(r'<th scope="row"[^>]*>(\d+) ', row)[1] for row in rows]
    assert ranks == sorted(ranks, key=int)
    assert ranks[0] == "1"
    assert all(row.count("<td") == 5 for row in rows)


def test_a_card_escapes_its_title():
    assert "<b>" not in cards([[Card("<b>", "")]], 2)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (3.4, 7.5), (-2e-4, 1e-4), (0.0, 1e6), (79.9, 80.1)])
def test_ticks_are_few_round_and_inside(low, high):
    scale = Scale(low, high)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 6
    assert -1e-5 < scale.place(ticks[0]) < scale.place(ticks[-1]) < 1 + 1e-5
    assert [len(tick_text(tick).strip("-0.").replace(".", "")) <= 7 for tick in ticks] == [True] * len(ticks)


def test_all_values_are_inside_their_scale():
    scale = scale_of([float("inf"), float("nan"), -3.0, 8.0, 1.0])
    assert 0 < scale.place(-3.0) < scale.place(8.0) < 1
