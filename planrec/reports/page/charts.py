"""The drawings of a report. What colour tells, shape or text tells as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from planrec.metrics import MetricValue, ReliabilityBin
from planrec.reports.page.markup import interval, number, shown_text
from planrec.reports.page.svg import Chart

WIDTH = 5.4
"Inches: text of 10 points can be read where a phone shows the whole width."
MAX_LABEL = 30
"Characters of a name beside a chart; the tables have it whole."
MAX_FEATURES = 20

MARKERS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "color": "#00558c", "markerfacecolor": "#00558c"},
    {"marker": "s", "color": "#a84300", "markerfacecolor": "white"},
    {"marker": "^", "color": "#444444", "markerfacecolor": "white"},
)
"For the model, then its references."


@dataclass(frozen=True)
class Series:
    """One value per group, or NaN."""

    name: str
    values: tuple[MetricValue, ...]


def comparison(rows: Sequence[tuple[str, MetricValue]], title: str, axis: str) -> Chart:
    """One dot with its interval per row, the first row on top and filled."""
    figure, axes = _rows_of([name for name, _ in rows])
    for position, (_, value) in enumerate(rows):
        _dot(axes, value, position, MARKERS[0] if position == 0 else MARKERS[2])
    axes.set_xlabel(axis)
    said = [f"{name} {number(value.value)} {interval(value.low, value.high)}" for name, value in rows]
    return Chart(figure, title, f"Dots with 95 % intervals. {'; '.join(said)}.")


def by_group(groups: Sequence[str], series: Sequence[Series], title: str, axes_are: tuple[str, str]) -> Chart:
    """A few models beside each other in every group. `axes_are`: what a group is, and what is measured."""
    figure, axes = _rows_of(groups, height=0.36 + 0.08 * len(series))
    step = 0.24
    for number_of, one in enumerate(series):
        shift = (number_of - (len(series) - 1) / 2) * step
        look = MARKERS[number_of % len(MARKERS)]
        for position, value in enumerate(one.values):
            _dot(axes, value, position + shift, look)
        axes.plot([], [], linestyle="none", markersize=5, label=_label(one.name), **look)
    axes.set(ylabel=axes_are[0], xlabel=axes_are[1])
    legend = figure.legend(loc="outside upper right", ncols=len(series), frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    said = [
        f"{one.name}: " + ", ".join(f"{value.group} {number(value.value)}" for value in one.values)
        for one in series
    ]
    return Chart(figure, title, f"Dots with 95 % intervals. {'; '.join(said)}.")


def calibration(bins: Sequence[ReliabilityBin], title: str) -> Chart:
    """How often it came true, by the probability given; on the diagonal all is well."""
    figure = Figure(figsize=(WIDTH * 0.8, WIDTH * 0.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#666666", linestyle="--", linewidth=1, label="perfectly calibrated")
    x, y = [one.confidence for one in bins], [one.hit_rate for one in bins]
    axes.plot(x, y, linewidth=1.2, markersize=5, label="this model", **MARKERS[0])
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability given", ylabel="share that came true", aspect=1)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    _quiet(axes)
    axes.grid(color="#dddddd", linewidth=0.6)
    said = [f"{one.confidence:.2f} given, {one.hit_rate:.2f} came true, of {one.n:,}" for one in bins]
    return Chart(figure, title, f"Points against the diagonal, which is perfect. {'; '.join(said)}.")


def importance(shares: Sequence[tuple[str, float]], title: str) -> Chart:
    """Bars of the features that count most, with their share in writing."""
    top = shares[:MAX_FEATURES]
    figure, axes = _rows_of([name for name, _ in top], height=0.26)
    bars = axes.barh(range(len(top)), [share for _, share in top], color="#00558c", height=0.65)
    axes.bar_label(bars, labels=[f"{share:.1%}" for _, share in top], padding=3, fontsize=9)
    axes.set(xlabel="share of all importance", xlim=(0, max(share for _, share in top) * 1.2))
    axes.grid(visible=False)
    said = [f"{name} {share:.1%}" for name, share in top]
    return Chart(figure, title, f"Bars. {'; '.join(said)}.")


def _rows_of(labels: Sequence[str], height: float = 0.32) -> tuple[Figure, Axes]:
    """Axes with one labelled row each, the first one on top."""
    figure = Figure(figsize=(WIDTH, 1.0 + height * len(labels)), layout="constrained")
    axes = figure.subplots()
    # `$` in a plan's name is no formula.
    axes.set_yticks(range(len(labels)), [_label(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    _quiet(axes)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    return figure, axes


def _dot(axes: Axes, value: MetricValue, position: float, look: dict[str, Any]) -> None:
    if isnan(value.value):
        return
    if not isnan(value.low):
        # Lines, not error bars: an interval need not hold its value.
        axes.plot([value.low, value.high], [position, position], color=look["color"], linewidth=1.4, zorder=2)
    axes.plot([value.value], [position], linestyle="none", markersize=5.5, zorder=3, **look)


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.set_axisbelow(True)


def _label(text: str) -> str:
    shown = shown_text(text)
    return shown if len(shown) <= MAX_LABEL else f"{shown[: MAX_LABEL - 1]}…"
