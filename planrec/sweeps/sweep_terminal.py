"""A sweep in the terminal: its progress while it runs, and its best cells at the end."""

import json
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from planrec.commands.advice import command_line
from planrec.metrics import METRICS
from planrec.sweeps.run_cells import EndedCell, SweepResult
from planrec.terminal import console_of_progress, console_of_tables
from planrec.training.run_terminal import cell_text

SCHEMA = "planrec.sweep_result/1"

CHOSEN_HERE = (
    "the best value is the best of many on these very folds, so it flatters: cv=nested with the same search"
    " reports on decisions that no choice has seen"
)

MOST_LISTED = 10
"Best cells of the closing table; the leaderboard has all."


class SweepScreen:
    """Progress on stderr: a bar in a terminal, else one line per cell.

    Args:
        n_cells: cells in all.
        metric: the metric of the best cell; None if the cells are not judged on the same folds.
    """

    def __init__(self, n_cells: int, metric: str | None) -> None:
        self._n_cells = n_cells
        self._metric = metric
        self._rows: list[EndedCell] = []
        self._started = perf_counter()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._console = console_of_progress()
        in_terminal = self._console.is_terminal
        self._progress = Progress(*columns, console=self._console, transient=True, disable=not in_terminal)
        self._task = self._progress.add_task("0 done", total=n_cells)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def row(self, row: EndedCell) -> None:
        """Show a cell that has ended."""
        self._rows.append(row)
        self._progress.update(self._task, description=self.state(), completed=len(self._rows))
        if row.status == "failed" or (row.status == "done" and not self._console.is_terminal):
            why = "" if row.failure is None else f" {row.failure.type}: {first_line(row.failure.message)}"
            named = f"cell {row.cell.number} {row.status}: {row.cell.label}{why}"
            line = named if self._console.is_terminal else f"{named} | {self.state()}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def state(self) -> str:
        """Return e.g. `7 done, 2 linked, 1 failed, 14 left, about 3 min, best regret 3.62 (cell 4)`."""
        counts = count_of(self._rows)
        left = self._n_cells - len(self._rows)
        parts = [f"{counts[status]} {status}" for status in counts if counts[status]] + [f"{left} left"]
        executed = counts["done"] + counts["failed"]
        if executed and left:
            parts.append(f"about {_duration((perf_counter() - self._started) * left / executed)}")
        best = next(iter(best_first(self._rows, self._metric)), None)
        if best is not None and (value := best.value) is not None:
            parts.append(f"best {value.metric} {value.value:.4g} (cell {best.cell.number})")
        return ", ".join(parts)


def print_sweep(result: SweepResult, outputs: Path) -> None:
    """Print the closing table on stdout, and the next commands."""
    console = console_of_tables()
    ranked = best_first(result.rows, result.metric)
    shown = (ranked or [row for row in result.rows if row.value is not None])[:MOST_LISTED]
    if shown:
        table = Table("cell", "overrides", result.metric or "first metric", "run")
        for row in shown:
            texts = (str(row.cell.number), row.cell.label, cell_text(row.value), str(row.run))
            # Text, because overrides in square brackets are not markup.
            table.add_row(*map(Text, texts))
        console.print(table)
        if result.metric is None:
            console.print("not ranked: the cells are judged on different data, folds or metrics")
        elif len(ranked) > MOST_LISTED:
            console.print(f"the best {MOST_LISTED} of {len(ranked)} cells", highlight=False)
    counts = ", ".join(f"{number} {status}" for status, number in count_of(result.rows).items() if number)
    left = f", {result.n_left} not run" if result.n_left else ""
    lines = [
        f"sweep: {result.folder}: {counts}{left}",
        f"all of it: {command_line('leaderboard', result.folder)}",
    ]
    if ranked:
        lines.append(f"pin the best: {command_line('pin', ranked[0].run, outputs=outputs)}")
        lines += [CHOSEN_HERE] if result.is_search else []
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def sweep_as_json(result: SweepResult) -> str:
    """Return the result as JSON, the cells by their numbers; a value that is not defined is null."""
    content = {
        "schema": SCHEMA,
        "folder": str(result.folder),
        "metric": result.metric,
        "n_left": result.n_left,
        "cells": [
            {
                "number": row.cell.number,
                "overrides": list(row.cell.overrides),
                "status": row.status,
                "value": None if row.value is None or isnan(row.value.value) else row.value.value,
                "run": None if row.run is None else str(row.run),
                "error": None if row.failure is None else first_line(row.failure.message),
            }
            for row in sorted(result.rows, key=lambda row: row.cell.number)
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def best_first(rows: Sequence[EndedCell], metric: str | None) -> list[EndedCell]:
    """Rank the rows that have a value; empty if the metric cannot rank."""
    if metric is None or METRICS[metric].higher_is_better is None:
        return []
    sign = -1 if METRICS[metric].higher_is_better else 1
    valued = [(sign * row.value.value, row) for row in rows if row.value and not isnan(row.value.value)]
    return [row for _, row in sorted(valued, key=lambda pair: pair[0])]


def count_of(rows: Sequence[EndedCell]) -> dict[str, int]:
    """Count the rows by status."""
    return {status: sum(row.status == status for row in rows) for status in ("done", "linked", "failed")}


def first_line(message: str) -> str:
    """Return the first line of a message."""
    return (message.splitlines() or [""])[0]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
