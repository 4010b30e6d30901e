"""A board as CSV, JSON and Markdown."""

import csv
import io
import json
from dataclasses import asdict
from math import isnan
from typing import Any

from planrec.metrics import METRICS, Estimate
from planrec.reports.leaderboard.board import FOOTNOTE, Board, BoardTable
from planrec.reports.leaderboard.board_rows import Row
from planrec.sweeps.sweep_folder import FailedCell
from planrec.wording import ARROW, figure, signed, with_interval

SCHEMA = "planrec.leaderboard/1"


def as_json(board: Board) -> str:
    """The board as JSON; what changes when the same runs are repeated stands under `times`, `sizes` and
    `paths`, and nowhere else. NaN is null."""
    content = {
        "schema": SCHEMA,
        "tables": [_table_as_json(table) for table in board.tables],
        "failed": [_failed_as_json(cell) for cell in board.failed],
        "paths": {"refused": list(board.refused)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(board: Board) -> str:
    """One line per row, the tables below one another, then the failed cells; columns are those of all."""
    lines = [_csv_cells(table, row) for table in board.tables for row in table.rows]
    lines += [_failed_csv_cells(cell) for cell in board.failed]
    names = list(dict.fromkeys(name for cells in lines for name in cells))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def markdown_lines(board: Board, with_costs: bool = True) -> list[str]:
    """The board as lines of Markdown, a table for each data and folds.

    Args:
        with_costs: whether to show times and sizes, which differ between machines.
    """
    lines = []
    for table in board.tables:
        costs = COSTS if with_costs else ()
        names = metric_titles(table)
        heads = ["#", "run", *names, *([f"difference in {table.metric}"] if table.metric else []), *costs]
        lines += [f"**{escaped(table.title)}**", ""]
        lines += [f"* {escaped(line)}" for line in table.differs] + ([""] if table.differs else [])
        lines += [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
        for row in table.rows:
            cells = [rank_text(row), escaped(label_text(row)), *values_of(table, row)]
            cells += [difference_text(row)] if table.metric else []
            lines.append(f"| {' | '.join([*cells, *cost_cells(row)[: len(costs)]])} |")
        lines.append("")
        lines += [f"\\* {escaped(note)}" for note in footnotes(table)] + ([""] if table.is_marked else [])
        lines += [f"* {escaped(row.label)}: `{row.command}`" for row in table.rows if row.command] + [""]
    if board.failed:
        lines += [f"**{FAILED_TITLE}**", "", f"| {' | '.join(FAILED)} |", "|" + "---|" * len(FAILED)]
        lines += [f"| {' | '.join(map(escaped, failed_texts(cell)))} |" for cell in board.failed] + [""]
    return [*lines, *(f"* not shown: {escaped(line)}" for line in board.refused)]


FAILED_TITLE = "Failed cells"
FAILED = ("cell", "overrides", "error", "log")
"Heads of `failed_texts`."


def failed_texts(cell: FailedCell) -> list[str]:
    """Cells of `FAILED`."""
    return [cell.name, cell.overrides, cell.error, str(cell.log)]


COSTS = ("fit s", "one row p50 / p99 ms", "rows/s", "model KiB")
"Heads of `cost_cells`."


def metric_titles(table: BoardTable) -> list[str]:
    """Names of the metrics, each with an arrow that says what is better."""
    return [
        name + (ARROW[METRICS[name].higher_is_better] if name in METRICS else "") for name in table.metrics
    ]


def values_of(table: BoardTable, row: Row) -> list[str]:
    """A cell per metric: value and interval."""
    found = [row.values.get(name) for name in table.metrics]
    return ["-" if value is None else estimate_text(value) for value in found]


def estimate_text(value: Estimate) -> str:
    """Value and interval."""
    return with_interval(value.value, value.low, value.high)


def difference_text(row: Row) -> str:
    """How far the row is from the best one."""
    if row.difference is None:
        return "-"
    if row.rank == 1:
        return "best"
    return signed_text(row.difference)


def signed_text(difference: Estimate) -> str:
    """A difference and its interval; a plus where it is more."""
    return signed(difference.value, difference.low, difference.high)


def rank_text(row: Row) -> str:
    """The rank, or `-`."""
    return "-" if row.rank is None else str(row.rank)


def label_text(row: Row) -> str:
    """The label, with a star where the row's value flatters, and what a baseline is."""
    return row.label + (" *" if row.marks else "") + (" (baseline)" if _says_nothing(row) else "")


def cost_cells(row: Row) -> list[str]:
    """Cells of `COSTS`."""
    cost = row.cost
    p50, p99, rate, size = cost.one_row_p50_ms, cost.one_row_p99_ms, cost.rows_per_second, cost.model_bytes
    return [
        "" if cost.fit_seconds is None else f"{cost.fit_seconds:.3f}",
        "" if p50 is None or p99 is None else f"{p50:.2f} / {p99:.2f}",
        "" if rate is None else figure(rate),
        "" if size is None else f"{size / 1024:,.0f}",
    ]


def footnotes(table: BoardTable) -> list[str]:
    """What the stars of a table mean: a line for each mark, which names its row or counts its rows."""
    marked: dict[str, list[str]] = {}
    for row in table.rows:
        for mark in row.marks:
            marked.setdefault(mark, []).append(row.label)
    lines = [f"{rows[0] if len(rows) == 1 else f'{len(rows)} rows'}: {mark}" for mark, rows in marked.items()]
    return [*lines, FOOTNOTE] if lines else []


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in a cell as well."""
    for character in "\\`*_|<[":
        text = text.replace(character, f"\\{character}")
    return text


def _says_nothing(row: Row) -> bool:
    return row.is_baseline and "(baseline)" not in row.model


def _table_as_json(table: BoardTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "differs": list(table.differs),
        "metric": table.metric,
        "metrics": list(table.metrics),
        "footnotes": footnotes(table),
        "rows": [_row_as_json(row) for row in table.rows],
    }


def _row_as_json(row: Row) -> dict[str, Any]:
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


def _failed_as_json(cell: FailedCell) -> dict[str, Any]:
    return {
        "number": cell.number,
        "overrides": list(cell.failure.overrides),
        "type": cell.failure.type,
        "message": cell.message,
        "paths": {"sweep": str(cell.sweep), "log": str(cell.log)},
    }


def _csv_cells(table: BoardTable, row: Row) -> dict[str, object]:
    """Cells by column; numbers in full, missing ones empty."""
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
