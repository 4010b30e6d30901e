"""Notes about columns with another possible reading, and rules that only a whole file can break."""

from dataclasses import dataclass, field

from planrec.commands.advice import typed
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.notation import NumberCells
from planrec.data.reading.part_months import added_note
from planrec.data.reading.zone_doubt import ZoneDoubt
from planrec.data.usage_sizes import UsageSizes


@dataclass
class ReadingNotes:
    """Columns and months that could have been read in another way, gathered while they are read."""

    commas: dict[str, None] = field(default_factory=dict)
    grouped: dict[str, tuple[str, float]] = field(default_factory=dict)
    two_readings: dict[str, NumberCells] = field(default_factory=dict)
    n_added_months: int = 0
    "Months that were added up from rows with several plans."
    zones: dict[str, ZoneDoubt] = field(default_factory=dict)
    "Time columns of a file that is read in parts."
    sizes: UsageSizes = field(default_factory=UsageSizes)
    "Usage of a file that is read in parts, against the allowances."

    def add(self, name: str, cells: NumberCells) -> None:
        """Note how a column, or a part of it, was read."""
        if cells.has_commas:
            self.commas[name] = None
        if cells.grouped is not None:
            self.grouped.setdefault(name, cells.grouped)
        if cells.two_readings is not None:
            self.two_readings.setdefault(name, cells)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence per kind of reading, and one per column with two readings."""
        grouped = ", ".join(
            f"{name!r} ({cell!r} is {value:.15g})" for name, (cell, value) in self.grouped.items()
        )
        commas = ", ".join(map(repr, self.commas))
        return (
            *(
                [f"numbers with a decimal comma (12,5 is twelve and a half): column {commas}"]
                if commas
                else []
            ),
            *([f"numbers with separators of thousands: column {grouped}"] if grouped else []),
            *(two_readings_note(name, cells) for name, cells in self.two_readings.items()),
            *([added_note(self.n_added_months)] if self.n_added_months else []),
            *self.sizes.notes,
        )

    def judge(self, bad: BrokenRules) -> None:
        """Add the rules that only a whole file can break, once all parts are read."""
        for name, doubt in self.zones.items():
            doubt.judge(name, bad)


def two_readings_note(name: str, cells: NumberCells) -> str:
    """Say how a column with two readings was read, why, and how to have the other one."""
    taken, other = cells.readings
    marks = {"point": "comma", "comma": "point"}
    why = f", because {cells.why}" if cells.why else "; no cell of the file shows its decimal mark"
    return (
        f"column {name!r}: {cells.two_readings!r} is read as {taken}{why};"
        f" if it is {other}, type {typed({'data.decimal': marks[cells.decimal]})}"
    )


def two_readings_rule(cells: NumberCells) -> str:
    """State the rule that amounts with two readings break if nothing shows the right one."""
    taken, other = cells.readings
    return (
        f"must have one reading: {cells.two_readings!r} can be {taken} or {other};"
        f" type {typed({'data.decimal': 'point'})} or {typed({'data.decimal': 'comma'})}"
    )
