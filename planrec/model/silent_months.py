"""How likely a month without any use of a service is: some never use it, the others seldom do not.

Those who use a service have a personal share of silent months, beta distributed.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import N_SERVICES

_SERVICE = np.arange(N_SERVICES)
_MOST_ALIKE, _LEAST_ALIKE = 0.001, 0.95
"Bounds of the correlation of two months of one subscriber."


@dataclass(frozen=True)
class SilentMonths:
    """What was learned of each service, on the last axis: voice, SMS, data."""

    never: np.ndarray
    "Shape (W + 1, 3): share of those who never use it among whom 0, 1 ... W known months were all silent."
    silent: np.ndarray
    known: np.ndarray
    """Shape (3,) each: the beta distribution of the others, silent months among months known, as if seen
    before."""

    def probability(self, n_silent: np.ndarray, n_known: np.ndarray) -> np.ndarray:
        """That a month to come is silent, shape (n, 3), given so many silent ones of so many known: int64."""
        never = np.where(n_silent == n_known, self.never[n_known, _SERVICE], 0.0)
        return never + (1 - never) * (n_silent + self.silent) / (n_known + self.known)


def silent_months_of(n_silent: np.ndarray, n_known: np.ndarray, window: int) -> SilentMonths:
    """By moments; half a subscriber of either kind is added, so that nothing is impossible.

    `window` (W): most months that are ever known of a subscriber.
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
    # That the first 0, 1, 2 ... months are all silent, of someone who uses the service.
    all_silent = np.ones((window + 1, len(never)))
    all_silent[1:] = ((silent + month) / (known + month)).cumprod(axis=0)
    return SilentMonths(never / (never + (1 - never) * all_silent), silent, known)
