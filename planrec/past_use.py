"""What the last months would have been on every plan: arrays over all rows of a table, integers only.

Everything here can be computed again from a request and the catalogue: it looks at the usage of the last
months, never at what a model learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from planrec.catalogue import Allowances, Catalogue, allowances_of, bill_basis, counts_of, rate_counts
from planrec.history import lags_in
from planrec.schema import Columns

PAST_MONTHS = 6
"Expected bills of models that forecast none, and reasons, look at this many of the last months."


class _Read(NamedTuple):
    """The months as they were given."""

    is_known: np.ndarray
    "Shape (months, n), bool."
    counts: Mapping[str, np.ndarray]
    "What `counts_of` says of all of them, shape (months * n,); 0 where not known."
    bill_basis: Literal["exact", "approximate"]


@dataclass(frozen=True)
class PastUse:
    """The known ones of the last `window` months of n subscribers, on the J plans of a catalogue.

    Each array is computed when it is asked for first: one of these serves predictions and reasons.
    """

    columns: Columns
    "Lag columns, shape (n,) each."
    catalogue: Catalogue
    window: int = PAST_MONTHS

    @cached_property
    def months(self) -> np.ndarray:
        """How many months are known, shape (n,), int64."""
        return self._read.is_known.sum(axis=0)

    @property
    def bill_basis(self) -> Literal["exact", "approximate"]:
        """`exact`: the months rate to the cent."""
        return self._read.bill_basis

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

    @property
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
        is_known, plans = self._read.is_known, self.allowances.plan.T
        n_over = plans @ self._is_over.reshape(len(self._is_over), is_known.size)
        is_over_any = (n_over > 0).reshape(len(plans), *is_known.shape)
        return self.months[:, None] - is_over_any.sum(axis=1).T

    @cached_property
    def _read(self) -> "_Read":
        services, lags = lags_in(tuple(self.columns), self.window)
        n_months = len(lags) // len(services)
        months = np.array([self.columns[name] for name in lags]).reshape(len(services), n_months, -1)
        is_known = ~np.isnan(months).any(axis=0)
        flat = np.where(is_known, months, 0.0).reshape(len(services), -1)
        usage = dict(zip(services, flat, strict=True))
        return _Read(is_known, counts_of(usage, self.catalogue), bill_basis(usage, self.catalogue))

    @cached_property
    def _total_bill(self) -> np.ndarray:
        """Shape (n, J), int64, minor units: the known months together."""
        is_known, counts, _ = self._read
        bills = rate_counts(counts, is_known.size, self.catalogue).T
        total: np.ndarray = (bills.reshape(len(bills), *is_known.shape) * is_known).sum(axis=1).T
        return total

    @cached_property
    def _counted(self) -> np.ndarray:
        """Shape (countings, months, n), int64; 0 in a month that is not known."""
        is_known, counts, _ = self._read
        counted = self.allowances.counted(counts, is_known.size)
        return counted.reshape(len(counted), *is_known.shape)

    @cached_property
    def _is_over(self) -> np.ndarray:
        """Shape (A, months, n), bool; never in a month that is not known."""
        return self._counted[self.allowances.counting] > self.allowances.included[..., None]
