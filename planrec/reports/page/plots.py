"""Marks and axes of charts, as inline SVG whose colours are those of the page's style sheet.

Shapes repeat everything that colour shows, for readers who cannot tell the colours apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from planrec.reports.page.markup import escape_html
from planrec.reports.page.metric_words import Interval
from planrec.reports.page.scale import Scale, tick_text

SHAPES = (
    '<circle r="4.5"/>',
    '<path d="M-4-4H4V4H-4Z"/>',
    '<path d="M0-5 5 4H-5Z"/>',
    '<path d="M0-5.5 5.5 0 0 5.5-5.5 0Z"/>',
    '<path d="M-4-4 4 4M4-4-4 4"/>',
)
"By series: a model and its references. style.css has a class `s0`, `s1`, ... for each."
N_SERIES = len(SHAPES)


def mark(series: int, x: str, y: str) -> str:
    """Return the symbol of a series at a place, in units or percent of the drawing."""
    return f'<svg class="s{series}" x="{x}" y="{y}">{SHAPES[series]}</svg>'


def legend(names: Sequence[str]) -> str:
    r"""Return the symbols of the series with their names.

    Examples:
        >>> legend(["<a>"])
        '<p class="legend"><span><svg aria-hidden="true"><svg class="s0" x="50%" y="50%"><circle r="4.5"/></svg></svg>&lt;a&gt;</span></p>\n'
    """  # noqa: E501
    items = "".join(
        f'<span><svg aria-hidden="true">{mark(at, "50%", "50%")}</svg>{escape_html(name)}</span>'
        for at, name in enumerate(names)
    )
    return f'<p class="legend">{items}</p>\n'


def interval_plot(scale: Scale, values: Sequence[Interval], series: Sequence[int], line: float) -> str:
    """Draw the values of one row of a table, one below the other, each with its interval.

    Args:
        scale: the scale of the whole column.
        values: one value per series, in the unit of the scale.
        series: number of each series.
        line: value to compare with; NaN for no line.

    Returns:
        An `<svg>` element that repeats nothing which the row does not say in words.
    """
    parts = [_vertical(scale, tick, "grid") for tick in scale.ticks()]
    parts += [] if isnan(line) else [_vertical(scale, line, "line")]
    for position, (value, number_of) in enumerate(zip(values, series, strict=True)):
        y = f"{100 * (position + 0.5) / len(values):.3g}%"
        parts.append(_interval(scale, value, number_of, y))
    return f'<svg class="plot r{len(values)}" aria-hidden="true">{"".join(parts)}</svg>'


def axis_plot(scale: Scale) -> str:
    """Draw the ticks above a column of `interval_plot`."""
    texts = "".join(
        f'<text x="{_percent(scale, tick)}" y="75%">{tick_text(tick)}</text>'
        for tick in scale.ticks()
        if 0.02 <= scale.place(tick) <= 0.98
    )
    return f'<svg class="plot axis" aria-hidden="true">{texts}</svg>'


def bar_plot(share: float) -> str:
    """Draw a bar from the left edge over this share of the width."""
    width = f"{100 * share:.1f}%"
    return f'<svg class="plot bar" aria-hidden="true"><rect width="{width}" height="100%" rx="2"/></svg>'


def _interval(scale: Scale, value: Interval, series: int, y: str) -> str:
    if isnan(value.value):
        return ""
    ends = ""
    if not isnan(value.low):
        # A line of its own: an interval need not contain its value.
        x1, x2 = _percent(scale, value.low), _percent(scale, value.high)
        ends = f'<line class="s{series}" x1="{x1}" x2="{x2}" y1="{y}" y2="{y}"/>'
    return ends + mark(series, _percent(scale, value.value), y)


def _vertical(scale: Scale, value: float, css_class: str) -> str:
    x = _percent(scale, value)
    return f'<line class="{css_class}" x1="{x}" x2="{x}" y2="100%"/>'


def _percent(scale: Scale, value: float) -> str:
    return f"{100 * scale.place(value):.1f}%"


@dataclass(frozen=True)
class Panel:
    """A plane with two axes, in a drawing that grows with the page."""

    x: Scale
    y: Scale
    x_title: str
    y_title: str
    width: int = 360
    height: int = 250
    x_labels: Sequence[tuple[float, str]] | None = None
    "Places and texts of the horizontal axis; None for round numbers."
    y_labels: Sequence[tuple[float, str]] | None = None
    left: int = 46
    "Room for the labels of the vertical axis."

    RIGHT, TOP = 10, 8
    "Margins without labels."

    @property
    def bottom(self) -> int:
        """Return the place of the horizontal axis, above its labels and title."""
        return self.height - (36 if self.x_title else 20)

    def frame(self) -> str:
        """Draw grid, ticks and titles."""
        left, right, bottom = self.left, self.width - self.RIGHT, self.bottom
        parts = [f'<path class="edge" d="M{left} {self.TOP}V{bottom}H{right}"/>']
        for value, text in self.x_labels or _numbers(self.x):
            x = self.across(value)
            parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{self.TOP}" y2="{bottom}"/>')
            parts.append(f'<text x="{x}" y="{bottom + 14}">{escape_html(text)}</text>')
        for value, text in self.y_labels or _numbers(self.y):
            y = self.up(value)
            parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text class="end" x="{left - 5}" y="{y + 4:.1f}">{escape_html(text)}</text>')
        middle = (self.TOP + bottom) / 2
        parts.append(
            f'<text x="{(left + right) / 2}" y="{self.height - 5}">{escape_html(self.x_title)}</text>'
            f'<text x="{-middle}" y="11" transform="rotate(-90)">{escape_html(self.y_title)}</text>'
        )
        return "".join(parts)

    def across(self, value: float) -> float:
        """Return the horizontal place of a value."""
        return round(self.left + self.x.place(value) * (self.width - self.left - self.RIGHT), 1)

    def up(self, value: float) -> float:
        """Return the vertical place of a value."""
        return round(self.bottom - self.y.place(value) * (self.bottom - self.TOP), 1)

    def path(self, points: Sequence[tuple[float, float]], css_class: str) -> str:
        """Connect points by lines."""
        places = " ".join(f"{self.across(x)},{self.up(y)}" for x, y in points)
        return f'<polyline class="{css_class}" points="{places}"/>'

    def marks(self, points: Sequence[tuple[float, float]], series: int) -> str:
        """Draw the symbol of a series at each point."""
        return "".join(mark(series, f"{self.across(x)}", f"{self.up(y)}") for x, y in points)


def _numbers(scale: Scale) -> Sequence[tuple[float, str]]:
    return [(tick, tick_text(tick)) for tick in scale.ticks()]


@dataclass(frozen=True)
class Drawing:
    """A chart with a title and a description for readers who cannot see it."""

    panel: Panel
    content: str
    "SVG inside the panel."
    title: str
    description: str
    "Content of the chart, figures included."


def figure_html(drawing: Drawing, name: str, notes: str = "") -> str:
    """Return the drawing with its title as caption.

    Args:
        drawing: the drawing.
        name: prefix of HTML ids, unique on the page.
        notes: HTML between caption and drawing, such as a legend.

    Returns:
        A `<figure>` element.
    """
    panel = drawing.panel
    return (
        f"<figure><figcaption>{escape_html(drawing.title)}</figcaption>{notes}"
        f'<svg class="panel" role="img" viewBox="0 0 {panel.width} {panel.height}"'
        f' aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape_html(drawing.title)}</title>'
        f'<desc id="{name}-desc">{escape_html(drawing.description)}</desc>'
        f"{panel.frame()}{drawing.content}</svg></figure>\n"
    )
