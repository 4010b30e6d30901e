"""Charts of a report.

Shape or text repeats everything that colour shows, for readers who cannot tell the colours apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from planrec.metrics import MetricValue, ReliabilityBin
from planrec.reports.page.markup import interval, number, printable_text
from planrec.reports.page.svg import Chart

WIDTH = 5.4
"Inches: text of 10 points is readable if a phone shows the whole width."
MAX_LABEL = 30
"Characters of a name beside a chart; the tables show the whole name."
MAX_FEATURES = 20


@dataclass(frozen=True)
class Marker:
    """The symbol of one model."""

    shape: str
    color: str
    fill: str

    def draw(
        self,
        axes: Axes,
        x: Sequence[float],
        y: Sequence[float],
        *,
        size: float = 5,
        line: str = "none",
        label: str | None = None,
    ) -> None:
        """Draw one symbol per point, connected if `line` is a style of lines."""
        axes.plot(
            x,
            y,
            marker=self.shape,
            color=self.color,
            markerfacecolor=self.fill,
            markersize=size,
            linestyle=line,
            linewidth=1.2,
            label=label,
            zorder=3,
        )


MARKERS = (
    Marker("o", "#00558c", "#00558c"),
    Marker("s", "#a84300", "white"),
    Marker("^", "#444444", "white"),
)
"For the model, then its references."


@dataclass(frozen=True)
class Series:
    """Values of one model: one per group, or NaN."""

    name: str
    values: tuple[MetricValue, ...]


def comparison(rows: Sequence[tuple[str, MetricValue]], title: str, axis: str) -> Chart:
    """Draw one dot with its interval per row, the first row on top and filled."""
    figure, axes = _row_axes([name for name, _ in rows])
    for position, (_, value) in enumerate(rows):
        _dot(axes, value, position, MARKERS[0] if position == 0 else MARKERS[2])
    axes.set_xlabel(axis)
    texts = [f"{name} {number(value.value)} {interval(value.low, value.high)}" for name, value in rows]
    return Chart(figure, title, f"Dots with 95 % intervals. {'; '.join(texts)}.")


def by_group(
    groups: Sequence[str], series: Sequence[Series], title: str, axis_labels: tuple[str, str]
) -> Chart:
    """Draw a few models beside each other in every group.

    Args:
        groups: names of the groups.
        series: one value per group, for each model.
        title: title of the chart.
        axis_labels: kind of the groups, and name of the metric.

    Returns:
        The chart.
    """
    figure, axes = _row_axes(groups, height=0.36 + 0.08 * len(series))
    step = 0.24
    for number_of, one in enumerate(series):
        shift = (number_of - (len(series) - 1) / 2) * step
        marker = MARKERS[number_of % len(MARKERS)]
        for position, value in enumerate(one.values):
            _dot(axes, value, position + shift, marker)
        marker.draw(axes, [], [], label=_label(one.name))
    axes.set(ylabel=axis_labels[0], xlabel=axis_labels[1])
    legend = figure.legend(loc="outside upper right", ncols=len(series), frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    texts = [
        f"{one.name}: " + ", ".join(f"{value.group} {number(value.value)}" for value in one.values)
        for one in series
    ]
    return Chart(figure, title, f"Dots with 95 % intervals. {'; '.join(texts)}.")


def calibration(bins: Sequence[ReliabilityBin], title: str) -> Chart:
    """Draw the share that came true against the predicted probability; the diagonal is perfect."""
    figure = Figure(figsize=(WIDTH * 0.8, WIDTH * 0.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#666666", linestyle="--", linewidth=1, label="perfectly calibrated")
    x, y = [one.confidence for one in bins], [one.hit_rate for one in bins]
    MARKERS[0].draw(axes, x, y, line="-", label="this model")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability given", ylabel="share that came true", aspect=1)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    _style_axes(axes)
    axes.grid(color="#dddddd", linewidth=0.6)
    texts = [f"{one.confidence:.2f} given, {one.hit_rate:.2f} came true, of {one.n:,}" for one in bins]
    return Chart(figure, title, f"Points against the diagonal, which is perfect. {'; '.join(texts)}.")


def importance(shares: Sequence[tuple[str, float]], title: str) -> Chart:
    """Draw a bar for each of the most important features, with its share as text."""
    top = shares[:MAX_FEATURES]
    figure, axes = _row_axes([name for name, _ in top], height=0.26)
    bars = axes.barh(range(len(top)), [share for _, share in top], color="#00558c", height=0.65)
    axes.bar_label(bars, labels=[f"{share:.1%}" for _, share in top], padding=3, fontsize=9)
    axes.set(xlabel="share of all importance", xlim=(0, max(share for _, share in top) * 1.2))
    axes.grid(visible=False)
    texts = [f"{name} {share:.1%}" for name, share in top]
    return Chart(figure, title, f"Bars. {'; '.join(texts)}.")


def _row_axes(labels: Sequence[str], height: float = 0.32) -> tuple[Figure, Axes]:
    """Return a figure with one row per label, the first one on top."""
    figure = Figure(figsize=(WIDTH, 1.0 + height * len(labels)), layout="constrained")
    axes = figure.subplots()
    # A `$` in a plan's name does not start a formula.
    axes.set_yticks(range(len(labels)), [_label(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    _style_axes(axes)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    return figure, axes


def _dot(axes: Axes, value: MetricValue, position: float, marker: Marker) -> None:
    if isnan(value.value):
        return
    if not isnan(value.low):
        # Lines, not error bars: an interval need not contain its value.
        axes.plot([value.low, value.high], [position, position], color=marker.color, linewidth=1.4, zorder=2)
    marker.draw(axes, [value.value], [position], size=5.5)


def _style_axes(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.set_axisbelow(True)


def _label(text: str) -> str:
    shown = printable_text(text)
    return shown if len(shown) <= MAX_LABEL else f"{shown[: MAX_LABEL - 1]}…"
