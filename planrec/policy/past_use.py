"""What the last months would have been on every plan: arrays over all rows of a table, integers only.

Everything here can be computed again from a request and the catalogue: it looks at the usage of the last
months, never at what a model learned.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planrec.catalogue import Allowances, Catalogue, allowances_of, bill_basis, rate
from planrec.schema import Columns, Usage, lag

REASON_MONTHS = 6
"Reasons look at this many of the last months, or at those that are known where they are fewer."


@dataclass(frozen=True)
class PastUse:
    """The known ones of the last `REASON_MONTHS` months of n subscribers, on the J plans of a catalogue."""

    columns: Columns
    "Lag columns, shape (n,) each."
    catalogue: Catalogue

    @cached_property
    def months(self) -> np.ndarray:
        """How many months are known, shape (n,), int64."""
        return self._is_known.sum(axis=1)

    @cached_property
    def is_exact(self) -> bool:
        """Whether the months rate to the cent."""
        return bill_basis(self._usage, self.catalogue) == "exact"

    @cached_property
    def mean_bill(self) -> np.ndarray:
        """Mean bill of the known months on every plan: (n, J), int64, minor units, rounded half up.

        0 where no month is known.
        """
        total = np.einsum("nmj,nm->nj", self._by_month(rate(self._usage, self.catalogue)), self._is_known)
        months = np.maximum(self.months, 1)[:, None]
        return (2 * total + months) // (2 * months)

    @cached_property
    def allowances(self) -> Allowances:
        """The A allowances of all plans."""
        return allowances_of(self.catalogue)

    @cached_property
    def used(self) -> np.ndarray:
        """What counts against each allowance, all known months together: (n, A), int64, hundredths."""
        return np.einsum("nmc,nm->nc", self._counted, self._is_known)[:, self._counting]

    @cached_property
    def months_over(self) -> np.ndarray:
        """In how many known months an allowance was not enough: (n, A), int64."""
        return self._is_over.sum(axis=1)

    @cached_property
    def months_covered(self) -> np.ndarray:
        """In how many known months all allowances of a plan were enough: (n, J), int64."""
        plan_of = np.array([allowance.plan for allowance in self.allowances.metered], np.int64)
        is_of_plan = (plan_of[:, None] == np.arange(len(self.catalogue.plans))).astype(np.int64)
        is_over_any = (self._is_over @ is_of_plan) > 0
        return self.months[:, None] - is_over_any.sum(axis=1)

    @cached_property
    def _lags(self) -> list[int]:
        return [ago for ago in range(1, REASON_MONTHS + 1) if lag(Usage.DATA_MIB, ago) in self.columns]

    @cached_property
    def _names(self) -> list[str]:
        return [name for name in Usage.ALL if lag(name, 1) in self.columns]

    @cached_property
    def _stacked(self) -> np.ndarray:
        """Shape (usage columns, n, months), float64."""
        columns = [[self.columns[lag(name, ago)] for ago in self._lags] for name in self._names]
        return np.array(columns).transpose(0, 2, 1)

    @cached_property
    def _is_known(self) -> np.ndarray:
        """Shape (n, months), bool."""
        return ~np.isnan(self._stacked[self._names.index(Usage.DATA_MIB)])

    @cached_property
    def _usage(self) -> Columns:
        """Usage columns of all months, subscriber by subscriber, shape (n * months,); 0 where not known."""
        flat = np.where(self._is_known, self._stacked, 0.0).reshape(len(self._names), -1)
        return dict(zip(self._names, flat, strict=True))

    @cached_property
    def _counted(self) -> np.ndarray:
        return self._by_month(self.allowances.counted(self._usage, self.catalogue))

    @cached_property
    def _counting(self) -> np.ndarray:
        return np.array([allowance.counting for allowance in self.allowances.metered], np.int64)

    @cached_property
    def _is_over(self) -> np.ndarray:
        """Shape (n, months, A), bool; never in a month that is not known, where usage reads 0."""
        included = np.array([allowance.included for allowance in self.allowances.metered], np.int64)
        return self._counted[:, :, self._counting] > included

    def _by_month(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape(len(self._is_known), len(self._lags), flat.shape[1])
