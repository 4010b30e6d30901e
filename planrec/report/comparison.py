"""Several runs beside each other."""

from collections.abc import Sequence

from planrec.metrics import MetricValue
from planrec.report import charts
from planrec.report.markup import Cell, interval, number, paragraph, table
from planrec.report.reported import ReportedRun
from planrec.report.section import axis_of
from planrec.report.svg import figure_html


def comparison(runs: Sequence[ReportedRun]) -> str:
    """The first metric of the first run, of every run that has it, as a chart and a table."""
    metric = runs[0].saved.metrics[0].metric
    found = [
        (f"{position} {run.model}", run, value)
        for position, run in enumerate(runs, start=1)
        for value in run.values(metric, run.model)
        if value.group is None
    ]
    if len(found) < 2:
        return paragraph(f"Not compared: only one run has {metric}, the first metric of the first run.")
    chart = charts.comparison(
        [(label, value) for label, _, value in found],
        f"{metric} of all runs that have it, with 95 % intervals",
        axis_of(metric),
    )
    rows = [(f"{label}, {run.saved.run_id}", _cells(run, value)) for label, run, value in found]
    # A figure on other decisions says nothing about which run is better.
    folds = {run.saved.manifest["folds_fingerprint"] for _, run, _ in found}
    warning = "These runs are judged on different folds: their figures are no contest."
    return "".join(
        [
            paragraph(warning) if len(folds) > 1 else "",
            figure_html(chart, "comparison"),
            table("The same in figures", ["run", metric, "command"], rows),
        ]
    )


def _cells(run: ReportedRun, value: MetricValue) -> list[Cell]:
    command = Cell(run.saved.manifest["command"], css_class="words")
    return [Cell(number(value.value), interval(value.low, value.high)), command]
