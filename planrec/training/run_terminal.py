"""Terminal output of a run: progress, and the table of metrics at the end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from math import isnan
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column, Table
from rich.text import Text

from planrec.commands.advice import command_line
from planrec.metrics import METRICS, MetricValue
from planrec.terminal import WIDTH, console_of_progress, console_of_tables
from planrec.training.experiment import Report, RunResult
from planrec.training.verdict import verdict_of
from planrec.training.verdict_table import verdict_table
from planrec.wording import ARROW, with_interval


@contextmanager
def progress_of(title: str) -> Iterator[Report]:
    """Show the step that runs and the time since the start, on stderr.

    Yields:
        The `Report` that moves the bar.
    """
    bar, report = bar_of(title, console_of_progress())
    with bar:
        yield report


def bar_of(title: str, console: Console) -> tuple[Progress, Report]:
    """Return a bar that is not shown yet, and the `Report` that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), _Count(), _Clock())
    # Outside a terminal rich would leave an empty line in place of the bar.
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(title, total=None)

    def report(step: str, done: int, total: int) -> None:
        # Rich cannot take the total of a task away.
        bar.tasks[task].total = total or None
        bar.update(task, description=step, completed=done)

    return bar, report


class _Count(ProgressColumn):
    """Steps done and in all; empty if they are not counted."""

    def render(self, task: Task) -> str:
        """Return the text of the column."""
        return "" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}"


class _Clock(ProgressColumn):
    """Time since the start: rich stops its own clock when all steps of a part are done."""

    def __init__(self) -> None:
        super().__init__()
        self._started = perf_counter()

    def render(self, task: Task) -> str:
        """Return the text of the column."""
        return str(timedelta(seconds=int(perf_counter() - self._started)))


def print_result(result: RunResult, folder: Path, outputs: Path, *, in_full: bool) -> None:
    """Print the verdict, model and baselines in one table, the folder of the run, and the next command.

    Args:
        result: the run.
        folder: its folder.
        outputs: folder of runs, for the command that pins it.
        in_full: whether to print every metric, and the values that folds chose.
    """
    console = console_of_tables()
    verdict = verdict_of(result)
    for note in (note for note in result.notes if note not in result.reservations):
        console.print(f"note: {note}", markup=False, highlight=False)
    if in_full:
        for table in metrics_tables(result.metrics):
            console.print(table)
        for line in (*group_lines(result.metrics), *_choices(result)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(verdict.sentence(), style="bold", markup=False, highlight=False)
    for warning in verdict.warnings:
        console.print(f"warning: {warning}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    console.print(verdict_table(result.metrics, verdict))
    first = result.metrics[0]
    console.print(
        f"{first.n_decisions:,} decisions of {first.n_subscribers:,} subscribers, out of fold;"
        " 95 % intervals over subscribers; arrows point in the better direction"
        + ("" if in_full else "; --all shows every metric"),
        highlight=False,
    )
    stages = ", ".join(f"{stage.replace('_', ' ')} {value:.1f} s" for stage, value in result.seconds.items())
    pin = command_line("pin", folder, outputs=outputs)
    lines = f"{stages}\nrun: {folder}\npin it: {pin}"
    console.print(lines, markup=False, highlight=False, soft_wrap=True)


def _choices(result: RunResult) -> Iterator[str]:
    """Yield the values that a search and inner folds chose for the model that is kept."""
    for chosen in result.tuned[-1:]:
        values = ", ".join(f"{name} {value}" for name, value in chosen.values.items())
        yield f"tuned for the model that is kept: {values}"
    for kept in (chosen for chosen in result.chosen if chosen.fold is None):
        yield f"chosen on inner folds for the model that is kept: {kept}"


def metrics_tables(metrics: Sequence[MetricValue]) -> Iterator[Table]:
    """Yield tables with one row per model and one column per metric, a few metrics per table."""
    cells = {(value.model, value.metric): value for value in metrics if value.group is None}
    models = list(dict.fromkeys(value.model for value in metrics))
    names = list(dict.fromkeys(metric for _, metric in cells))
    yield from tables_of("model", models, names, lambda *at: cell_text(cells.get(at)))


def tables_of(
    title: str, models: Sequence[str], metrics: Sequence[str], cell: Callable[[str, str], str]
) -> Iterator[Table]:
    """Yield tables with one row per model; names of models are never shortened.

    Args:
        title: header of the names.
        models: names of the rows.
        metrics: names of the columns, a few per table.
        cell: returns the text of a model and a metric.
    """
    longest = max(map(len, models), default=0)
    at_once = metrics_at_once(longest)
    for start in range(0, len(metrics), at_once):
        shown = metrics[start : start + at_once]
        names = Column(title, overflow="fold", min_width=min(longest, WIDTH // 3))
        table = Table(names, *(f"{name}{ARROW[METRICS[name].higher_is_better]}" for name in shown))
        for model in models:
            table.add_row(Text(model), *(cell(model, name) for name in shown))
        yield table


def group_lines(metrics: Sequence[MetricValue]) -> Iterator[str]:
    """Yield the metrics with one value per group, of the model alone; run.json has those of the baselines."""
    own = [value for value in metrics if value.model == metrics[0].model and value.group is not None]
    for name in dict.fromkeys(value.metric for value in own):
        of_groups = [group_text(value) for value in own if value.metric == name]
        yield f"{metrics[0].model} {name}{ARROW[METRICS[name].higher_is_better]}: {', '.join(of_groups)}"


def group_text(value: MetricValue) -> str:
    """Format the value of one group.

    Examples:
        >>> group_text(MetricValue("lgbm", "error_gap", "age", 0.032, 0.01, 0.06, 100, 50, worst="60+"))
        'age 0.032 [0.010, 0.060] (worst: 60+)'
    """
    worst = f" (worst: {value.worst})" if value.worst else ""
    return f"{value.group} {cell_text(value)}{worst}"


CELL = 23
"Characters of a value, its interval and the border."


def metrics_at_once(longest_name: int) -> int:
    """Return the number of columns beside a name that fit the width of an output that is not a terminal.

    >>> metrics_at_once(len("cheapest_fee")), metrics_at_once(len("2030-01-31/12-00-00-abc123"))
    (5, 4)
    """
    return max((WIDTH - 3 - longest_name) // CELL, 1)


def cell_text(value: MetricValue | None) -> str:
    """Format a value and its interval; return a dash if there is no value.

    Examples:
        >>> cell_text(MetricValue("lgbm", "ece", None, 0.321, 0.3, 0.34, 100, 50)), cell_text(None)
        ('0.321 [0.300, 0.340]', '-')
    """
    if value is None or isnan(value.value):
        return "-"
    return with_interval(value.value, value.low, value.high)
