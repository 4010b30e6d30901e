"""Charts of a report: tables with a plot in each row, and planes.

A row says in words everything that its plot shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from planrec.metrics import Estimate, MetricValue, ReliabilityBin
from planrec.reports.page.markup import TableCell, TableHead, plain_table
from planrec.reports.page.metric_words import (
    Interval,
    in_unit,
    shown,
    shown_interval,
    unit_and_direction,
)
from planrec.reports.page.plots import (
    N_SERIES,
    Drawing,
    Panel,
    axis_plot,
    bar_plot,
    figure_html,
    interval_plot,
    legend,
)
from planrec.reports.page.scale import Scale, scale_of

MAX_FEATURES = 20
MOST_SHORT = 10
"Characters of names that leave more room for the plots."
PLOT = "with-plot"
"Class of the tables with a plot in each row."


@dataclass(frozen=True)
class Series:
    """Values of one model: one per group, or NaN."""

    name: str
    values: tuple[MetricValue, ...]


@dataclass(frozen=True)
class ComparedRow:
    """One row of a comparison."""

    name: TableCell
    value: Interval
    more: tuple[TableCell, ...] = ()
    "Cells after the value."


def comparison_table(
    rows: Sequence[ComparedRow],
    metric: str,
    currency: str | None,
    caption: str,
    head: str,
    more_heads: Sequence[TableHead] = (),
    against: Interval | None = None,
) -> str:
    """Draw one mark with its interval per row; a line shows the value to compare with in all rows.

    Args:
        rows: the rows; the mark of the value to compare with is filled.
        metric: the metric.
        currency: currency of the metrics of money.
        caption: caption of the table.
        head: head of the first column.
        more_heads: heads of the cells after the value.
        against: the value to compare with; None for the first row's.
    """
    compared = rows[0].value if against is None else against
    scale = scale_of(
        end
        for value in (compared, *(row.value for row in rows))
        for end in _ends(value_in_unit(metric, value))
    )
    line = in_unit(metric, compared.value)
    cells = []
    for row in rows:
        series = 0 if row.value == compared else 2
        plot = interval_plot(scale, [value_in_unit(metric, row.value)], [series], line)
        cells.append((row.name, [TableCell("", svg=plot), value_cell(metric, row.value), *row.more]))
    axis = TableHead("95 % interval", svg=axis_plot(scale))
    return plain_table(
        caption, [TableHead(head), axis, value_head(metric, currency), *more_heads], cells, PLOT
    )


def by_group(kind: str, metric: str, series: Sequence[Series], currency: str | None) -> str:
    """Draw a few models beside each other in every group.

    Args:
        kind: kind of the groups.
        metric: the metric.
        series: one value per group, for each model; at most as many as there are symbols.
        currency: currency of the metrics of money.

    Returns:
        A legend and a table, whose figures are those of the first model.
    """
    shown_series = series[:N_SERIES]
    drawn = [[value_in_unit(metric, value) for value in one.values] for one in shown_series]
    scale = scale_of(end for one in drawn for value in one for end in _ends(value))
    own = series[0].values
    rows = [
        (
            str(value.group),
            [
                TableCell("", svg=_plot_of_group(scale, [one[at] for one in drawn])),
                value_cell(metric, value),
            ],
        )
        for at, value in enumerate(own)
    ]
    heads = [TableHead(kind), TableHead("95 % intervals", svg=axis_plot(scale)), value_head(metric, currency)]
    names = legend([one.name for one in shown_series]) if len(series) > 1 else ""
    caption = f"{unit_and_direction(metric, currency)}; the figures are those of {series[0].name}"
    is_short = all(len(name) <= MOST_SHORT for name, _ in rows)
    return names + plain_table(caption, heads, rows, f"{PLOT} short" if is_short else PLOT)


def calibration(bins: Sequence[ReliabilityBin], title: str, name: str) -> str:
    """Draw the share that came true against the predicted probability; the diagonal is perfect."""
    panel = Panel(Scale(0, 1), Scale(0, 1), "probability given", "share that came true", 250, 235)
    points = [(one.confidence, one.hit_rate) for one in bins]
    content = f"{panel.path([(0, 0), (1, 1)], 'line')}{panel.marks(points, 0)}"
    texts = [f"{one.confidence:.2f} given, {one.hit_rate:.2f} came true, of {one.n:,}" for one in bins]
    description = f"Points against the diagonal, which is perfect. {'; '.join(texts)}."
    return figure_html(Drawing(panel, content, title, description), name)


def importance(shares: Sequence[tuple[str, float]], caption: str) -> str:
    """Draw a bar for each of the most important features, with its share as text."""
    top = shares[:MAX_FEATURES]
    most = max(share for _, share in top)
    rows = [
        (name, [TableCell("", svg=bar_plot(share / most)), TableCell(f"{share:.1%}")]) for name, share in top
    ]
    heads = [TableHead("feature"), TableHead("bar"), TableHead("share", css_class="value")]
    return plain_table(caption, heads, rows, f"{PLOT} bars")


def value_head(metric: str, currency: str | None) -> TableHead:
    """Return the head of a column of values: unit and better direction."""
    unit, _, better = unit_and_direction(metric, currency).partition(", ")
    return TableHead(unit, better, "value")


def value_cell(metric: str, value: Interval | None, css_class: str = "") -> TableCell:
    """Return a cell with a value and its interval."""
    if value is None:
        return TableCell("–", css_class=css_class)
    return TableCell(shown(metric, value.value), shown_interval(metric, value), css_class)


def _ends(value: Interval) -> tuple[float, float, float]:
    return value.value, value.low, value.high


def _plot_of_group(scale: Scale, values: Sequence[Interval]) -> str:
    return interval_plot(scale, values, range(len(values)), nan)


def value_in_unit(metric: str, value: Interval) -> Estimate:
    """Return a value and its interval in the unit that is shown: percent for shares."""
    return Estimate(in_unit(metric, value.value), in_unit(metric, value.low), in_unit(metric, value.high))
