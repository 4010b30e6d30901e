"""How a file writes its cells, as the options `data.*` say it and as a run remembers it for scoring."""

from dataclasses import dataclass, field
from typing import Literal

DecimalMark = Literal["point", "comma"]
Decimal = Literal["detect", "point", "comma"]
"Values of `data.decimal`."
Thousands = Literal["detect", "none", "point", "comma", "space", "apostrophe"]
"Values of `data.thousands`."

DataUnit = Literal["B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]
TimeUnit = Literal["s", "min", "h"]

FACTORS: dict[str, float] = {
    **{unit: 10.0 ** (3 * power) / 2**20 for power, unit in enumerate(("B", "kB", "MB", "GB", "TB"))},
    **{unit: 2.0 ** (10 * power - 20) for power, unit in enumerate(("KiB", "MiB", "GiB", "TiB"), start=1)},
    "s": 1 / 60,
    "min": 1.0,
    "h": 60.0,
}
"Unit -> its size in the unit of `schema.Usage`: MiB or minutes. GB is 10^9 bytes, GiB is 2^30 bytes."


@dataclass(frozen=True)
class CellForm:
    """The form of the cells of a file; the values without options are those of `CellForm()`."""

    decimal: Decimal = "detect"
    thousands: Thousands = "detect"
    blank: tuple[str, ...] | None = None
    "Cells that count as blank beside empty ones; None for the usual ones."
    sheet: str | None = None
    "Sheet of a spreadsheet; None if it has only one."
    units: dict[str, str] = field(default_factory=dict)
    "`Usage` column -> unit in the file; others are in the unit of `schema.Usage`."

    def factor(self, usage: str) -> float:
        """Return the number by which a usage column of the file is multiplied.

        Examples:
            >>> CellForm(units={"data_mib": "GiB"}).factor("data_mib"), CellForm().factor("sms")
            (1024.0, 1.0)
        """
        unit = self.units.get(usage)
        return 1.0 if unit is None else FACTORS[unit]
