"""The leakage screen: single columns that predict the plan held."""

from dataclasses import dataclass

import numpy as np

from planrec.checks.evidence import Evidence, Findings, codes_of, source_name, subscriber_codes
from planrec.checks.label import is_the_label
from planrec.wording import counted, shown

AUC_LIMIT = 0.98
"Columns whose AUC is above this, with its whole interval, are leaks."
MIN_SUBSCRIBERS = 50
"Plans with fewer subscribers are not screened."
MIN_SUBSCRIBERS_OF_THE_REST = 10
"With fewer on the other side, noise can separate the plan by chance, and DeLong's variance is 0."
Z = 1.96
"Standard errors to the lower end of a 95 % interval."

_MAX_CATEGORIES = 100
"Numbers with more distinct values are screened by rank too, in this many bins of equal size."


@dataclass(frozen=True)
class PlanScreen:
    """One row per subscriber, because rows of one subscriber are not independent."""

    rows: np.ndarray
    "Shape (n,): position of each subscriber's last decision."
    plan: np.ndarray
    "Shape (n,): index of the plan held."
    classes: np.ndarray
    "Plans to screen, each against the rest."
    half: np.ndarray
    "Shape (n,), 0 or 1: a random half of the subscribers; each half is scored by the other one."

    @property
    def unscreened(self) -> np.ndarray:
        """Plans that are not screened; of two plans, screening one covers the other."""
        held = np.unique(self.plan)
        missed = np.setdiff1d(held, self.classes)
        return missed[:0] if len(held) == 1 or (len(held) == 2 and len(missed) == 1) else missed


def leakage_screen(evidence: Evidence) -> Findings:
    """Check each column on its own against the plan held, one plan against the rest.

    A column is a leak if the lower limit of its AUC is above 0.98 for a plan with at least 50 subscribers.
    The screen reads the last decision of every subscriber, so the limit counts subscribers, not rows: AUC -
    1.96 standard errors of DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988). A column can predict a plan

    * by its order, rising or falling (numbers and dates; missing counts as lowest);
    * by its value: the share of the plan among the *other half* of the subscribers with that value. A value
      without subscribers in the other half predicts nothing, so ids are not leaks;
    * by the hundredth of its ranks in the same way, for numbers with many values, such as a fee with noise.

    A column that equals the label is left to `label_in_features`. Plans that were not screened are noted.
    """
    screen, table = screen_of(evidence), evidence.table
    if screen is None:
        return Findings()
    worst = (
        {name: best_separated(values, screen) for name, values in table.X.items()}
        if len(screen.classes)
        else {}
    )
    leaks = sorted(
        (limit_and_plan, name)
        for name, limit_and_plan in worst.items()
        if limit_and_plan is not None and not is_the_label(table.X[name], table)
    )
    return Findings(
        tuple(
            f"column {source_name(table, name)!r} alone predicts who holds {table.plans[plan]!r}:"
            f" AUC above {lower:.3f} (95 % limit over {counted(len(screen.rows), 'subscriber')}),"
            f" must not be above {AUC_LIMIT}"
            for (lower, plan), name in reversed(leaks)
        ),
        drop=tuple(source_name(table, name) for _, name in reversed(leaks)),
        notes=_unscreened_notes(screen, table.plans),
    )


def _unscreened_notes(screen: PlanScreen, plans: tuple[str, ...]) -> tuple[str, ...]:
    if len(screen.rows) == 0:
        return ("not screened for leaks: no plan held is known",)
    missed = screen.unscreened
    if len(missed) == 0:
        return ()
    small = [plans[plan] for plan in missed if (screen.plan == plan).sum() < MIN_SUBSCRIBERS]
    # A large plan is missed only if all others together are small, and then these are listed.
    return (
        f"not screened for leaks: {'plan' if len(small) == 1 else 'plans'} {shown(small)}"
        f" {'has' if len(small) == 1 else 'have'} fewer than {MIN_SUBSCRIBERS} subscribers",
    )


def screen_of(evidence: Evidence) -> PlanScreen | None:
    """Return None without known plans; without classes if no plan has enough subscribers on both sides."""
    table = evidence.table
    plan_of_row = table.held if table.held is not None else table.y
    if plan_of_row is None:
        return None
    rows = _last_decisions(evidence, np.flatnonzero(plan_of_row >= 0))
    # The seed is part of the method: the same table always gets the same answer.
    half = np.random.default_rng(0).permutation(len(rows)) % 2
    return PlanScreen(rows, plan_of_row[rows], plans_to_screen(plan_of_row[rows]), half)


def plans_to_screen(plan: np.ndarray) -> np.ndarray:
    """Return the plans, of shape (n,) indexes, that have enough subscribers on both sides.

    Examples:
        >>> plans_to_screen(np.repeat([0, 1, 2], [60, 5, 50])).tolist()
        [0, 2]
    """
    count = np.bincount(plan)
    return np.flatnonzero((count >= MIN_SUBSCRIBERS) & (len(plan) - count >= MIN_SUBSCRIBERS_OF_THE_REST))


def _last_decisions(evidence: Evidence, known: np.ndarray) -> np.ndarray:
    """Find the position of each subscriber's last decision among the known ones."""
    codes = subscriber_codes(evidence)[known]
    as_of = evidence.table.as_of
    order = np.argsort(codes, kind="stable") if as_of is None else np.lexsort((as_of[known], codes))
    is_last = np.append(np.diff(codes[order]) != 0, True)[: len(known)]
    return known[order[is_last]]


def best_separated(values: np.ndarray, screen: PlanScreen) -> tuple[float, int] | None:
    """Return the lower limit of the AUC for the plan that the column predicts best, and the plan.

    None if no limit is above AUC_LIMIT.
    """
    codes = codes_of(values[screen.rows])
    found = []
    if values.dtype != object:
        found += _limits_by_order(codes, screen)
        codes = _binned(codes)
    found += limits_by_value(codes, screen)
    return max(((limit, plan) for limit, plan in found if limit > AUC_LIMIT), default=None)


def _limits_by_order(codes: np.ndarray, screen: PlanScreen) -> list[tuple[float, int]]:
    """Compute lower limits for the plans that the order of the codes separates from the rest."""
    count, classes = np.bincount(codes), screen.classes
    # Rank sums (Mann-Whitney) give the AUC of all plans at once; few columns need more.
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
    """Merge codes into at most _MAX_CATEGORIES in the same order; equal codes stay together."""
    count = np.bincount(codes)
    if len(count) <= _MAX_CATEGORIES:
        return codes
    return ((np.cumsum(count) - 1) * _MAX_CATEGORIES // len(codes))[codes]


def limits_by_value(codes: np.ndarray, screen: PlanScreen) -> list[tuple[float, int]]:
    """Compute lower limits for the share of each plan in the other half of the subscribers, by code."""
    n_values = int(codes.max()) + 1
    cells = codes + n_values * screen.half
    total = np.bincount(cells, minlength=2 * n_values)
    # Rows whose code is not in the other half are tied: for a column of ids this skips the computation.
    is_tied = np.roll(total, n_values)[cells] == 0
    limits = []
    for plan in screen.classes:
        mine = screen.plan == plan
        if 1 - is_tied[mine].mean() * is_tied[~mine].mean() / 2 <= AUC_LIMIT:
            continue
        positive = np.bincount(cells[mine], minlength=2 * n_values)
        # Shrunk towards the overall share, which is also the share of codes that the other half lacks.
        share = (np.roll(positive, n_values) + mine.mean()) / (np.roll(total, n_values) + 1)
        place = np.unique(share, return_inverse=True)[1]
        limits.append(
            (_lower_limit(np.bincount(place, positive), np.bincount(place, total - positive)), int(plan))
        )
    return limits


def _lower_limit(positive: np.ndarray, negative: np.ndarray) -> float:
    """Compute the lower limit of the AUC of a score from the number of subscribers at each of its values.

    Args:
        positive: subscribers with the plan, shape (K,), by rising score.
        negative: subscribers without it, shape (K,).
    """
    n_positive, n_negative = positive.sum(), negative.sum()
    # DeLong's placement values: the share of the other side below a subscriber, ties one half.
    beaten = (np.cumsum(negative) - negative / 2) / n_negative
    auc = positive @ beaten / n_positive
    if auc <= AUC_LIMIT:
        return float(auc)  # the limit is even lower and not needed
    beating = 1 - (np.cumsum(positive) - positive / 2) / n_positive
    variance_of_positive = positive @ (beaten - auc) ** 2 / (n_positive - 1)
    variance_of_negative = negative @ (beating - auc) ** 2 / (n_negative - 1)
    return float(auc - Z * np.sqrt(variance_of_positive / n_positive + variance_of_negative / n_negative))
