"""Marks of values above the guard of their metric: a cell, and a line that phones show too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from planrec.metrics import METRICS
from planrec.reports.page.charts import value_cell
from planrec.reports.page.markup import TableCell, bullets
from planrec.reports.page.metric_words import Interval, short_name_of, shown_with_unit

MOST_NAMED = 10


def guarded_cell(metric: str, value: Interval | None, css_class: str = "") -> TableCell:
    """Return a cell with a value and its interval, with a mark if it is above its guard.

    Examples:
        >>> from planrec.metrics import Estimate
        >>> guarded_cell("harm_rate", Estimate(0.081, 0.07, 0.09), "beside").text
        '8.1 !'
        >>> guarded_cell("harm_rate", Estimate(0.04, 0.03, 0.06)).text
        '4.0'
    """
    cell = value_cell(metric, value, css_class)
    if not _is_broken(metric, value):
        return cell
    return replace(cell, text=f"{cell.text} !", css_class=f"{css_class} bad".strip())


def guard_lines(metrics: Sequence[str], rows: Iterable[tuple[str, Mapping[str, Interval]]]) -> str:
    """Return a line for each metric with rows above its guard; columns beside the first are not on phones.

    Args:
        metrics: the metrics that are shown.
        rows: name and values of each row.

    Returns:
        HTML; an empty string if no guard is broken.
    """
    lines = list(_lines(metrics, list(rows)))
    return bullets(lines) if lines else ""


def _lines(metrics: Sequence[str], rows: Sequence[tuple[str, Mapping[str, Interval]]]) -> Iterator[str]:
    for metric in metrics:
        broken = [name for name, values in rows if _is_broken(metric, values.get(metric))]
        limit = METRICS[metric].at_most
        if limit is None or not broken:
            continue
        more = f" and {len(broken) - MOST_NAMED} more" if len(broken) > MOST_NAMED else ""
        above = f"! {short_name_of(metric)}: above the limit of {shown_with_unit(metric, limit, None)}"
        yield f"{above}: {', '.join(broken[:MOST_NAMED])}{more}"


def _is_broken(metric: str, value: Interval | None) -> bool:
    limit = METRICS[metric].at_most
    return value is not None and limit is not None and value.value > limit
