"""Usage that counts against the allowances of every plan, for many months at once, in integers.

`rating` computes the cost of months; this module computes how much of each allowance they use.
`invoice.counted_usage` is the readable reference for one month.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from planrec.catalogue.plans import Catalogue
from planrec.catalogue.rating import hundredths, rounded, voice_column
from planrec.catalogue.terms import Rounding, Service
from planrec.schema.columns import Usage

SERVICES = ("data", "voice", "sms")
"In the order of their weight in a bill."


@dataclass(frozen=True)
class Counting:
    """One way to count a usage column; `step` is in hundredths."""

    column: str
    mode: Literal["ceil", "nearest", "floor", "none"]
    step: int


@dataclass(frozen=True)
class Allowance:
    """The allowance of one service on one plan."""

    plan: int
    "Index of the plan."
    service: str
    counting: int
    "Position in `Allowances.countings`."
    included: int
    "Hundredths of a minute, message or MiB."
    unit: Fraction
    "Hundredths in one unit of the service: 102400 for GiB. A GB may be a fraction of hundredths."


@dataclass(frozen=True)
class Allowances:
    """All allowances of a catalogue; unlimited services have none."""

    n_plans: int
    countings: tuple[Counting, ...]
    metered: tuple[Allowance, ...]
    "By plan, then in the order of `SERVICES`."

    @cached_property
    def plan(self) -> np.ndarray:
        """The plan of each metered allowance as 0 or 1, shape (A, J), int64."""
        owner = np.array([allowance.plan for allowance in self.metered], np.int64)
        return (owner[:, None] == np.arange(self.n_plans)).astype(np.int64)

    @cached_property
    def counting(self) -> np.ndarray:
        """Position in `countings` of each metered allowance, shape (A,), int64."""
        return np.array([allowance.counting for allowance in self.metered], np.int64)

    @cached_property
    def included(self) -> np.ndarray:
        """Size of each metered allowance, shape (A, 1), int64, hundredths."""
        return np.array([[allowance.included] for allowance in self.metered], np.int64).reshape(-1, 1)

    def counted(self, counts: Mapping[str, np.ndarray], n: int) -> np.ndarray:
        """Count the usage of n months in each way of counting: (countings, n), int64, hundredths.

        Args:
            counts: usage columns as returned by `rating.counts_of`.
            n: number of months.
        """
        used = [rounded(each.mode, each.step, counts[each.column]) for each in self.countings]
        return np.array(used, np.int64).reshape(len(used), n)


@lru_cache(maxsize=64)
def allowances_of(catalogue: Catalogue) -> Allowances:
    """Return the allowances of a catalogue in integers, computed once per catalogue."""
    countings: dict[Counting, int] = {}
    metered = []
    for position, plan in enumerate(catalogue.plans):
        columns = {
            "data": Usage.DATA_MIB,
            "voice": voice_column(plan.services.voice),
            "sms": Usage.SMS,
        }
        for name in SERVICES:
            service = getattr(plan.services, name)
            if isinstance(service, Service):
                unit = catalogue.mib_per_unit(service.unit) if name == "data" else Decimal(1)
                counting = _counting(service, columns[name], unit)
                place = countings.setdefault(counting, len(countings))
                included = hundredths(service.included * unit)
                metered.append(Allowance(position, name, place, included, 100 * Fraction(unit)))
    return Allowances(len(catalogue.plans), tuple(countings), tuple(metered))


def _counting(service: Service, column: str, unit: Decimal) -> Counting:
    rounding = service.rounding
    if isinstance(rounding, Rounding) and rounding.scope == "period":
        return Counting(column, rounding.mode, hundredths(rounding.step * unit))
    return Counting(column, "none", 1)
