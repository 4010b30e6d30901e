"""The picture of a rehearsal: regret and harm by month on both sides, and the acts of operations."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from planrec.operating.rehearsal.judged_year import HARM, HIDDEN, REGRET, MonthlyFigures
from planrec.operating.rehearsal.setting import HISTORY
from planrec.operating.rehearsal.timeline import Kind, TimelineEvent
from planrec.operating.rehearsal.year import Rehearsed
from planrec.reports.page.charts import MARKERS, WIDTH, Marker
from planrec.reports.page.markup import interval, number
from planrec.reports.page.svg import Chart

PANELS = {REGRET: "regret", HIDDEN: "hidden regret", HARM: "share harmed"}
SYMBOLS: dict[Kind, Marker] = {
    "planted": Marker("v", "#9c1c00", "#9c1c00"),
    "noticed": Marker("o", "#00558c", "white"),
    "other alarm": Marker("x", "#444444", "#444444"),
    "promoted": Marker("^", "#2c6e2c", "#2c6e2c"),
    "rolled back": Marker("<", "#444444", "#444444"),
}
"In the order of the rows, the first on top."
MOST_HARM = 0.05


def chart_of(rehearsed: Rehearsed) -> Chart:
    """Draw the acts on top, and one panel per metric below."""
    figure = Figure(figsize=(WIDTH * 1.25, 7.2), layout="constrained")
    events, *panels = figure.subplots(1 + len(PANELS), sharex=True, height_ratios=[1.1, 2, 2, 2])
    _draw_events(events, rehearsed.timeline.in_order())
    monthly = [figures for figures in rehearsed.figures if figures.month is not None]
    for axes, (metric, name) in zip(panels, PANELS.items(), strict=True):
        _draw_metric(axes, [figures for figures in monthly if figures.metric == metric])
        axes.set_ylabel(name)
    shown = panels[0].get_legend_handles_labels()
    figure.legend(*shown, loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    panels[-1].axhline(MOST_HARM, color="#9c1c00", linestyle=":", linewidth=1)
    months = [figures.month for figures in monthly if figures.metric == REGRET]
    panels[-1].set_xticks(range(1, len(months) + 1), [str(month)[2:] for month in months], rotation=45)
    title = "Regret and harm by month, with operations on and off"
    return Chart(figure, title, _description(monthly))


def _draw_events(axes: Axes, events: Sequence[TimelineEvent]) -> None:
    """Draw one row of symbols per kind of event."""
    for row, (kind, marker) in enumerate(SYMBOLS.items()):
        marker.draw(
            axes, [_place(event) for event in events if event.kind == kind], [row] * _count(events, kind)
        )
    axes.set_yticks(range(len(SYMBOLS)), list(SYMBOLS))
    axes.set_ylim(len(SYMBOLS) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    _style(axes)


def _draw_metric(axes: Axes, monthly: Sequence[MonthlyFigures]) -> None:
    for name, marker, shift in (("on", MARKERS[0], -0.08), ("off", MARKERS[1], 0.08)):
        values = [getattr(figures, name) for figures in monthly]
        x = [month + shift for month in range(1, len(values) + 1)]
        axes.vlines(x, [v.low for v in values], [v.high for v in values], color=marker.color, linewidth=1.2)
        marker.draw(axes, x, [value.value for value in values], line="-", label=f"operations {name}")
    axes.set_ylim(bottom=0)
    axes.grid(color="#dddddd", linewidth=0.6)
    _style(axes)


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.set_axisbelow(True)


def _place(event: TimelineEvent) -> float:
    """Return the place on the axis of months: 1 is the middle of the first month."""
    return event.month - HISTORY + 0.5 + event.day / 31


def _count(events: Sequence[TimelineEvent], kind: Kind) -> int:
    return sum(event.kind == kind for event in events)


def _description(monthly: Sequence[MonthlyFigures]) -> str:
    texts = [
        f"{figures.month} {PANELS[figures.metric]} on {number(figures.on.value)}"
        f" {interval(figures.on.low, figures.on.high)}, off {number(figures.off.value)}"
        for figures in monthly
    ]
    return f"Lines with 95 % intervals. {'; '.join(texts)}."
