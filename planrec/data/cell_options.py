"""The options of the cells of a file; `planrec score` takes them too."""

from typing import Self

from pydantic import model_validator

from planrec.data.option_types import Name
from planrec.schema.cell_form import CellForm, DataUnit, Decimal, Thousands, TimeUnit
from planrec.schema.config_model import Config


class Units(Config):
    """Usage column -> its unit in the file; null: minutes and MiB."""

    voice_minutes: TimeUnit | None
    voice_minutes_billed: TimeUnit | None
    data_mib: DataUnit | None
    "GB is 10^9 bytes and GiB is 2^30 bytes; MB and MiB likewise."


class CellOptions(Config):
    """The form of the cells of a CSV, Parquet or spreadsheet file."""

    sheet: Name | None
    "Sheet of a spreadsheet (.xlsx); null if it has only one."
    decimal: Decimal
    "Decimal mark of the numbers: `detect` reads it from the cells, and reports columns that fit both."
    thousands: Thousands
    "Separator of thousands: `detect` takes points, commas, blanks and apostrophes between groups of digits."
    blank: tuple[Name, ...] | None
    "Cells that count as blank beside empty ones; null: NA, N/A, NaN, null, None, ? and the like."
    units: Units

    @model_validator(mode="after")
    def _check_marks(self) -> Self:
        if self.decimal == self.thousands != "detect":
            raise ValueError(f"decimal and thousands must differ, both are {self.decimal!r}")
        return self

    @property
    def cell_form(self) -> CellForm:
        """The form of the cells of the file."""
        units = {usage: unit for usage, unit in self.units if unit is not None}
        return CellForm(self.decimal, self.thousands, self.blank, self.sheet, units)
