"""A change of a price in the terminal."""

from math import isnan

from rich.table import Table
from rich.text import Text

from planrec.evaluation.what_if import Moved, WhatIf
from planrec.metrics import Estimate
from planrec.terminal import console_of_tables
from planrec.wording import counted, signed


def print_what_if(answer: WhatIf) -> None:
    """Print shares and revenue of every plan, their changes, and the totals."""
    console = console_of_tables()
    table = Table("plan", "share", "then", "change", "revenue", "then", "change")
    for plan, share in answer.shares.items():
        mark = f"{plan} {answer.change}" if plan == answer.plan else plan
        table.add_row(*map(Text, (mark, *_cells(share, "{:.3f}"), *_cells(answer.revenue[plan], "{:,.2f}"))))
    total = _cells(answer.total_revenue, "{:,.2f}")
    table.add_row(*map(Text, ("all", "", "", "", *total)), style="bold")
    console.print(table)
    if answer.surplus is not None:
        console.print(f"consumer surplus changes by {_signed(answer.surplus)}", markup=False, highlight=False)
    console.print(
        f"{counted(answer.n_cases, 'case')} of {answer.run_id}; sums over the cases; 95 % intervals of the"
        " coefficients, not of the sample",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for note in answer.notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)


def _cells(moved: Moved, form: str) -> tuple[str, str, str]:
    return form.format(moved.now.value), form.format(moved.then.value), _signed(moved.change)


def _signed(change: Estimate) -> str:
    return f"{change.value:+.3g}" if isnan(change.low) else signed(change.value, change.low, change.high)
