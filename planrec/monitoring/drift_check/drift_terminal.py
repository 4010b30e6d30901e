"""A check in the terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from planrec.input_drift import ColumnDrift
from planrec.input_drift.cheaper_evidence import LEAST_BIAS, cheaper_bias
from planrec.input_drift.evidence import REFERENCE_DAYS, THRESHOLD
from planrec.monitoring.drift_check.drift_report import DriftReport
from planrec.monitoring.drift_check.month_file import FileReport
from planrec.terminal import console_of_tables
from planrec.wording import counted

HEADS = ("column", "rows", "missing", "in training", "PSI", "expected without drift")
"Of the table of effect sizes."
EFFECT = "Effect sizes on the last day with rows; they decide nothing"


def print_check(report: DriftReport | FileReport) -> None:
    """Print effect sizes, then the verdict line by line."""
    console = console_of_tables()
    table = Table(*HEADS)
    for column in report.columns:
        table.add_row(*effect_cells(column))
    if report.columns:
        console.print(table)
    lines = log_lines(report) if isinstance(report, DriftReport) else file_lines(report)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def effect_cells(column: ColumnDrift) -> Sequence[str]:
    """Return the cells of one column, in the order of HEADS."""
    return (
        column.name,
        f"{column.n:,}",
        f"{column.missing:.1%}",
        f"{column.missing_in_training:.1%}",
        f"{column.psi:.4f}",
        f"{column.psi_expected:.4f}",
    )


def log_lines(report: DriftReport) -> Iterator[str]:
    """Yield the verdict about a log, one sentence per line."""
    latest = report.latest
    if latest is None:
        yield f"{report.run_id}: the log has no day that is over, nothing is judged yet"
    else:
        n_judged = sum(day.use == "judged" for day in report.state.days)
        yield (
            f"{report.run_id}: {counted(len(report.state.reference), 'reference day')} of {REFERENCE_DAYS},"
            f" {counted(n_judged, 'day')} judged by evidence; the last day is {latest.day} with"
            f" {counted(latest.rows, 'answer')}"
        )
    if report.state.is_ready:
        yield f"evidence of drift: {evidence_text(report.evidence)}; an alarm from {THRESHOLD:,.0f} on"
    else:
        yield f"hard problems only, until there are {REFERENCE_DAYS} reference days"
    yield from cheaper_lines(report)
    yield from (f"note: {note}" for note in report.notes)
    yield from (f"problem: {problem}" for problem in report.problems)
    yield verdict(report)


def file_lines(report: FileReport) -> Iterator[str]:
    """Yield the verdict about a file, one sentence per line."""
    if report.expected_cheaper is not None:
        yield _expected(report.expected_cheaper)
    yield from (f"problem: {problem}" for problem in report.problems)
    yield verdict(report)


def cheaper_lines(report: DriftReport) -> Iterator[str]:
    """Yield the sentences about P(cheaper): by bills, and by the predictions alone."""
    if report.cheaper is not None:
        n = sum(len(day.probability) for day in report.bills)
        bias = f"{cheaper_bias(report.bills) * 100:+.1f} points of bias (an alarm needs {LEAST_BIAS * 100:g})"
        yield (
            f"evidence that P(cheaper) is wrong: {evidence_text(report.cheaper)}, from {counted(n, 'bill')},"
            f" {bias}"
        )
    if report.latest is not None and report.latest.expected_cheaper is not None:
        yield _expected(report.latest.expected_cheaper)


def verdict(report: DriftReport | FileReport) -> str:
    """Return the last line: the names of all that drifted."""
    return f"DRIFT: {', '.join(report.alarms)}" if report.alarms else "no drift"


def evidence_text(value: float) -> str:
    """Format evidence.

    >>> evidence_text(0.4321), evidence_text(12_345.6)
    ('0.4', '12,346')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _expected(share: float) -> str:
    return f"if calibration still holds, {share:.0%} of the advice to move is cheaper; this decides nothing"
