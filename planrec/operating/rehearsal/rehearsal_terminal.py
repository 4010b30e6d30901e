"""The rehearsal in the terminal: the timeline, the faults, the figures by month, the verdicts."""

from collections.abc import Iterator

from planrec.metrics import Estimate
from planrec.operating.rehearsal.judged_year import HARM, REGRET
from planrec.operating.rehearsal.verdicts import verdicts_of
from planrec.operating.rehearsal.year import Rehearsed
from planrec.wording import with_interval


def lines_of(rehearsed: Rehearsed) -> Iterator[str]:
    """Yield the lines of the terminal."""
    yield from map(str, rehearsed.timeline.in_order())
    yield ""
    yield from _table(rehearsed)
    yield ""
    for verdict in verdicts_of(rehearsed):
        yield f"{'reached' if verdict.is_reached else 'MISSED '}  {verdict.text}"


def _table(rehearsed: Rehearsed) -> Iterator[str]:
    yield f"{'month':8} {'regret on':>22} {'off':>22} {'harm on':>22} {'off':>22}"
    by_key = {(figures.metric, figures.month): figures for figures in rehearsed.figures}
    for month in [month for metric, month in by_key if metric == REGRET]:
        regret, harm = by_key[REGRET, month], by_key[HARM, month]
        cells = [shown(value) for value in (regret.on, regret.off, harm.on, harm.off)]
        yield " ".join([f"{month or 'all':8}", *(f"{cell:>22}" for cell in cells)])


def shown(value: Estimate) -> str:
    """Return a value with its interval.

    Examples:
        >>> shown(Estimate(0.5, 0.4, 0.6))
        '0.500 [0.400, 0.600]'
    """
    return with_interval(value.value, value.low, value.high)
