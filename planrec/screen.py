"""What a person sees in the terminal: progress, and the table of metrics at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from planrec.experiment import Report, RunResult
from planrec.metrics import METRICS, MetricValue


@contextmanager
def progress_of(title: str) -> Iterator[Report]:
    """A progress bar on stderr, fed by the `Report` that it yields."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda step, done, total: progress.update(task, description=step, completed=done, total=total)


def print_result(result: RunResult, folder: Path) -> None:
    """Notes, the metrics of the model beside the baselines, where the run is and what to do with it."""
    console = Console(width=None if Console().is_terminal else 120)
    for note in result.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    console.print(metrics_table(result.metrics))
    stages = ", ".join(f"{stage.replace('_', ' ')} {value:.1f} s" for stage, value in result.seconds.items())
    console.print(f"{stages}\nrun: {folder}\npin it: python -m planrec.pin {folder}", highlight=False)


def metrics_table(metrics: tuple[MetricValue, ...]) -> Table:
    """One row per metric, one column per model; value and 95 % interval."""
    models = list(dict.fromkeys(value.model for value in metrics))
    rows = list(dict.fromkeys((value.metric, value.plan) for value in metrics))
    cells = {(value.metric, value.plan, value.model): value for value in metrics}
    first = metrics[0]
    table = Table(
        caption=f"{first.n_decisions:,} decisions of {first.n_subscribers:,} subscribers, out of fold;"
        " 95 % intervals over subscribers",
        caption_justify="left",
    )
    table.add_column("metric")
    for model in models:
        table.add_column(model, justify="right")
    for metric, plan in rows:
        better = "higher" if METRICS[metric].higher_is_better else "lower"
        name = f"{metric} {plan}" if plan else f"{metric} ({better} is better)"
        table.add_row(name, *(_cell(cells.get((metric, plan, model))) for model in models))
    return table


def _cell(value: MetricValue | None) -> str:
    return "-" if value is None else f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
