"""A board as CSV, JSON and Markdown."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isnan

from planrec.files.formula_cells import plain_rows
from planrec.reports.leaderboard.board import Board, BoardTable
from planrec.reports.leaderboard.board_cells import (
    COSTS,
    FAILED,
    FAILED_TITLE,
    cost_cells,
    difference_text,
    failure_cells,
    footnotes,
    label_text,
    metric_titles,
    rank_text,
    values_of,
)
from planrec.reports.leaderboard.board_rows import BoardRow
from planrec.reports.markdown import escape_markdown, markdown_code
from planrec.sweeps.sweep_folder import FailedCell

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
    writer.writerows(plain_rows(lines))
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
    yield from [
        f"* {escape_markdown(row.label)}: {markdown_code(row.command)}" for row in table.rows if row.command
    ]
    yield ""


def _table_as_json(table: BoardTable) -> dict[str, object]:
    return {
        "title": table.title,
        "differs": list(table.differs),
        "metric": table.metric,
        "metrics": list(table.metrics),
        "footnotes": footnotes(table),
        "rows": [_row_as_json(row) for row in table.rows],
    }


def _row_as_json(row: BoardRow) -> dict[str, object]:
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


def _csv_cells(table: BoardTable, row: BoardRow) -> dict[str, object]:
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
