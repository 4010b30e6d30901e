"""An evaluation in the terminal."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from planrec.evaluation.evaluation import Evaluation
from planrec.metrics import Estimate
from planrec.reports.leaderboard.board_cells import signed_text
from planrec.terminal import console_of_tables
from planrec.training.run_terminal import group_lines, metrics_tables, tables_of
from planrec.wording import counted, figure

MOVED = 3.0
"Times of the PSI to expect without drift from which an input is shown."


def print_evaluation(evaluation: Evaluation) -> None:
    """Print notes, metrics, differences to the first run, the excluded decisions, and the gates."""
    console = console_of_tables()
    for note in evaluation.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    for table in (
        *metrics_tables(evaluation.metrics),
        *_difference_tables(evaluation),
        *_drift_tables(evaluation),
    ):
        console.print(table)
    for line in (*group_lines(evaluation.metrics), *judged_lines(evaluation), *gate_lines(evaluation)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _drift_tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yield the table of inputs that moved more than chance moves them; none if there is no such input."""
    moved = [column for column in evaluation.drift if column.psi > MOVED * column.psi_expected]
    if not moved:
        return
    table = Table("input that moved", "PSI", "PSI without drift", "size / training", "missing / training")
    for column in sorted(moved, key=lambda column: -column.psi):
        ratio = "-" if column.typical_ratio is None else figure(column.typical_ratio)
        missing = f"{column.missing:.1%} / {column.missing_in_training:.1%}"
        table.add_row(Text(column.name), figure(column.psi), figure(column.psi_expected), ratio, missing)
    yield table


def judged_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the decisions that are judged, and those that are not."""
    first = evaluation.metrics[0]
    since = f" since {evaluation.since}" if evaluation.since else ""
    yield (
        f"{counted(first.n_decisions, 'decision')} of {counted(first.n_subscribers, 'subscriber')}{since},"
        " after the training of every run; 95 % intervals over subscribers; arrows point in the better"
        " direction"
    )
    yield str(evaluation.excluded)
    if evaluation.n_seen:
        yield f"earlier months of {counted(evaluation.n_seen, 'judged subscriber')} were in the training"


def gate_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield a line for each gate that a run breaks, or breaks in value only."""
    for run in evaluation.runs:
        broken, doubtful = evaluation.broken_gates(run)
        yield from (f"failed: {run}: {line}" for line in broken)
        yield from (f"warning: {run}: {line}" for line in doubtful)


def _difference_tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yield tables with one row per other model and one column per metric, a few metrics per table."""
    found = {(each.model, each.metric): each.estimate for each in evaluation.differences}
    models = list(dict.fromkeys(model for model, _ in found))
    names = list(dict.fromkeys(metric for _, metric in found))
    yield from tables_of(f"less {evaluation.runs[0]}", models, names, lambda *at: _signed(found.get(at)))


def _signed(difference: Estimate | None) -> str:
    return "-" if difference is None else signed_text(difference)
