"""A check as an HTML page, in the style of the other reports."""

from math import log10

from planrec.input_drift.evidence import THRESHOLD
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
from planrec.reports.page.html_page import html_document
from planrec.reports.page.markup import Card, TableCell, bullets, cards, fold, table, verdict_html
from planrec.reports.page.plots import Drawing, Panel, figure_html
from planrec.reports.page.scale import scale_of

MOST_STREAMS = 20
LEAST_DRAWN = 0.1
"Less evidence is drawn as this much."


def drift_page(report: DriftReport | FileReport) -> str:
    """Write one HTML page; equal reports give equal text."""
    is_log = isinstance(report, DriftReport)
    *lines, _ = log_lines(report) if isinstance(report, DriftReport) else _lines(report)
    columns = [[Card("Result", bullets(lines))]]
    if isinstance(report, DriftReport) and any(day.evidence is not None for day in report.state.days):
        columns.append([Card("Evidence", _evidence(report))])
    parts = [_verdict(report), cards(columns, 2)]
    rows = [
        (name, [TableCell(cell) for cell in others])
        for name, *others in (effect_cells(column) for column in report.columns)
    ]
    if rows:
        parts.append(cards([[Card("Effect sizes", table(EFFECT, HEADS, rows))]], 2))
    return html_document(
        f"{'Answers' if is_log else 'A file of months'} against run {report.run_id}", parts, "drift check"
    )


def _verdict(report: DriftReport | FileReport) -> str:
    if report.alarms:
        return verdict_html("bad", "Drift", f"Drifted: {', '.join(report.alarms)}")
    return verdict_html("good", "No drift", "Nothing has drifted.")


def _lines(report: FileReport) -> list[str]:
    return [f"file {report.file}", *file_lines(report)]


def _evidence(report: DriftReport) -> str:
    """Return the evidence by day, and the largest streams folded behind it."""
    pairs = sorted(zip(report.streams.names, report.state.evidence, strict=True), key=lambda pair: -pair[1])
    rows = [(name, [TableCell(evidence_text(value))]) for name, value in pairs[:MOST_STREAMS]]
    caption = "Evidence by stream, the most first"
    return figure_html(_evidence_chart(report), "evidence") + fold(
        caption, table(caption, ["stream", "evidence"], rows)
    )


def _evidence_chart(report: DriftReport) -> Drawing:
    """Draw the evidence of all streams after each judged day, on a logarithmic axis."""
    days = [day for day in report.state.days if day.evidence is not None]
    values = [max(day.evidence or 0.0, LEAST_DRAWN) for day in days]
    powers = [log10(value) for value in values]
    panel = Panel(
        x=scale_of(range(len(days))),
        y=scale_of([*powers, log10(THRESHOLD)]),
        x_title="judged days",
        y_title="evidence, powers of ten",
        x_labels=[(at, str(days[at].day)) for at in dict.fromkeys((0, len(days) - 1))],
    )
    alarm = panel.path([(panel.x.low, log10(THRESHOLD)), (panel.x.high, log10(THRESHOLD))], "limit")
    points = list(enumerate(powers))
    content = f"{alarm}{panel.path(points, 'trend s0')}{panel.marks(points, 0)}"
    last = evidence_text(values[-1])
    description = f"{len(days)} days; the last is {last}; an alarm from {THRESHOLD:,.0f} on, the dashed line."
    return Drawing(panel, content, "Evidence of drift by day; an alarm from the dashed line on", description)
