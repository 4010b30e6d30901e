"""Several runs beside each other."""

from planrec.metrics import METRICS
from planrec.reports.page import charts
from planrec.reports.page.markup import Cell, interval, number, paragraph, table
from planrec.reports.page.requested_runs import Asked
from planrec.reports.page.run_section import axis_of
from planrec.reports.page.svg import figure_html

MOST_DRAWN = 30
"Runs of the chart: more than a page of it says nothing that the table does not."


def comparison(asked: Asked) -> str:
    """The metric of every run that has it, as a chart of the best and a table of all."""
    metric = asked.metric
    found = [
        (f"{position} {run.label}", run, run.value)
        for position, run in enumerate(asked.runs, start=1)
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
            [Cell(number(value.value), interval(value.low, value.high)), Cell(run.name, css_class="words")],
        )
        for label, run, value in found
    ]
    # A figure on other decisions says nothing about which run is better.
    folds = {run.manifest.folds_fingerprint for _, run, _ in found}
    warning = "These runs are judged on different folds: their figures are no contest."
    chosen = (
        "The best of many is chosen on the folds that judge it, so its figure flatters; paired differences"
        " are in planrec leaderboard."
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
