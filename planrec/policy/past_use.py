"""What the last months would have been on every plan: arrays over all rows of a table, integers only.

Everything here can be computed again from a request and the catalogue: it looks at the usage of the last
months, never at what a model learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planrec.catalogue import Allowances, Catalogue, allowances_of, bill_basis, counts_of, rate_counts
from planrec.schema import Columns, Usage, lag

PAST_MONTHS = 6
"Expected bills of models that forecast none, and reasons, look at this many of the last months."


@dataclass(frozen=True)
class PastUse:
    """The known ones of the last `PAST_MONTHS` months of n subscribers, on the J plans of a catalogue.

    Each array is computed when it is asked for first: one of these serves predictions and reasons.
    """

    columns: Columns
    "Lag columns, shape (n,) each."
    catalogue: Catalogue

    @cached_property
    def months(self) -> np.ndarray:
        """How many months are known, shape (n,), int64."""
        return self._is_known.sum(axis=0)

    @cached_property
    def is_exact(self) -> bool:
        """Whether the months rate to the cent."""
        return bill_basis(self._usage, self.catalogue) == "exact"

    @cached_property
    def mean_bill(self) -> np.ndarray:
        """Mean bill of the known months on every plan: (n, J), int64, minor units, rounded half up.

        0 where no month is known.
        """
        months = np.maximum(self.months, 1)[:, None]
        return (2 * self._total_bill + months) // (2 * months)

    @cached_property
    def expected_bill(self) -> np.ndarray:
        """The same, not rounded: (n, J), float64, the major unit; NaN where no month is known."""
        divisor = self.months * 10.0**self.catalogue.exponent
        return self._total_bill / np.where(divisor > 0, divisor, np.nan)[:, None]

    @cached_property
    def allowances(self) -> Allowances:
        """The A allowances of all plans."""
        return allowances_of(self.catalogue)

    @cached_property
    def used(self) -> np.ndarray:
        """What counts against each allowance, all known months together: (n, A), int64, hundredths."""
        return self._counted.sum(axis=1)[self.allowances.counting].T

    @cached_property
    def months_over(self) -> np.ndarray:
        """In how many known months an allowance was not enough: (n, A), int64."""
        return self._is_over.sum(axis=1).T

    @cached_property
    def months_covered(self) -> np.ndarray:
        """In how many known months all allowances of a plan were enough: (n, J), int64."""
        n_over = self.allowances.plan.T @ self._is_over.reshape(len(self._is_over), self._is_known.size)
        is_over_any = (n_over > 0).reshape(-1, *self._is_known.shape)
        return self.months[:, None] - is_over_any.sum(axis=1).T

    @cached_property
    def _names(self) -> list[str]:
        return [name for name in Usage.ALL if lag(name, 1) in self.columns]

    @cached_property
    def _stacked(self) -> np.ndarray:
        """Shape (usage columns, months, n), float64."""
        lags = [ago for ago in range(1, PAST_MONTHS + 1) if lag(Usage.DATA_MIB, ago) in self.columns]
        return np.array([[self.columns[lag(name, ago)] for ago in lags] for name in self._names])

    @cached_property
    def _is_known(self) -> np.ndarray:
        """Shape (months, n), bool."""
        return ~np.isnan(self._stacked).any(axis=0)

    @cached_property
    def _usage(self) -> Columns:
        """Usage columns of all months, shape (months * n,); 0 where not known."""
        flat = np.where(self._is_known, self._stacked, 0.0).reshape(len(self._names), -1)
        return dict(zip(self._names, flat, strict=True))

    @cached_property
    def _counts(self) -> Mapping[str, np.ndarray]:
        return counts_of(self._usage, self.catalogue)

    @cached_property
    def _total_bill(self) -> np.ndarray:
        """Shape (n, J), int64, minor units: the known months together."""
        bills = rate_counts(self._counts, self._is_known.size, self.catalogue)
        by_month = bills.reshape(*self._is_known.shape, -1)
        total: np.ndarray = (by_month * self._is_known[..., None]).sum(axis=0)
        return total

    @cached_property
    def _counted(self) -> np.ndarray:
        """Shape (countings, months, n), int64; 0 in a month that is not known."""
        counted = self.allowances.counted(self._counts, self._is_known.size)
        return counted.reshape(-1, *self._is_known.shape)

    @cached_property
    def _is_over(self) -> np.ndarray:
        """Shape (A, months, n), bool; never in a month that is not known."""
        return self._counted[self.allowances.counting] > self.allowances.included[..., None]
