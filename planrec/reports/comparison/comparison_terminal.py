"""Comparison of two runs in the terminal."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from planrec.metrics import METRICS, Estimate
from planrec.reports.comparison.run_comparison import FEWEST, Comparison
from planrec.reports.leaderboard.board_cells import signed_text
from planrec.terminal import console_of_tables
from planrec.wording import ARROW, with_interval

CHANCE = "of {n} segments, {expected} would exclude 0 by chance alone if the runs were equal; {found} do (!)"


def print_comparison(comparison: Comparison) -> None:
    """Print differences of the configuration, metrics, segments and the verdict."""
    console = console_of_tables()
    for line in _differences(comparison):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_metrics(comparison))
    if comparison.not_paired:
        console.print(f"no paired differences: {comparison.not_paired}", markup=False, highlight=False)
    if comparison.segments:
        console.print(_segments(comparison))
        if any(part.difference is not None for part in comparison.segments):
            console.print(_chance_line(comparison), markup=False, highlight=False)
    console.print(Text(comparison.verdict, style="bold"))


def _differences(comparison: Comparison) -> Iterator[str]:
    for name, run in (("A", comparison.first), ("B", comparison.second)):
        yield f"{name}  {run.manifest.run_id}  {run.manifest.command}"
    for title, found in (("config", comparison.config), ("versions", comparison.versions)):
        yield f"{title}: the same" if not found else f"{title}, A -> B:"
        yield from (f"  {change}" for change in found)


def _metrics(comparison: Comparison) -> Table:
    table = Table("metric", "A", "B", "B less A")
    for pair in comparison.metrics:
        arrow = ARROW[METRICS[pair.name].higher_is_better] if pair.name in METRICS else ""
        cells = (_value_cell(pair.first), _value_cell(pair.second), _difference_cell(pair.difference))
        table.add_row(Text(f"{pair.name}{arrow}"), *cells)
    return table


def _segments(comparison: Comparison) -> Table:
    table = Table("segment", "value", "decisions", "subscribers", f"{comparison.metric}, B less A", "")
    for part in comparison.segments:
        difference = part.difference
        small = f"too small: fewer than {FEWEST} subscribers"
        table.add_row(
            Text(part.segment),
            Text(part.value),
            f"{part.n_decisions:,}",
            f"{part.n_subscribers:,}",
            small if difference is None else _difference_cell(difference),
            "!" if difference is not None and difference.excludes_zero else "",
        )
    return table


def _chance_line(comparison: Comparison) -> str:
    differences = [part.difference for part in comparison.segments if part.difference is not None]
    found = sum(difference.excludes_zero for difference in differences)
    return CHANCE.format(n=len(differences), expected=f"about {0.05 * len(differences):.1f}", found=found)


def _value_cell(value: Estimate) -> str:
    return with_interval(value.value, value.low, value.high)


def _difference_cell(value: Estimate | None) -> str:
    return "-" if value is None else signed_text(value)
