"""A check as an HTML page, in the style of the other reports."""

from collections.abc import Iterator
from math import log10

from matplotlib.figure import Figure

from planrec.drift.evidence import THRESHOLD
from planrec.monitoring.drift_check.drift_report import DriftReport
from planrec.monitoring.drift_check.drift_terminal import (
    EFFECT,
    HEADS,
    effect_cells,
    evidence_text,
    file_lines,
    log_lines,
)
from planrec.monitoring.drift_check.month_file import FileReport
from planrec.reports.page.charts import MARKERS, WIDTH
from planrec.reports.page.html_page import html_document
from planrec.reports.page.markup import TableCell, bullets, table
from planrec.reports.page.svg import Chart, figure_html

MOST_STREAMS = 20
LEAST_DRAWN = 0.1
"Less evidence is drawn as this much."


def drift_page(report: DriftReport | FileReport) -> str:
    """Write one HTML page; equal reports give equal text."""
    parts = list(_parts_of_log(report) if isinstance(report, DriftReport) else [bullets(_lines(report))])
    cells = [effect_cells(column) for column in report.columns]
    rows = [(name, [TableCell(cell) for cell in others]) for name, *others in cells]
    if rows:
        parts += ["<h2>Effect sizes</h2>\n", table(EFFECT, HEADS, rows)]
    return html_document(f"PlanRec drift: {report.run_id}", parts)


def _lines(report: FileReport) -> list[str]:
    return [f"file {report.file}", *file_lines(report)]


def _parts_of_log(report: DriftReport) -> Iterator[str]:
    yield bullets(list(log_lines(report)))
    if any(day.evidence is not None for day in report.state.days):
        yield "<h2>Evidence</h2>\n"
        yield figure_html(_evidence_chart(report), "evidence")
        pairs = sorted(
            zip(report.streams.names, report.state.evidence, strict=True), key=lambda pair: -pair[1]
        )
        rows = [(name, [TableCell(evidence_text(value))]) for name, value in pairs[:MOST_STREAMS]]
        yield table("Evidence by stream, the most first", ["stream", "evidence"], rows)


def _evidence_chart(report: DriftReport) -> Chart:
    """Draw the evidence of all streams after each judged day, on a logarithmic axis."""
    days = [day for day in report.state.days if day.evidence is not None]
    values = [max(day.evidence or 0.0, LEAST_DRAWN) for day in days]
    figure = Figure(figsize=(WIDTH, WIDTH * 0.5), layout="constrained")
    axes = figure.subplots()
    MARKERS[0].draw(axes, range(len(days)), [log10(value) for value in values], size=3, line="-")
    axes.axhline(log10(THRESHOLD), color="#a84300", linestyle="--", linewidth=1)
    axes.set(xlabel=f"days from {days[0].day} to {days[-1].day}", ylabel="evidence, powers of ten")
    last = evidence_text(values[-1])
    description = f"{len(days)} days; the last is {last}; an alarm from {THRESHOLD:,.0f} on, the dashed line."
    return Chart(figure, "Evidence of drift by day", description)
