"""Realised metrics in the terminal."""

from collections.abc import Iterator
from dataclasses import replace

from rich.table import Table

from planrec.data.protected import FEWEST, OTHER
from planrec.metrics import broken_guards
from planrec.monitoring.realised.judged_run import ADVISED
from planrec.monitoring.realised.realised import Realised
from planrec.monitoring.realised.realised_table import UNJUDGED
from planrec.terminal import console_of_tables
from planrec.training.run_terminal import group_lines, metrics_tables
from planrec.wording import counted, figure, visible

MOST_HARMED = 20
"Advice in a list of harm, the worst first; `--json` lists all."


def print_realised(found: Realised, *, lists_harmed: bool) -> None:
    """Print the metrics, the groups, the advice that is not judged, and the harm if it is to be listed."""
    console = console_of_tables(markup=False, highlight=False)
    if found.metrics:
        groups = [replace(v, model=group) for group, of_group in found.by.items() for v in of_group]
        for table in (*metrics_tables([*found.metrics, *found.promised]), *metrics_tables(groups)):
            console.print(table)
        for line in (*group_lines(found.metrics), *_judged_lines(found)):
            console.print(visible(line), soft_wrap=True)
        if lists_harmed:
            console.print(_harmed(found))
    for line in unjudged_lines(found):
        console.print(line, soft_wrap=True)
    own = {v.metric: v.value for v in found.metrics if v.model == ADVISED and v.group is None}
    for warning in broken_guards(own):
        console.print(f"warning: {warning}", style="bold red")


def unjudged_lines(found: Realised) -> Iterator[str]:
    """Yield one line per reason for which advice is not judged."""
    if not found.metrics:
        yield "no advice can be judged yet"
    for reason, names in found.table.unjudged.items():
        yield f"{len(names):,} not judged: {UNJUDGED[reason]}"


def _judged_lines(found: Realised) -> Iterator[str]:
    first, moves, bills = found.metrics[0], found.moves, found.bills
    yield (
        f"{counted(first.n_decisions, 'decision')} of {counted(first.n_subscribers, 'subscriber')} judged by"
        f" bills, {found.decided}, amounts in {found.currency} a month; 95 % intervals over subscribers"
    )
    yield (
        f"{moves.advised:,} moves advised: {moves.accepted:,} accepted, {moves.declined:,} declined,"
        f" {moves.left:,} left, {moves.unknown:,} not known"
    )
    bins = ", ".join(
        f"{one.confidence:.2f} given, {one.hit_rate:.2f} came true ({one.n:,})" for one in found.reliability
    )
    if bins:
        yield f"P(cheaper): {bins}"
    for column, n_rare in found.table.rare_groups.items():
        groups = f"{counted(n_rare, 'group')} of fewer than {FEWEST} subscribers each"
        yield f"protected column {column!r}: {groups} form the group {OTHER!r}"
    if found.table.n_differing:
        yield f"{found.table.n_differing:,} answers would be different now: planrec replay shows how"
    if bills.n_months:
        yield (
            f"{bills.n_different:,} of {counted(bills.n_months, 'bill')} sent differ from those rated, by"
            f" {figure(bills.mean_difference)} {found.currency} in the mean over all"
        )


def _harmed(found: Realised) -> Table:
    table = Table("harmed", "as_of", "plan held", "advised", f"extra a month, {found.currency}", "accepted")
    answers = {True: "yes", False: "no", None: "not known"}
    for harm in found.harmed[:MOST_HARMED]:
        table.add_row(
            *map(visible, (harm.recommendation_id, harm.as_of, harm.plan_held, harm.advised)),
            f"{harm.extra:.2f}",
            answers[harm.accepted],
        )
    if (left := len(found.harmed) - MOST_HARMED) > 0:
        table.caption = f"and {left:,} more: --json lists all"
    return table
