"""A board as CSV, JSON and Markdown."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isnan

from planrec.metrics import METRICS, Estimate
from planrec.reports.leaderboard.board import FOOTNOTE, Board, BoardTable
from planrec.reports.leaderboard.board_rows import Row
from planrec.sweeps.sweep_folder import FailedCell
from planrec.wording import ARROW, figure, signed, with_interval

SCHEMA = "planrec.leaderboard/1"


def as_json(board: Board) -> str:
    """Return the board as JSON; NaN becomes null.

    Values that change when the same runs are repeated are under `times`, `sizes` and `paths` only.
    """
    content = {
        "schema": SCHEMA,
        "tables": [_table_as_json(table) for table in board.tables],
        "failed": [_failed_as_json(cell) for cell in board.failed],
        "paths": {"refused": list(board.refused)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(board: Board) -> str:
    """Return the board as CSV: the rows of all tables, then the failed cells, with the columns of all."""
    lines = [_csv_cells(table, row) for table in board.tables for row in table.rows]
    lines += [_failed_csv_cells(cell) for cell in board.failed]
    names = list(dict.fromkeys(name for cells in lines for name in cells))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def markdown_lines(board: Board, *, with_costs: bool = True) -> list[str]:
    """Return the board as lines of Markdown, a table for each data and folds.

    Args:
        board: the board.
        with_costs: also show times and sizes, which differ between machines.

    Returns:
        Lines without line breaks.
    """
    lines = [line for table in board.tables for line in _markdown_table(table, COSTS if with_costs else ())]
    if board.failed:
        rows = [f"| {' | '.join(map(escape_markdown, failure_cells(cell)))} |" for cell in board.failed]
        lines += [
            f"**{FAILED_TITLE}**",
            "",
            f"| {' | '.join(FAILED)} |",
            "|" + "---|" * len(FAILED),
            *rows,
            "",
        ]
    return [*lines, *(f"* not shown: {escape_markdown(line)}" for line in board.refused)]


def _markdown_table(table: BoardTable, costs: Sequence[str]) -> Iterator[str]:
    """Yield title, differences, rows, footnotes and commands of a table."""
    difference = [f"difference in {table.metric}"] if table.metric else []
    heads = ["#", "run", *metric_titles(table), *difference, *costs]
    yield from (f"**{escape_markdown(table.title)}**", "")
    yield from [f"* {escape_markdown(line)}" for line in table.differs] + ([""] if table.differs else [])
    yield from (f"| {' | '.join(heads)} |", "|" + "---|" * len(heads))
    for row in table.rows:
        cells = [rank_text(row), escape_markdown(label_text(row)), *values_of(table, row)]
        cells += [difference_text(row)] if table.metric else []
        yield f"| {' | '.join([*cells, *cost_cells(row)[: len(costs)]])} |"
    yield ""
    yield from [f"\\* {escape_markdown(note)}" for note in footnotes(table)]
    yield from [""] if table.is_marked else []
    yield from [f"* {escape_markdown(row.label)}: `{row.command}`" for row in table.rows if row.command]
    yield ""


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


def values_of(table: BoardTable, row: Row) -> list[str]:
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


def difference_text(row: Row) -> str:
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


def rank_text(row: Row) -> str:
    """Return the rank, or `-` if there is none."""
    return "-" if row.rank is None else str(row.rank)


def label_text(row: Row) -> str:
    """Return the label, with a star if the row is marked, and with `(baseline)` if it is a baseline."""
    return row.label + (" *" if row.marks else "") + (" (baseline)" if _needs_baseline_note(row) else "")


def cost_cells(row: Row) -> list[str]:
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


def escape_markdown(text: str) -> str:
    r"""Escape text for Markdown, in table cells too.

    Examples:
        >>> print(escape_markdown("a_b | [c]"))
        a\_b \| \[c]
    """
    for character in "\\`*_|<[":
        text = text.replace(character, f"\\{character}")
    return text


def _needs_baseline_note(row: Row) -> bool:
    return row.is_baseline and "(baseline)" not in row.model


def _table_as_json(table: BoardTable) -> dict[str, object]:
    return {
        "title": table.title,
        "differs": list(table.differs),
        "metric": table.metric,
        "metrics": list(table.metrics),
        "footnotes": footnotes(table),
        "rows": [_row_as_json(row) for row in table.rows],
    }


def _row_as_json(row: Row) -> dict[str, object]:
    times = {name: value for name, value in asdict(row.cost).items() if name != "model_bytes"}
    return {
        "rank": row.rank,
        "label": row.label,
        "model": row.model,
        "is_baseline": row.is_baseline,
        "marks": list(row.marks),
        "metrics": {name: value.as_json() for name, value in row.values.items()},
        "difference": None if row.difference is None else row.difference.as_json(),
        "command": row.command,
        "times": times,
        "sizes": {"model_bytes": row.cost.model_bytes},
        "paths": {"run_id": row.run.manifest.run_id, "folder": str(row.run.folder)},
    }


def _failed_as_json(cell: FailedCell) -> dict[str, object]:
    return {
        "number": cell.number,
        "overrides": list(cell.failure.overrides),
        "type": cell.failure.type,
        "message": cell.message,
        "paths": {"sweep": str(cell.sweep), "log": str(cell.log)},
    }


def _csv_cells(table: BoardTable, row: Row) -> dict[str, object]:
    """Return cells by column; numbers are not rounded, missing numbers are empty."""
    estimates = {name: row.values[name] for name in table.metrics if name in row.values}
    if row.difference is not None:
        estimates["difference"] = row.difference
    numbers = {
        column: "" if isnan(number) else number
        for name, value in estimates.items()
        for column, number in ((name, value.value), (f"{name}_low", value.low), (f"{name}_high", value.high))
    }
    return {
        "status": "done",
        "table": table.title,
        "ranked_by": table.metric,
        "rank": row.rank,
        "label": row.label,
        "model": row.model,
        "is_baseline": str(row.is_baseline).lower(),
        "marks": "; ".join(row.marks),
        **numbers,
        **asdict(row.cost),
        "command": row.command,
        "judged_by": row.run.manifest.run_id,
    }


def _failed_csv_cells(cell: FailedCell) -> dict[str, object]:
    return {
        "status": "failed",
        "label": cell.overrides,
        "cell": cell.name,
        "error": cell.error,
        "log": str(cell.log),
    }
