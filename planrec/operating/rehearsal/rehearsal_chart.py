"""The pictures of a rehearsal: the acts of operations, and regret and harm by month on both sides."""

from collections.abc import Sequence

from planrec.metrics import Estimate
from planrec.operating.rehearsal.judged_year import HARM, HIDDEN, REGRET, MonthlyFigures
from planrec.operating.rehearsal.setting import HISTORY
from planrec.operating.rehearsal.timeline import Kind, TimelineEvent
from planrec.operating.rehearsal.year import Rehearsed
from planrec.reports.page.markup import interval, number
from planrec.reports.page.plots import Drawing, Panel, figure_html, legend
from planrec.reports.page.scale import Scale, scale_of

PANELS = {REGRET: "regret", HIDDEN: "hidden regret", HARM: "share harmed"}
KINDS: tuple[Kind, ...] = ("planted", "noticed", "other alarm", "promoted", "rolled back")
"In the order of the rows, the first on top."
MOST_HARM = 0.05
SIDES = ("on", "off")
WIDTH, HEIGHT, LEFT = 440, 150, 76
EVERY_OTHER = 2
"A label at every second month fits the width."


def charts_of(rehearsed: Rehearsed) -> str:
    """Return one picture of the acts, and one per metric below it, on the same axis of months."""
    monthly = [figures for figures in rehearsed.figures if figures.month is not None]
    months = [str(figures.month)[2:] for figures in monthly if figures.metric == REGRET]
    events = figure_html(_events_chart(rehearsed.timeline.in_order(), months), "events")
    by_metric = [
        figure_html(
            _metric_chart(name, [found for found in monthly if found.metric == metric], months),
            name.replace(" ", "-"),
        )
        for metric, name in PANELS.items()
    ]
    return events + legend([f"operations {side}" for side in SIDES]) + "".join(by_metric)


def _events_chart(events: Sequence[TimelineEvent], months: Sequence[str]) -> Drawing:
    """Draw one row of symbols per kind of event."""
    n_kinds = len(KINDS)
    panel = _panel(
        months, Scale(-0.6, n_kinds - 0.4), "", [(n_kinds - 1 - row, kind) for row, kind in enumerate(KINDS)]
    )
    rows = [
        panel.marks([(_place(event), n_kinds - 1 - row) for event in events if event.kind == kind], row)
        for row, kind in enumerate(KINDS)
    ]
    counts = ", ".join(f"{sum(event.kind == kind for event in events)} {kind}" for kind in KINDS)
    return Drawing(panel, "".join(rows), "Acts of operations", f"Symbols by day. {counts}.")


def _metric_chart(name: str, monthly: Sequence[MonthlyFigures], months: Sequence[str]) -> Drawing:
    ends = [
        end
        for found in monthly
        for side in SIDES
        for end in (_side(found, side).low, _side(found, side).high)
    ]
    is_harm = name == PANELS[HARM]
    panel = _panel(months, scale_of([0.0, *ends, *([MOST_HARM] if is_harm else [])]), name)
    limit = panel.path([(panel.x.low, MOST_HARM), (panel.x.high, MOST_HARM)], "limit") if is_harm else ""
    sides = [_side_drawn(panel, monthly, side, number_of) for number_of, side in enumerate(SIDES)]
    texts = [
        f"{found.month} on {number(found.on.value)} {interval(found.on.low, found.on.high)},"
        f" off {number(found.off.value)}"
        for found in monthly
    ]
    title = f"{name.capitalize()} by month" + ("; the dashed line is the limit" if is_harm else "")
    return Drawing(panel, limit + "".join(sides), title, f"Lines with 95 % intervals. {'; '.join(texts)}.")


def _side_drawn(panel: Panel, monthly: Sequence[MonthlyFigures], side: str, series: int) -> str:
    shift = 0.16 * series - 0.08
    points = [(at + shift, _side(found, side).value) for at, found in enumerate(monthly, start=1)]
    spans = [
        panel.path([(x, _side(found, side).low), (x, _side(found, side).high)], f"s{series}")
        for (x, _), found in zip(points, monthly, strict=True)
    ]
    return f"{''.join(spans)}{panel.path(points, f'trend s{series}')}{panel.marks(points, series)}"


def _side(found: MonthlyFigures, side: str) -> Estimate:
    return found.on if side == "on" else found.off


def _panel(
    months: Sequence[str], y: Scale, y_title: str, y_labels: Sequence[tuple[float, str]] | None = None
) -> Panel:
    labels = [(at, month) for at, month in enumerate(months, start=1) if at % EVERY_OTHER == 1]
    return Panel(Scale(0.4, len(months) + 0.6), y, "", y_title, WIDTH, HEIGHT, labels, y_labels, LEFT)


def _place(event: TimelineEvent) -> float:
    """Return the place on the axis of months: 1 is the middle of the first month."""
    return event.month - HISTORY + 0.5 + event.day / 31
