"""Probability of a silent month, one without any use of a service.

Some subscribers never use a service. Each of the others has a personal share of silent months, which is beta
distributed.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import N_SERVICES

_SERVICE = np.arange(N_SERVICES)
_MOST_ALIKE, _LEAST_ALIKE = 0.001, 0.95
"Bounds of the correlation between two months of one subscriber."


@dataclass(frozen=True)
class SilentMonths:
    """Fitted parameters of each service, on the last axis: voice, SMS, data."""

    never: np.ndarray
    "Shape (W + 1, 3): probability of never using it, after 0, 1 ... W known months that were all silent."
    silent: np.ndarray
    known: np.ndarray
    """Shape (3,) each: the beta distribution of the others, as pseudo-counts of silent months and of known
    months."""

    def probability(self, n_silent: np.ndarray, n_known: np.ndarray) -> np.ndarray:
        """Estimate the probability that a month to come is silent, shape (n, 3).

        Args:
            n_silent: silent months of each subscriber and service, shape (n, 3), int64.
            n_known: known months, same shape.
        """
        never = np.where(n_silent == n_known, self.never[n_known, _SERVICE], 0.0)
        return never + (1 - never) * (n_silent + self.silent) / (n_known + self.known)


def silent_months_of(n_silent: np.ndarray, n_known: np.ndarray, window: int) -> SilentMonths:
    """Fit by moments; half a subscriber of either kind is added, so that no probability is 0.

    `window` (W) is the largest number of known months of a subscriber.
    """
    seen = n_known > 0
    is_all = seen & (n_silent == n_known)
    never = (is_all.sum(axis=0) + 0.5) / (seen.sum(axis=0) + 1)
    users = seen & ~is_all
    months = np.where(users, n_known, 0).sum(axis=0)
    share = (np.where(users, n_silent, 0).sum(axis=0) + 0.5) / (months + 1)
    count = np.maximum(users.sum(axis=0), 1)
    usual = np.maximum(months / count, 1)
    gap = np.where(users, n_silent / np.maximum(n_known, 1) - share, 0.0)
    alike = (np.square(gap).sum(axis=0) / count / (share * (1 - share)) - 1 / usual) / np.maximum(
        1 - 1 / usual, 0.1
    )
    known = 1 / np.clip(alike, _MOST_ALIKE, _LEAST_ALIKE) - 1
    silent = share * known
    month = np.arange(window)[:, None]
    # Probability that the first 0, 1, 2 ... months of a user of the service are all silent.
    all_silent = np.ones((window + 1, len(never)))
    all_silent[1:] = ((silent + month) / (known + month)).cumprod(axis=0)
    return SilentMonths(never / (never + (1 - never) * all_silent), silent, known)
