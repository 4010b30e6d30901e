"""Cells of one part of a file, read and judged column by column, as the API judges a request."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.cell_reading import CellReading
from planrec.data.reading.column_types import (
    SPREADSHEET_ERRORS,
    as_readable,
    error_cells,
    is_readable,
    numbers_of,
    text_of,
    tidy_text,
)
from planrec.data.reading.identifiers import SHORTENED, whole_number
from planrec.data.reading.input_file import POSITION
from planrec.data.reading.notation import NumberCells
from planrec.data.reading.reading_notes import ReadingNotes, two_readings_rule
from planrec.data.reading.rules import (
    NO_ERROR,
    NUMBERS,
    READABLE,
    WHOLE_ID,
    amount_rules,
    not_blank,
    plan_rule,
)
from planrec.data.reading.time_cells import CONFUSED, date_of, has_two_readings, month_of
from planrec.data.reading.zone_doubt import ZoneDoubt
from planrec.recommending.request_table import is_usage, usage_of
from planrec.schema.columns import MAX_NUMBER, InputColumn, quantised
from planrec.schema.decision_rows import running_month


@dataclass(frozen=True)
class PartColumns:
    """The columns of one part; broken rules are added to `bad`."""

    part: pa.Table
    bad: BrokenRules
    reading: CellReading = field(default_factory=CellReading)
    noted: ReadingNotes = field(default_factory=ReadingNotes)

    @property
    def positions(self) -> np.ndarray:
        """Positions of the rows in the file, shape (n,), int64."""
        return self.part[POSITION].to_numpy()

    def add(self, rule: str, rows: np.ndarray, column: str | None = None) -> None:
        """Note that the rows of a mask break a rule; the message shows the first cell of `column`."""
        if rows.any():
            value = None if column is None else self._cell(column, int(np.flatnonzero(rows)[0]))
            self.bad.add(rule, self.positions[rows], value)

    def subscribers(self, name: str) -> pa.Array:
        """Read the subscriber of each row as text; see `subscribers`."""
        column = subscribers(self.part, name)
        is_blank = tidy_text(column, self.reading.blank).is_null()
        column = pc.if_else(is_blank, pa.scalar(None, pa.string()), column)
        self.add(f"column {name!r} {not_blank(self.reading.blank)}", column.is_null().to_numpy())
        self.add(f"column {name!r} {NO_ERROR}", error_cells(column), name)
        is_short = pc.match_substring_regex(column, f"^{SHORTENED.pattern}$").fill_null(fill_value=False)
        self.add(f"column {name!r} {WHOLE_ID}", is_short.to_numpy(), name)
        return column.combine_chunks()

    def amounts(self, name: str, usage: str) -> np.ndarray:
        """Read a column of usage in the unit of `schema.Usage`, quantised to 0.01, shape (n,), float64."""
        cells = self._numbers(name)
        self._refuse_guess(name, cells)
        self.noted.add(name, cells)
        values = cells.values * self.reading.form.factor(usage)
        self.noted.sizes.add(usage, values)
        blank = {not_blank(self.reading.blank): np.isnan(values) & ~cells.strange}
        for rule, rows in (blank | amount_rules(values, cells.strange)).items():
            self.add(f"column {name!r} {rule}", rows, name)
        return quantised(values)

    def attribute(self, column: InputColumn) -> np.ndarray:
        """Read the values of an attribute, shape (n,), of the dtype of its kind in `schema.Columns`."""
        if is_usage(column):
            return self.amounts(column.name, usage_of(column))
        read = {"number": self._plain, "boolean": self._booleans, "date": self.dates, "text": self._texts}
        return read[column.kind](column.name)

    def months(self, name: str, year: int | None) -> np.ndarray:
        """Read months, shape (n,), datetime64[M]; NaT for cells that cannot be read."""
        codes, texts = self._distinct(name)
        self.add(f"column {name!r} {not_blank(self.reading.blank)}", codes < 0, name)
        found = [np.datetime64("NaT", "M") if text is None else month_of(text, year) for text in texts]
        months = np.array([*found, np.datetime64("NaT")], "datetime64[M]")[codes]
        rule = (
            "month numbers 1 to 12" if year is not None else "months (2018-11, 201811) or dates (2018-11-30)"
        )
        self._refuse_times(name, codes, texts, np.isnat(months), rule)
        self.noted.zones.setdefault(name, ZoneDoubt()).add(texts, self.positions[codes >= 0])
        now = running_month()
        rule = f"column {name!r} must hold months that are over: it is {now} now"
        self.add(rule, months >= np.datetime64(now, "M"), name)
        return months

    def plans(self, name: str, plans: tuple[str, ...], plan_names: dict[str, str]) -> np.ndarray:
        """Read the index of each plan, shape (n,), int64; -1 for blank cells."""
        codes, texts = self._distinct(name)
        written = np.array([text for text in texts if text is not None], object)
        # By itself, because the other parts of the file may hold other plans.
        as_is = {text: text if text in {*plans, *plan_names} else whole_number(text) for text in written}
        ids = [None if text is None else plan_names.get(as_is[text], as_is[text]) for text in texts]
        for code, plan in enumerate(ids):
            if plan is not None and plan not in plans:
                rule = plan_rule(as_is[texts[code]], plan, plans, "the run")
                self.add(f"column {name!r} {rule}", codes == code)
        index = [plans.index(plan) if plan in plans else -1 for plan in ids]
        return np.array([*index, -1], np.int64)[codes]

    def _cell(self, name: str, row: int) -> object:
        """Show one cell as training shows it: 7.0 as `7`; cells that count as blank as written."""
        cell = as_readable(self.part[name].slice(row, 1), blank=())
        return (text_of(cell) if is_readable(cell) else cell)[0].as_py()

    def _numbers(self, name: str) -> NumberCells:
        column = self.part[name]
        if pa.types.is_string(column.type) and not numbers_of(self.reading.blank):
            # Nearly always possible; tidying the text first would take as long as the other steps.
            plain = self.reading.notation(name).plain(column)
            if plain is not None:
                return plain
        return self.reading.numbers(name, self.reading.readable(column))

    def _refuse_guess(self, name: str, cells: NumberCells) -> None:
        """Note the cells with two readings if nothing shows which one is right."""
        if cells.is_guess:
            rows = pc.equal(self.reading.readable(self.part[name]), cells.two_readings)
            rule = f"column {name!r} {two_readings_rule(cells)}"
            self.add(rule, rows.fill_null(fill_value=False).to_numpy())

    def _plain(self, name: str) -> np.ndarray:
        cells = self._numbers(name)
        if (
            self.reading.settle is None
        ):  # the table may be a part of a larger one, whose other cells show the mark
            self._refuse_guess(name, cells)
        self.noted.add(name, cells)
        values, strange = cells.values, cells.strange
        if strange.any():
            strange &= ~error_cells(self.reading.readable(self.part[name]))
        self.add(f"column {name!r} {NUMBERS}", strange, name)
        with np.errstate(invalid="ignore"):
            far = np.abs(values) > MAX_NUMBER
        self.add(f"column {name!r} must be within {-MAX_NUMBER:g} and {MAX_NUMBER:g}", far, name)
        return values

    def _booleans(self, name: str) -> np.ndarray:
        codes, texts = self._without_errors(name)
        of_text = {"true": 1.0, "false": 0.0}
        values = np.array([*(of_text.get((text or "").lower(), np.nan) for text in texts), np.nan])[codes]
        is_text = np.array([*(text is not None for text in texts), False])[codes]
        self.add(f"column {name!r} must hold true or false", np.isnan(values) & is_text, name)
        return values

    def dates(self, name: str) -> np.ndarray:
        """Read days and instants, shape (n,), datetime64[s]; NaT for blank cells."""
        column = self.reading.readable(self.part[name])
        if pa.types.is_timestamp(column.type):
            return column.to_numpy().astype("datetime64[s]")
        codes, texts = self._without_errors(name)
        found = [np.datetime64("NaT", "s") if text is None else date_of(text) for text in texts]
        dates = np.array([*found, np.datetime64("NaT")], "datetime64[s]")[codes]
        codes = np.where(np.array([*(text is not None for text in texts), False])[codes], codes, -1)
        self._refuse_times(name, codes, texts, np.isnat(dates), "dates, year first (2018-11-30)")
        return dates

    def _refuse_times(
        self, name: str, codes: np.ndarray, texts: list[str | None], strange: np.ndarray, forms: str
    ) -> None:
        """Note the cells that are no months or dates, those with two readings by themselves."""
        is_confused = np.array([*(has_two_readings(text or "") for text in texts), False])[codes]
        self.add(f"column {name!r} {CONFUSED}", strange & is_confused, name)
        self.add(f"column {name!r} must hold {forms}", strange & (codes >= 0) & ~is_confused, name)

    def _texts(self, name: str) -> np.ndarray:
        codes, texts = self._without_errors(name)
        return np.array([*texts, None], object)[codes]

    def _without_errors(self, name: str) -> tuple[np.ndarray, list[str | None]]:
        """Encode an attribute as `_distinct` does; errors of a spreadsheet are blank, as in training."""
        codes, texts = self._distinct(name)
        return codes, [None if text in SPREADSHEET_ERRORS else text for text in texts]

    def _distinct(self, name: str) -> tuple[np.ndarray, list[str | None]]:
        """Encode a column: codes (n,), int64, -1 for blank cells, and the tidy text of each code."""
        column = self.part[name]
        if not pa.types.is_string(column.type):
            column = self.reading.readable(column)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            self.add(f"column {name!r} {READABLE}, it holds {column.type}", np.ones(len(column), bool))
            return np.full(len(column), -1), []
        encoded = text_of(column).combine_chunks().dictionary_encode()
        texts = tidy_text(encoded.dictionary, self.reading.blank).to_pylist()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
        is_blank = np.array([*(text is None for text in texts), True])[codes]
        return np.where(is_blank, -1, codes), texts


def subscribers(part: pa.Table, name: str) -> pa.ChunkedArray:
    """Read the subscriber of each row as text, blanks around it included; an empty cell is null."""
    column = part[name]
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    if not pa.types.is_string(column.type):
        column = text_of(as_readable(column, blank=()))
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
