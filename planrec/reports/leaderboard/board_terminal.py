"""Board in the terminal."""

from collections.abc import Iterator

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
from planrec.training.verdict import headline_metrics
from planrec.training.verdict_table import N_MORE, short_text, short_title, verdict_grid

METRICS_AT_ONCE = 4
"Columns of a table that fit beside a label in an output that is not a terminal."


def print_board(board: Board, *, in_full: bool) -> None:
    """Print a table for each data and folds: differences in the ranking metric, and two metrics beside it.

    Args:
        board: the ranked runs.
        in_full: whether to print costs and every other metric too.
    """
    console = console_of_tables()
    for table in board.tables:
        console.print(Text(table.title, style="bold"))
        _print_lines(console, [f"  {line}" for line in table.differs])
        if table.metric is None:
            console.print("  not ranked: no run here measured a metric that can rank")
        console.print(_ranking(table, in_full=in_full))
        for start in range(1 if table.metric else 0, len(table.metrics) if in_full else 0, METRICS_AT_ONCE):
            console.print(_other_metrics(table, slice(start, start + METRICS_AT_ONCE)))
        _print_lines(console, [f"* {note}" for note in footnotes(table)])
        _print_lines(console, list(_commands(table)))
        judges = {row.run.manifest.run_id for row in table.rows if row.is_baseline}
        _print_lines(console, [f"baselines were judged by {', '.join(sorted(judges))}"] if judges else [])
        console.print()
    if board.failed:
        console.print(Text(FAILED_TITLE, style="bold"))
        console.print(_failure_table(board))
        _print_lines(console, [f"{cell.name}  {cell.log}" for cell in board.failed])
        console.print()
    _print_lines(console, [f"not shown: {line}" for line in board.refused])
    _print_lines(console, [] if in_full else ["--all shows every metric, and time and size of each model"])


def _ranking(table: BoardTable, *, in_full: bool) -> Table:
    """Return the ranks: with costs in full, else with the two metrics that tell most."""
    beside = [name for name in headline_metrics(table.metrics) if name != table.metric][:N_MORE]
    heads = COSTS if in_full else tuple(map(short_title, beside))
    shown = verdict_grid()
    shown.add_column("#", no_wrap=True)
    shown.add_column("run", overflow="fold")
    for head in (*metric_titles(table)[:1], "to the best", *heads) if table.metric else heads:
        shown.add_column(Text(head), justify="right")
    for row in table.rows:
        first = [*values_of(table, row)[:1], difference_text(row)] if table.metric else []
        rest = cost_cells(row) if in_full else [_short(row, name) for name in beside]
        shown.add_row(_rank(table, row), Text(label_text(row)), *first, *rest, style=_style(row))
    return shown


def _rank(table: BoardTable, row: BoardRow) -> str:
    """Return the rank, with `=` if several rows share it."""
    shares = row.rank is not None and sum(other.rank == row.rank for other in table.rows) > 1
    return rank_text(row) + ("=" if shares else "")


def _short(row: BoardRow, metric: str) -> str:
    return short_text(metric, row.values[metric].value) if metric in row.values else "-"


def _commands(table: BoardTable) -> Iterator[str]:
    """Yield the command of each run, after the rank of its row; baselines have none."""
    rows = [row for row in table.rows if row.command]
    if rows:
        yield "commands of the runs, by #:"
    yield from (f"  {_rank(table, row)}  {row.command}" for row in rows)


def _other_metrics(table: BoardTable, part: slice) -> Table:
    shown = Table("#", "run")
    for head in metric_titles(table)[part]:
        shown.add_column(Text(head), justify="right")
    for row in table.rows:
        cells = values_of(table, row)[part]
        shown.add_row(_rank(table, row), Text(label_text(row)), *cells, style=_style(row))
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
