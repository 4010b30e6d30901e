"""The last months of usage rated on every plan: arrays over all rows of a table, in integers only.

All results depend only on a request and the catalogue: they use the usage of the last months and no model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from planrec.catalogue import Allowances, Catalogue, allowances_of, bill_basis, counts_of, rate_counts
from planrec.schema.columns import Columns
from planrec.schema.decision_rows import lags_in

PAST_MONTHS = 6
"Number of last months that reasons use, and the expected bills of models that forecast none."


class _Read(NamedTuple):
    """The months as given."""

    is_known: np.ndarray
    "Shape (months, n), bool."
    counts: Mapping[str, np.ndarray]
    "`counts_of` all months, shape (months * n,); 0 if unknown."
    bill_basis: Literal["exact", "approximate"]


@dataclass(frozen=True)
class PastUsage:
    """The known months among the last `window` months of n subscribers, on the J plans of a catalogue.

    Each array is computed on first use, so that one object can serve both predictions and reasons.
    """

    columns: Columns
    "Lag columns, shape (n,) each."
    catalogue: Catalogue
    window: int = PAST_MONTHS

    @cached_property
    def months(self) -> np.ndarray:
        """Number of known months, shape (n,), int64."""
        return self._read.is_known.sum(axis=0)

    @property
    def bill_basis(self) -> Literal["exact", "approximate"]:
        """`exact` if the months rate to the cent."""
        return self._read.bill_basis

    @cached_property
    def mean_bill(self) -> np.ndarray:
        """Mean bill of the known months on every plan: (n, J), int64, minor units, rounded half up.

        0 without known months.
        """
        months = np.maximum(self.months, 1)[:, None]
        return (2 * self._total_bill + months) // (2 * months)

    @cached_property
    def expected_bill(self) -> np.ndarray:
        """Mean bill without rounding: (n, J), float64, major unit; NaN without known months."""
        divisor = self.months * 10.0**self.catalogue.exponent
        return self._total_bill / np.where(divisor > 0, divisor, np.nan)[:, None]

    @property
    def allowances(self) -> Allowances:
        """The A allowances of all plans."""
        return allowances_of(self.catalogue)

    @cached_property
    def used(self) -> np.ndarray:
        """Usage that counts against each allowance, sum of the known months: (n, A), int64, hundredths."""
        return self._counted.sum(axis=1)[self.allowances.counting].T

    @cached_property
    def months_over(self) -> np.ndarray:
        """Number of known months in which usage exceeded an allowance: (n, A), int64."""
        return self._is_over.sum(axis=1).T

    @cached_property
    def months_covered(self) -> np.ndarray:
        """Number of known months in which all allowances of a plan were enough: (n, J), int64."""
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
        """Sum of the bills of the known months, shape (n, J), int64, minor units."""
        is_known, counts, _ = self._read
        bills = rate_counts(counts, is_known.size, self.catalogue).T
        total: np.ndarray = (bills.reshape(len(bills), *is_known.shape) * is_known).sum(axis=1).T
        return total

    @cached_property
    def _counted(self) -> np.ndarray:
        """Counted usage, shape (countings, months, n), int64; 0 in unknown months."""
        is_known, counts, _ = self._read
        counted = self.allowances.counted(counts, is_known.size)
        return counted.reshape(len(counted), *is_known.shape)

    @cached_property
    def _is_over(self) -> np.ndarray:
        """Whether usage exceeded each allowance, shape (A, months, n), bool; False in unknown months."""
        return self._counted[self.allowances.counting] > self.allowances.included[..., None]
