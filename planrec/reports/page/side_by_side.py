"""Comparison of several runs by one metric."""

from collections.abc import Sequence

from planrec.metrics import METRICS, MetricValue
from planrec.reports.page.charts import ComparedRow, comparison_table, value_cell
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
    rows = [_row(position, run, value, beside, n_linked) for position, run, value in found]
    # Figures on different decisions cannot be compared.
    folds = {run.manifest.folds_fingerprint for _, run, _ in found}
    warning = "These runs are judged on different folds: their figures cannot be compared."
    chosen = (
        "The best of many is chosen on the folds that judge it, so its figure is too optimistic; planrec"
        " leaderboard shows paired differences."
    )
    currency = requested.runs[0].manifest.currency
    heads = [
        TableHead(short_name_of(name), unit_and_direction(name, currency), "beside value") for name in beside
    ]
    drawn, rest = rows[:MOST_DRAWN], rows[MOST_DRAWN:]
    caption, caption_of_rest = _captions(requested, len(drawn), len(rows))
    against = found[0][2]
    folded = comparison_table(rest, metric, currency, caption_of_rest, "run", heads, against) if rest else ""
    return "".join(
        [
            paragraph(warning) if len(folds) > 1 else "",
            comparison_table(drawn, metric, currency, caption, "run", heads, against),
            fold(f"{len(rest)} more runs", folded),
            paragraph(chosen) if METRICS[metric].higher_is_better is not None else "",
        ]
    )


def _row(
    position: int, run: RequestedRun, value: MetricValue, beside: Sequence[str], n_linked: int
) -> ComparedRow:
    href = f"#run-{position}" if position <= n_linked else ""
    own = run.manifest.own_values
    return ComparedRow(
        TableCell(f"{position} {run.label}", run.name, "own", href=href),
        value,
        tuple(value_cell(name, own.get(name), "beside") for name in beside),
    )


def _captions(requested: RequestedRuns, n_drawn: int, n_found: int) -> tuple[str, str]:
    name = name_of(requested.metric)
    if n_drawn == n_found:
        return f"{name}, of all runs that have it", ""
    which = "best" if METRICS[requested.metric].higher_is_better is not None else "first"
    return f"{name}, of the {which} {n_drawn} of {n_found} runs that have it", f"{name}, of the other runs"
