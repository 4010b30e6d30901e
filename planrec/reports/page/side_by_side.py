"""Comparison of several runs by one metric."""

from collections.abc import Sequence

from planrec.metrics import METRICS, MetricValue
from planrec.metrics.registry import MONEY
from planrec.reports.page.charts import ComparedRow, comparison_table
from planrec.reports.page.guard_marks import guard_lines, guarded_cell
from planrec.reports.page.markup import TableCell, TableHead, fold, paragraph
from planrec.reports.page.metric_words import name_of, short_name_of, unit_and_direction
from planrec.reports.page.requested_runs import RequestedRun, RequestedRuns

MOST_DRAWN = 30
"Runs of the open chart; the rest is folded."
BESIDE = ("savings_captured", "harm_rate")
"Metrics in columns beside the one that ranks, if the best run has them."


def comparison(requested: RequestedRuns, n_linked: int = 0) -> str:
    """Return a chart of the best runs, and a folded one of the others that have the metric.

    Args:
        requested: the runs.
        n_linked: number of runs that have a section, the first ones.
    """
    metric = requested.metric
    found = [
        (position, run, run.value)
        for position, run in enumerate(requested.runs, start=1)
        if run.value is not None
    ]
    if len(found) < 2:
        return paragraph(f"Not compared: only one run has {metric}, the first metric of the first run.")
    beside = [name for name in BESIDE if name != metric and name in found[0][1].manifest.own_values]
    currencies = {run.manifest.currency for _, run, _ in found}
    labels = _labels(requested, has_currency=len(currencies) > 1)
    rows = [
        _row(labels[position - 1], position, run, value, beside, n_linked) for position, run, value in found
    ]
    warning = "These runs are judged on different folds: their figures cannot be compared."
    chosen = (
        "The best of many is chosen on the folds that judge it, so its figure is too optimistic; planrec"
        " leaderboard shows paired differences."
    )
    # Rows of several currencies name their own.
    currency = currencies.pop() if len(currencies) == 1 else None
    heads = [
        TableHead(short_name_of(name), unit_and_direction(name, currency), "beside value") for name in beside
    ]
    drawn, rest = rows[:MOST_DRAWN], rows[MOST_DRAWN:]
    caption, caption_of_rest = _captions(requested, len(drawn), len(rows))
    against = found[0][2]
    folded = comparison_table(rest, metric, currency, caption_of_rest, "run", heads, against) if rest else ""
    return "".join(
        [
            "" if requested.have_same_folds else paragraph(warning),
            comparison_table(drawn, metric, currency, caption, "run", heads, against),
            fold(f"{len(rest)} more runs", folded),
            guard_lines(
                [metric, *beside], [(labels[at - 1], run.manifest.own_values) for at, run, _ in found]
            ),
            paragraph(chosen) if requested.are_ranked else "",
        ]
    )


def _labels(requested: RequestedRuns, *, has_currency: bool) -> list[str]:
    """Return position and label of each run, with its currency if amounts are shown in several."""
    is_money = METRICS[requested.metric].unit == MONEY
    return [
        f"{position} {run.label}"
        + (f", {run.manifest.currency or 'unknown currency'}" if has_currency and is_money else "")
        for position, run in enumerate(requested.runs, start=1)
    ]


def _row(
    label: str, position: int, run: RequestedRun, value: MetricValue, beside: Sequence[str], n_linked: int
) -> ComparedRow:
    href = f"#run-{position}" if position <= n_linked else ""
    own = run.manifest.own_values
    return ComparedRow(
        TableCell(label, run.name, "own", href=href),
        value,
        tuple(guarded_cell(name, own.get(name), "beside") for name in beside),
    )


def _captions(requested: RequestedRuns, n_drawn: int, n_found: int) -> tuple[str, str]:
    name = name_of(requested.metric)
    if n_drawn == n_found:
        return f"{name}, of all runs that have it", ""
    which = "best" if requested.are_ranked else "first"
    return f"{name}, of the {which} {n_drawn} of {n_found} runs that have it", f"{name}, of the other runs"
