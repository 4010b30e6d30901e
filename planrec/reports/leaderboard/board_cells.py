"""Cells of a board as text, for the terminal, HTML and Markdown."""

from planrec.metrics import METRICS, Estimate
from planrec.reports.leaderboard.board import FOOTNOTE, BoardTable
from planrec.reports.leaderboard.board_rows import BoardRow
from planrec.sweeps.sweep_folder import FailedCell
from planrec.wording import ARROW, figure, signed, with_interval

FAILED_TITLE = "Failed cells"
FAILED = ("cell", "overrides", "error", "log")
"Heads of `failure_cells`."


def failure_cells(cell: FailedCell) -> list[str]:
    """Return the cells below the heads `FAILED`."""
    return [cell.name, cell.overrides, cell.error, str(cell.log)]


COSTS = ("fit s", "one row p50 / p99 ms", "rows/s", "model KiB")
"Heads of `cost_cells`."


def metric_titles(table: BoardTable) -> list[str]:
    """Return the names of the metrics, each with an arrow in its better direction."""
    return [
        name + (ARROW[METRICS[name].higher_is_better] if name in METRICS else "") for name in table.metrics
    ]


def values_of(table: BoardTable, row: BoardRow) -> list[str]:
    """Return a cell per metric: value and interval."""
    found = [row.values.get(name) for name in table.metrics]
    return ["-" if value is None else estimate_text(value) for value in found]


def estimate_text(value: Estimate) -> str:
    """Format a value and its interval.

    Examples:
        >>> estimate_text(Estimate(0.5, 0.4, 0.6))
        '0.500 [0.400, 0.600]'
    """
    return with_interval(value.value, value.low, value.high)


def difference_text(row: BoardRow) -> str:
    """Format the difference between a row and the best row."""
    if row.difference is None:
        return "-"
    if row.rank == 1:
        return "best"
    return signed_text(row.difference)


def signed_text(difference: Estimate) -> str:
    """Format a difference and its interval, with a plus sign if it is positive.

    Examples:
        >>> signed_text(Estimate(0.5, 0.4, 0.6))
        '+0.500 [0.400, 0.600]'
    """
    return signed(difference.value, difference.low, difference.high)


def rank_text(row: BoardRow) -> str:
    """Return the rank, or `-` without one."""
    return "-" if row.rank is None else str(row.rank)


def label_text(row: BoardRow) -> str:
    """Return the label, with a star if the row is marked, and with `(baseline)` if it is a baseline."""
    return row.label + (" *" if row.marks else "") + (" (baseline)" if _needs_baseline_note(row) else "")


def cost_cells(row: BoardRow) -> list[str]:
    """Return the cells below the heads `COSTS`."""
    cost = row.cost
    p50, p99, rate, size = cost.one_row_p50_ms, cost.one_row_p99_ms, cost.rows_per_second, cost.model_bytes
    return [
        "" if cost.fit_seconds is None else f"{cost.fit_seconds:.3f}",
        "" if p50 is None or p99 is None else f"{p50:.2f} / {p99:.2f}",
        "" if rate is None else figure(rate),
        "" if size is None else f"{size / 1024:,.0f}",
    ]


def footnotes(table: BoardTable) -> list[str]:
    """Explain the stars of a table: a line for each mark, which names its row or counts its rows."""
    labels: dict[str, list[str]] = {}
    for row in table.rows:
        for mark in row.marks:
            labels.setdefault(mark, []).append(row.label)
    lines = [f"{rows[0] if len(rows) == 1 else f'{len(rows)} rows'}: {mark}" for mark, rows in labels.items()]
    return [*lines, FOOTNOTE] if lines else []


def _needs_baseline_note(row: BoardRow) -> bool:
    return row.is_baseline and "(baseline)" not in row.model
