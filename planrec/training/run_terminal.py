"""Terminal output of a run: progress, and the table of metrics at the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from planrec.commands.advice import command_line
from planrec.metrics import METRICS, MetricValue, broken_guards
from planrec.terminal import console_of_progress, console_of_tables
from planrec.training.experiment import Report, RunResult
from planrec.wording import ARROW, with_interval


@contextmanager
def progress_of(title: str) -> Iterator[Report]:
    """Show a progress bar on stderr.

    Yields:
        The `Report` that moves the bar.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = console_of_progress()
    # Outside a terminal rich would leave an empty line in place of the bar.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda step, done, total: progress.update(task, description=step, completed=done, total=total)


def print_result(result: RunResult, folder: Path, outputs: Path) -> None:
    """Print notes, the metrics of model and baselines, the folder of the run, and the next command."""
    console = console_of_tables()
    for note in result.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    for table in metrics_tables(result.metrics):
        console.print(table)
    for line in group_lines(result.metrics):
        console.print(line, markup=False, highlight=False)
    for chosen in result.tuned[-1:]:
        values = ", ".join(f"{name} {value}" for name, value in chosen.values.items())
        console.print(f"tuned for the model that is kept: {values}", markup=False, highlight=False)
    for kept in (chosen for chosen in result.chosen if chosen.fold is None):
        line = f"chosen on inner folds for the model that is kept: {kept}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    first = result.metrics[0]
    own = {value.metric: value.value for value in result.metrics if value.model == first.model}
    for warning in broken_guards(own):
        console.print(f"warning: {first.model}: {warning}", style="bold red", markup=False, highlight=False)
    console.print(
        f"{first.n_decisions:,} decisions of {first.n_subscribers:,} subscribers, out of fold;"
        " 95 % intervals over subscribers; arrows point in the better direction",
        highlight=False,
    )
    stages = ", ".join(f"{stage.replace('_', ' ')} {value:.1f} s" for stage, value in result.seconds.items())
    pin = command_line("pin", folder, outputs=outputs)
    lines = f"{stages}\nrun: {folder}\npin it: {pin}"
    console.print(lines, markup=False, highlight=False, soft_wrap=True)


def metrics_tables(metrics: Sequence[MetricValue]) -> Iterator[Table]:
    """Yield tables with one row per model and one column per metric, a few metrics per table."""
    cells = {(value.metric, value.model): value for value in metrics if value.group is None}
    models = list(dict.fromkeys(value.model for value in metrics))
    names = list(dict.fromkeys(metric for metric, _ in cells))
    for start in range(0, len(names), METRICS_AT_ONCE):
        shown = names[start : start + METRICS_AT_ONCE]
        table = Table("model", *(f"{name}{ARROW[METRICS[name].higher_is_better]}" for name in shown))
        for model in models:
            table.add_row(model, *(cell_text(cells.get((name, model))) for name in shown))
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


METRICS_AT_ONCE = 5
"Columns of a table that fit the width of an output that is not a terminal."


def cell_text(value: MetricValue | None) -> str:
    """Format a value and its interval; return a dash if there is no value.

    Examples:
        >>> cell_text(MetricValue("lgbm", "ece", None, 0.321, 0.3, 0.34, 100, 50)), cell_text(None)
        ('0.321 [0.300, 0.340]', '-')
    """
    if value is None or isnan(value.value):
        return "-"
    return with_interval(value.value, value.low, value.high)
