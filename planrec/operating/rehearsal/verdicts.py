"""What a rehearsal must show, and whether this one does."""

from collections.abc import Iterator
from dataclasses import dataclass

from planrec.operating.rehearsal.judged_year import HARM, REGRET, MonthlyFigures
from planrec.operating.rehearsal.timeline import missed
from planrec.operating.rehearsal.year import Rehearsed
from planrec.wording import with_interval

MOST_RATIO = 0.85
"Mean regret over the year with operations on, divided by that with operations off."
MOST_HARM = 0.05
"Share of decisions that harm, over the year."


@dataclass(frozen=True)
class Verdict:
    """One figure to reach."""

    text: str
    is_reached: bool


def verdicts_of(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """Yield the verdicts: about the ratio if something was planted, about promotions if nothing was."""
    whole = {figures.metric: figures for figures in rehearsed.figures if figures.month is None}
    if rehearsed.setting.faults:
        yield _ratio(whole[REGRET])
    yield _harm(whole[HARM])
    verdicts = rehearsed.timeline.verdicts()
    unseen = missed(verdicts)
    noticed = f"{len(verdicts) - len(unseen)} of {len(verdicts)} planted faults were noticed"
    yield Verdict(noticed + (f"; missed: {', '.join(unseen)}" if unseen else ""), not unseen)
    if rehearsed.setting.faults:
        return
    worse = [promotion.date for promotion in rehearsed.promotions if promotion.is_worse]
    promoted = f"{len(rehearsed.promotions)} promotions by retraining"
    text = f"{promoted}; worse in hidden regret by more than the margin: {', '.join(worse) or 'none'}"
    yield Verdict(text, not worse)


def _ratio(regret: MonthlyFigures) -> Verdict:
    ratio = regret.ratio
    shown = with_interval(ratio.value, ratio.low, ratio.high)
    return Verdict(f"mean regret on / off {shown}, at most {MOST_RATIO}", ratio.value <= MOST_RATIO)


def _harm(harm: MonthlyFigures) -> Verdict:
    shown = with_interval(harm.on.value, harm.on.low, harm.on.high)
    return Verdict(f"harm over the year {shown}, at most {MOST_HARM}", harm.on.value <= MOST_HARM)
