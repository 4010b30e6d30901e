"""The doubt about usage that is tiny or huge against every allowance: its unit may be another one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.allowances import allowances_of
from planrec.data.usage_units import unit_override
from planrec.schema.columns import Columns, Usage

FAR = {"data": 30}
USUALLY_FAR = 100
"""Times by which usage is below the smallest allowance, or above the largest, if its unit is doubted.
Heavy users of data take 20 GB, and the smallest allowance is often 1 GB: 20 as MiB are 1/51 of it."""
LARGER, SMALLER = {"data": "GB", "voice": "h"}, {"data": "kB", "voice": "s"}
MOST, HALF = 0.95, 0.5
"Share of the months with usage from which it is tiny, and above which it is huge."


@dataclass
class _Size:
    """Months with usage of one column, counted against the allowances of one service."""

    service: str
    column: str
    included: list[float] = field(default_factory=list)
    used: int = 0
    below: int = 0
    above: int = 0

    @property
    def low(self) -> float:
        """Usage below this is tiny."""
        return min(self.included) / FAR.get(self.service, USUALLY_FAR)

    @property
    def high(self) -> float:
        """Usage above this is huge."""
        return max(self.included) * FAR.get(self.service, USUALLY_FAR)

    def add(self, values: np.ndarray) -> None:
        """Count months, shape (n,)."""
        used = values[values > 0]
        self.used += len(used)
        self.below += int((used < self.low).sum())
        self.above += int((used > self.high).sum())

    @property
    def notes(self) -> Iterator[str]:
        """The doubt, if there is one."""
        if self.used and self.below >= MOST * self.used:
            found = f"95 % of the months are below {self.low:,.6g}, the smallest allowance is"
            yield self._note("tiny", f"{found} {min(self.included):,.6g}", LARGER)
        elif self.above > HALF * self.used:
            found = f"half of the months are above {self.high:,.6g}, the largest allowance is"
            yield self._note("huge", f"{found} {max(self.included):,.6g}", SMALLER)

    def _note(self, size: str, found: str, units: dict[str, str]) -> str:
        note = f"usage {self.column!r} is {size} against every allowance of the catalogue: {found}"
        if self.service not in units:
            return note
        unit = units[self.service]
        return f"{note}; if the file counts in {unit}, type {unit_override(self.column, unit)}"


@dataclass
class UsageSizes:
    """Sizes of usage, which grow part by part."""

    sizes: tuple[_Size, ...] = ()

    @classmethod
    def of(cls, catalogue: Catalogue | None, columns: Collection[str]) -> Self:
        """Begin to count usage in these columns, named as in `schema.Usage`."""
        if catalogue is None:
            return cls()
        allowances, sizes = allowances_of(catalogue), dict[tuple[str, str], _Size]()
        for one in allowances.metered:
            column = allowances.countings[one.counting].column
            if column == Usage.VOICE_MINUTES_BILLED and column not in columns:
                column = Usage.VOICE_MINUTES
            if one.included > 0 and column in columns:
                size = sizes.setdefault((one.service, column), _Size(one.service, column))
                size.included.append(one.included / 100)
        return cls(tuple(sizes.values()))

    def add(self, usage: str, values: np.ndarray) -> None:
        """Count months of a usage column, shape (n,), in the unit of `schema.Usage`."""
        for size in self.sizes:
            if size.column == usage:
                size.add(values)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence per column in doubt."""
        return tuple(note for size in self.sizes for note in size.notes)


def size_notes(usage: Columns, catalogue: Catalogue | None) -> tuple[str, ...]:
    """Report usage that is tiny or huge against every allowance of the catalogue.

    Args:
        usage: shape (n,) each, in the units of `schema.Usage`.
        catalogue: the plans, if there are any.
    """
    sizes = UsageSizes.of(catalogue, usage)
    for name, values in usage.items():
        sizes.add(name, values)
    return sizes.notes
