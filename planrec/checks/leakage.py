"""The screen for leaks: a single column that tells the plan held."""

from dataclasses import dataclass

import numpy as np

from planrec.checks.evidence import Evidence, Found, codes_of, source_name, subscriber_codes
from planrec.checks.label import is_the_label
from planrec.wording import counted, shown

AUC_LIMIT = 0.98
"A column whose AUC is surely above this knows the plan."
MIN_SUBSCRIBERS = 50
"Plans with fewer are not screened."
MIN_SUBSCRIBERS_OF_THE_REST = 10
"With fewer on the other side a column of noise can come first by chance, and DeLong's variance is 0."
Z = 1.96
"The lower end of a 95 % interval."

_MAX_CATEGORIES = 100
"Numbers with more distinct values are also screened by rank, in this many bins of equal size."


@dataclass(frozen=True)
class _Screen:
    """One row per subscriber, since rows of one subscriber are no independent evidence."""

    rows: np.ndarray
    "Shape (n,): position of each subscriber's last decision."
    plan: np.ndarray
    "Shape (n,): index of the plan held."
    classes: np.ndarray
    "Plans to screen, one against the rest."
    half: np.ndarray
    "Shape (n,), 0 or 1: a random half of the subscribers; each is judged by what the other half shows."

    @property
    def unscreened(self) -> np.ndarray:
        """Plans with subscribers that are not screened, unless the one other plan is: that is the same."""
        held = np.unique(self.plan)
        missed = np.setdiff1d(held, self.classes)
        return missed[:0] if len(held) == 1 or (len(held) == 2 and len(missed) == 1) else missed


def leakage_screen(evidence: Evidence) -> Found:
    """Every column on its own against the plan held, one plan against the rest.

    Stops where the lower limit of the AUC is above 0.98, for plans with at least 50 subscribers. Judged on
    the last decision of every subscriber, so the limit counts subscribers, not rows: AUC - 1.96 standard
    errors of DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988). Three ways for a column to tell:

    * by its order, rising or falling (numbers and dates; missing counts as lowest);
    * by its value: the share of the plan among the *other half* of the subscribers with that value. A value
      that nobody in the other half has tells nothing, which is why ids are not leaks;
    * numbers with many values, by their hundredth of the ranks, in the same way: a fee with some noise.

    A column that is the label itself is left to `label_in_features`. Plans that were not screened are noted.
    """
    screen, table = _screen_of(evidence), evidence.table
    if screen is None:
        return Found()
    told = {name: _worst(values, screen) for name, values in table.X.items()} if len(screen.classes) else {}
    leaks = sorted(
        (told_plan, name)
        for name, told_plan in told.items()
        if told_plan is not None and not is_the_label(table.X[name], table)
    )
    return Found(
        tuple(
            f"column {source_name(table, name)!r} alone tells who holds {table.plans[plan]!r}:"
            f" AUC above {lower:.3f} (95 % limit over {counted(len(screen.rows), 'subscriber')}),"
            f" must not be above {AUC_LIMIT}"
            for (lower, plan), name in reversed(leaks)
        ),
        drop=tuple(source_name(table, name) for _, name in reversed(leaks)),
        notes=_unscreened_notes(screen, table.plans),
    )


def _unscreened_notes(screen: _Screen, plans: tuple[str, ...]) -> tuple[str, ...]:
    if len(screen.rows) == 0:
        return ("not screened for leaks: no plan held is known",)
    missed = screen.unscreened
    if len(missed) == 0:
        return ()
    small = [plans[plan] for plan in missed if (screen.plan == plan).sum() < MIN_SUBSCRIBERS]
    # A plan is big and missed only where all others together are few, so then they are all listed.
    return (
        f"not screened for leaks: {'plan' if len(small) == 1 else 'plans'} {shown(small)}"
        f" {'has' if len(small) == 1 else 'have'} fewer than {MIN_SUBSCRIBERS} subscribers",
    )


def _screen_of(evidence: Evidence) -> _Screen | None:
    """None where no plan is known; no classes where no plan has enough subscribers on either side."""
    table = evidence.table
    plan_of_row = table.held if table.held is not None else table.y
    if plan_of_row is None:
        return None
    rows = _last_decisions(evidence, np.flatnonzero(plan_of_row >= 0))
    plan = plan_of_row[rows]
    count = np.bincount(plan, minlength=len(table.plans))
    enough = (count >= MIN_SUBSCRIBERS) & (len(rows) - count >= MIN_SUBSCRIBERS_OF_THE_REST)
    # The seed is part of the method: the same table always gets the same answer.
    half = np.random.default_rng(0).permutation(len(rows)) % 2
    return _Screen(rows, plan, np.flatnonzero(enough), half)


def _last_decisions(evidence: Evidence, known: np.ndarray) -> np.ndarray:
    """Position of each subscriber's last decision among the known ones."""
    codes = subscriber_codes(evidence)[known]
    as_of = evidence.table.as_of
    order = np.argsort(codes, kind="stable") if as_of is None else np.lexsort((as_of[known], codes))
    is_last = np.append(np.diff(codes[order]) != 0, True)[: len(known)]
    return known[order[is_last]]


def _worst(values: np.ndarray, screen: _Screen) -> tuple[float, int] | None:
    """Lower limit of the AUC against the plan that the column tells best, and that plan; None if legal."""
    codes = codes_of(values[screen.rows])
    found = []
    if values.dtype != object:
        found += _told_by_order(codes, screen)
        codes = _binned(codes)
    found += _told_by_value(codes, screen)
    return max((told for told in found if told[0] > AUC_LIMIT), default=None)


def _told_by_order(codes: np.ndarray, screen: _Screen) -> list[tuple[float, int]]:
    """Lower limits for the plans that come first or last when subscribers are put in order of the codes."""
    count, classes = np.bincount(codes), screen.classes
    # Rank sums (Mann-Whitney) give the AUC of every plan at once; few columns need more.
    middle_rank = np.cumsum(count) - (count - 1) / 2
    rank_sum = np.bincount(screen.plan, middle_rank[codes])[classes]
    n_of_class = np.bincount(screen.plan)[classes]
    auc = (rank_sum - n_of_class * (n_of_class + 1) / 2) / (n_of_class * (len(codes) - n_of_class))
    limits = []
    for number in np.flatnonzero(np.maximum(auc, 1 - auc) > AUC_LIMIT):
        plan, step = classes[number], 1 if auc[number] > 0.5 else -1
        positive = np.bincount(codes[screen.plan == plan], minlength=len(count))
        limits.append((_lower_limit(positive[::step], (count - positive)[::step]), int(plan)))
    return limits


def _binned(codes: np.ndarray) -> np.ndarray:
    """Codes in their order, at most _MAX_CATEGORIES of them; equal codes stay together."""
    count = np.bincount(codes)
    if len(count) <= _MAX_CATEGORIES:
        return codes
    return ((np.cumsum(count) - 1) * _MAX_CATEGORIES // len(codes))[codes]


def _told_by_value(codes: np.ndarray, screen: _Screen) -> list[tuple[float, int]]:
    """Lower limits of the share of a plan among those of the other half of the subscribers with that code."""
    n_values = int(codes.max()) + 1
    cells = codes + n_values * screen.half
    total = np.bincount(cells, minlength=2 * n_values)
    # All whose code the other half does not have are tied: with one id each, there is nothing to compute.
    is_tied = np.roll(total, n_values)[cells] == 0
    limits = []
    for plan in screen.classes:
        mine = screen.plan == plan
        if 1 - is_tied[mine].mean() * is_tied[~mine].mean() / 2 <= AUC_LIMIT:
            continue
        positive = np.bincount(cells[mine], minlength=2 * n_values)
        # Drawn towards the overall share, which is also the answer for a code that the other half lacks.
        share = (np.roll(positive, n_values) + mine.mean()) / (np.roll(total, n_values) + 1)
        place = np.unique(share, return_inverse=True)[1]
        limits.append(
            (_lower_limit(np.bincount(place, positive), np.bincount(place, total - positive)), int(plan))
        )
    return limits


def _lower_limit(positive: np.ndarray, negative: np.ndarray) -> float:
    """Lower limit of the AUC of a score, from the number of subscribers on each side at each of its values.

    Args:
        positive: shape (K,), by rising score.
        negative: shape (K,).
    """
    n_positive, n_negative = positive.sum(), negative.sum()
    # DeLong's placement values: the share of the other side that a subscriber beats, ties one half.
    beaten = (np.cumsum(negative) - negative / 2) / n_negative
    auc = positive @ beaten / n_positive
    if auc <= AUC_LIMIT:
        return float(auc)  # the limit is lower still: no need to know it
    beating = 1 - (np.cumsum(positive) - positive / 2) / n_positive
    variance_of_positive = positive @ (beaten - auc) ** 2 / (n_positive - 1)
    variance_of_negative = negative @ (beating - auc) ** 2 / (n_negative - 1)
    return float(auc - Z * np.sqrt(variance_of_positive / n_positive + variance_of_negative / n_negative))
