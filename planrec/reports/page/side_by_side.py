"""Comparison of several runs by one metric."""

from planrec.metrics import METRICS
from planrec.reports.page import charts
from planrec.reports.page.markup import TableCell, interval, number, paragraph, table
from planrec.reports.page.requested_runs import RequestedRuns
from planrec.reports.page.run_section import axis_of
from planrec.reports.page.svg import figure_html

MOST_DRAWN = 30
"Runs of the chart; the table lists all runs."


def comparison(requested: RequestedRuns) -> str:
    """Return a chart of the best runs, and a table of all runs that have the metric."""
    metric = requested.metric
    found = [
        (f"{position} {run.label}", run, run.value)
        for position, run in enumerate(requested.runs, start=1)
        if run.value is not None
    ]
    if len(found) < 2:
        return paragraph(f"Not compared: only one run has {metric}, the first metric of the first run.")
    drawn = found[:MOST_DRAWN]
    is_ranked = METRICS[metric].higher_is_better is not None
    some = f"the {'best' if is_ranked else 'first'} {len(drawn)} of {len(found)} runs that have it"
    which = "all runs that have it" if len(drawn) == len(found) else some
    chart = charts.comparison(
        [(label, value) for label, _, value in drawn],
        f"{metric} of {which}, with 95 % intervals",
        axis_of(metric),
    )
    rows = [
        (
            label,
            [
                TableCell(number(value.value), interval(value.low, value.high)),
                TableCell(run.name, css_class="words"),
            ],
        )
        for label, run, value in found
    ]
    # Figures on different decisions cannot be compared.
    folds = {run.manifest.folds_fingerprint for _, run, _ in found}
    warning = "These runs are judged on different folds: their figures cannot be compared."
    chosen = (
        "The best of many is chosen on the folds that judge it, so its figure is too optimistic; planrec"
        " leaderboard shows paired differences."
    )
    return "".join(
        [
            paragraph(warning) if len(folds) > 1 else "",
            paragraph(chosen) if is_ranked else "",
            figure_html(chart, "comparison"),
            table(
                "The same in figures, the best first" if is_ranked else "The same in figures",
                ["run", metric, "where"],
                rows,
            ),
        ]
    )
