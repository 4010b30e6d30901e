"""What counts against the allowances of every plan, for many months at once, in integers.

`rating` says what months cost; this says how much of an allowance they use. `invoice.counted_usage` is the
readable reference for one month.
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
from planrec.schema import Usage

SERVICES = ("data", "voice", "sms")
"In the order in which people look at a bill."


@dataclass(frozen=True)
class Counting:
    """One way of counting a usage column; step in hundredths."""

    column: str
    mode: Literal["ceil", "nearest", "floor", "none"]
    step: int


@dataclass(frozen=True)
class Allowance:
    """What one plan includes of one service."""

    plan: int
    "Index of the plan."
    service: str
    counting: int
    "Position in `Allowances.countings`."
    included: int
    "Hundredths of a minute, message or MiB."
    unit: Fraction
    "Hundredths in one of the service's unit: 102400 for GiB. A GB need not be whole hundredths."


@dataclass(frozen=True)
class Allowances:
    """All allowances of a catalogue; unlimited services have none."""

    n_plans: int
    countings: tuple[Counting, ...]
    metered: tuple[Allowance, ...]
    "By plan, then in the order of `SERVICES`."

    @cached_property
    def plan(self) -> np.ndarray:
        """Whose each metered allowance is: (A, J), int64, 0 or 1."""
        owner = np.array([allowance.plan for allowance in self.metered], np.int64)
        return (owner[:, None] == np.arange(self.n_plans)).astype(np.int64)

    @cached_property
    def counting(self) -> np.ndarray:
        """Position in `countings` of each metered allowance: (A,), int64."""
        return np.array([allowance.counting for allowance in self.metered], np.int64)

    @cached_property
    def included(self) -> np.ndarray:
        """What each metered allowance includes: (A, 1), int64, hundredths."""
        return np.array([[allowance.included] for allowance in self.metered], np.int64).reshape(-1, 1)

    def counted(self, counts: Mapping[str, np.ndarray], n: int) -> np.ndarray:
        """What each way of counting makes of n months: (countings, n), int64, hundredths.

        `counts` as `rating.counts_of` gives them.
        """
        used = [rounded(each.mode, each.step, counts[each.column]) for each in self.countings]
        return np.array(used, np.int64).reshape(len(used), n)


@lru_cache(maxsize=64)
def allowances_of(catalogue: Catalogue) -> Allowances:
    """The allowances of a catalogue in integers; made once per catalogue."""
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
