"""The proxy screen: do the features predict a protected group, although its column is not a feature?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.commands.advice import typed
from planrec.errors import CheckError
from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    from lightgbm import LGBMClassifier

MOST_DECISIONS = 5_000
"Number of randomly drawn decisions that are screened: bounds the time."
FEWEST = 50
"Groups with fewer subscribers inside or outside are not screened."
N_FOLDS = 3
N_BOOTSTRAP = 200
RANDOM_AUC = 0.5
"AUC of random guessing; groups whose interval includes it are not reported."


@dataclass(frozen=True)
class Proxy:
    """How well the features predict one group against the others."""

    column: str
    group: str
    auc: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"the features predict {self.column}={self.group} with AUC {self.auc:.2f}"
            f" [{self.low:.2f}, {self.high:.2f}]"
        )


def check_proxies(
    features: np.ndarray, table: DecisionTable, at_most: float | None, waiver: str | None, seed: int
) -> list[str]:
    """Screen every protected column.

    Args:
        features: shape (n, n_features), float64, NaN if missing; one row per decision of the table.
        table: the decisions, with the segments of the protected columns.
        at_most: limit of the AUC; an interval above it stops the run. None for no limit.
        waiver: the reason for which the limit may be exceeded; None to enforce it.
        seed: seed of the draws and the models.

    Returns:
        The results to record in the run.

    Raises:
        CheckError: the AUC intervals of some groups are above `at_most`; lists all of them.
    """
    found = list(proxies(features, table, seed))
    predicted = [proxy for proxy in found if proxy.low > RANDOM_AUC]
    stops = [proxy for proxy in predicted if at_most is not None and proxy.low > at_most]
    if stops and waiver is None:
        raise CheckError(
            "the features stand in for a protected column",
            [
                *(f"{proxy}, must be at most {at_most:g}" for proxy in stops),
                f"drop the columns that predict it with {typed({'data.drop_columns': ['COLUMN']})}, choose"
                f" other features, or give the reason: {typed({'waivers.proxy': 'WHY THIS IS FINE'})}",
            ],
        )
    notes = [f"proxy: {proxy}{f'; waived: {waiver}' if proxy in stops else ''}" for proxy in predicted]
    others = [f"{proxy.column}={proxy.group}" for proxy in found if proxy not in predicted]
    return notes + ([f"proxy: the features do not predict {', '.join(others)}"] if others else [])


def proxies(features: np.ndarray, table: DecisionTable, seed: int) -> Iterator[Proxy]:
    """Yield the AUC of every group, of a small LightGBM on other subscribers, with its 95 % interval."""
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(table))[:MOST_DECISIONS]
    subscriber = np.unique(table.subscriber[rows], return_inverse=True)[1]
    fold = generator.integers(0, N_FOLDS, subscriber.max(initial=0) + 1)[subscriber]
    draws = generator.multinomial(len(np.unique(subscriber)), _equal(subscriber), N_BOOTSTRAP)
    for column, of_row in table.segments.items():
        of_group = of_row[rows].astype(str)
        for group in np.unique(of_group):
            is_group = of_group == group
            sides = [len(np.unique(subscriber[side])) for side in (is_group, ~is_group)]
            if min(sides) >= FEWEST:
                score = _cross_fitted(features[rows], is_group, fold, seed)
                weights = np.vstack([np.ones((1, len(rows))), draws[:, subscriber]])
                auc = _auc(score, is_group, weights)
                low, high = np.nanpercentile(auc[1:], (2.5, 97.5))
                yield Proxy(column, str(group), float(auc[0]), float(low), float(high))


def _equal(subscriber: np.ndarray) -> np.ndarray:
    n = subscriber.max(initial=0) + 1
    return np.full(n, 1 / n)


def _cross_fitted(features: np.ndarray, is_group: np.ndarray, fold: np.ndarray, seed: int) -> np.ndarray:
    """Predict the group by models of other subscribers, as ranks in each fold, shape (n,)."""
    score = np.full(len(is_group), 0.5)
    for number in range(N_FOLDS):
        train, test = fold != number, fold == number
        if not test.any() or len(np.unique(is_group[train])) < 2:
            continue
        chance = (
            small_classifier(seed).fit(features[train], is_group[train]).predict_proba(features[test])[:, 1]
        )
        # Ranks, because the level of the predictions differs between the models of the folds.
        score[test] = np.searchsorted(np.sort(chance), chance) / test.sum()
    return score


def small_classifier(seed: int) -> "LGBMClassifier":
    """Return an unfitted LightGBM that is fast and good enough to see if columns predict something."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        n_estimators=40, learning_rate=0.1, num_leaves=8, random_state=seed, n_jobs=1, verbose=-1,
        deterministic=True, force_row_wise=True,
    )  # fmt: skip


def _auc(score: np.ndarray, is_group: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the weighted AUC, ties one half: shape (B,) for weights (B, n); NaN if a side has no weight."""
    places = np.unique(score, return_inverse=True)[1]
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    inside, outside = (
        np.add.reduceat((weights * side)[:, order], starts, axis=1) for side in (is_group, ~is_group)
    )
    below = np.cumsum(outside, axis=1) - outside / 2
    pairs = inside.sum(axis=1) * outside.sum(axis=1)
    return np.divide((inside * below).sum(axis=1), pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
