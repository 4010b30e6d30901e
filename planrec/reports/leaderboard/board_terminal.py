"""Board in the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
from planrec.terminal import console_of_tables

METRICS_AT_ONCE = 4
"Columns of a table that fit beside a label in an output that is not a terminal."


def print_board(board: Board) -> None:
    """Print each table: the ranking metric with differences and costs, the other metrics, the commands."""
    console = console_of_tables()
    for table in board.tables:
        console.print(Text(table.title, style="bold"))
        _print_lines(console, [f"  {line}" for line in table.differs])
        if table.metric is None:
            console.print("  not ranked: no run here measured a metric that can rank")
        console.print(_ranking(table))
        for start in range(1 if table.metric else 0, len(table.metrics), METRICS_AT_ONCE):
            console.print(_other_metrics(table, slice(start, start + METRICS_AT_ONCE)))
        _print_lines(console, [f"* {note}" for note in footnotes(table)])
        _print_lines(console, [f"{rank_text(row)}  {row.command}" for row in table.rows if row.command])
        judges = {row.run.manifest.run_id for row in table.rows if row.is_baseline}
        _print_lines(console, [f"baselines were judged by {', '.join(sorted(judges))}"] if judges else [])
        console.print()
    if board.failed:
        console.print(Text(FAILED_TITLE, style="bold"))
        console.print(_failure_table(board))
        _print_lines(console, [f"{cell.name}  {cell.log}" for cell in board.failed])
        console.print()
    _print_lines(console, [f"not shown: {line}" for line in board.refused])


def _ranking(table: BoardTable) -> Table:
    shown = Table("#", "run")
    for head in (*metric_titles(table)[:1], "difference to the best", *COSTS) if table.metric else COSTS:
        shown.add_column(Text(head), justify="right")
    for row in table.rows:
        first = [*values_of(table, row)[:1], difference_text(row)] if table.metric else []
        shown.add_row(rank_text(row), Text(label_text(row)), *first, *cost_cells(row), style=_style(row))
    return shown


def _other_metrics(table: BoardTable, part: slice) -> Table:
    shown = Table("#", "run")
    for head in metric_titles(table)[part]:
        shown.add_column(Text(head), justify="right")
    for row in table.rows:
        cells = values_of(table, row)[part]
        shown.add_row(rank_text(row), Text(label_text(row)), *cells, style=_style(row))
    return shown


def _failure_table(board: Board) -> Table:
    """Return the failed cells without their logs, whose paths must not be broken into lines."""
    shown = Table(*FAILED[:-1])
    for cell in board.failed:
        shown.add_row(*map(Text, failure_cells(cell)[:-1]))
    return shown


def _style(row: BoardRow) -> str:
    return "dim" if row.is_baseline else ""


def _print_lines(console: Console, lines: list[str]) -> None:
    """Print lines without markup, and without line breaks in long commands."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
