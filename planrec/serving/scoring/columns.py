"""Cells of one part of a file, checked and typed column by column, as the API checks a request."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.cells import ISO_DATE, ISO_MONTH, dates_of, numbers_and_others
from planrec.data.decision_time import MONTH, MONTH_NUMBER, months_of
from planrec.data.input_file import simple
from planrec.data.raw_table import text_of, tidy_text
from planrec.data.row_table import whole_numbers
from planrec.recommending.request_table import is_usage
from planrec.schema.columns import MAX_NUMBER, MAX_USAGE, InputColumn, quantised
from planrec.schema.decision_rows import running_month
from planrec.serving.scoring.bad_values import BadValues
from planrec.serving.scoring.parts import POSITION
from planrec.wording import did_you_mean, shown

NOT_READABLE = "must hold numbers, booleans, dates or text"


@dataclass(frozen=True)
class PartColumns:
    """The columns of one part; whatever is wrong is noted in `bad`."""

    part: pa.Table
    decimal_comma: bool
    bad: BadValues

    @property
    def positions(self) -> np.ndarray:
        """Shape (n,), int64: rows of the file."""
        return self.part[POSITION].to_numpy()

    def add(self, rule: str, rows: np.ndarray, column: str | None = None) -> None:
        """Note that the rows of a mask break a rule; the first cell of `column` is shown."""
        if rows.any():
            value = None if column is None else self.part[column][int(np.flatnonzero(rows)[0])].as_py()
            self.bad.add(rule, self.positions[rows], value)

    def amounts(self, name: str) -> np.ndarray:
        """Usage: never blank, in [0, MAX_USAGE], quantised; shape (n,), float64."""
        values, strange = self._numbers(name)
        with np.errstate(invalid="ignore"):
            self.add(f"column {name!r} must not be blank", np.isnan(values) & ~strange)
            self.add(f"column {name!r} must hold numbers", strange, name)
            self.add(f"column {name!r} must be >= 0", values < 0, name)
            self.add(f"column {name!r} must be at most {MAX_USAGE:,.0f}", values > MAX_USAGE, name)
        return quantised(values)

    def attribute(self, column: InputColumn) -> np.ndarray:
        """What a request gives for it; shape (n,), of the dtype that `schema.Columns` has for its kind."""
        if is_usage(column):
            return self.amounts(column.name)
        read = {"number": self._plain, "boolean": self._booleans, "date": self._dates, "text": self._texts}
        return read[column.kind](column.name)

    def months(self, name: str, year: int | None) -> np.ndarray:
        """Shape (n,), datetime64[M]; NaT where it cannot be read."""
        codes, texts = self._distinct(name)
        self.add(f"column {name!r} must not be blank", codes < 0)
        known = {text: _month(text, year) for text in texts if text is not None}
        found = [np.datetime64("NaT", "M") if text is None else known[text] for text in texts]
        months = np.array([*found, np.datetime64("NaT")], "datetime64[M]")[codes]
        rule = (
            "month numbers 1 to 12" if year is not None else "months (2018-11, 201811) or dates (2018-11-30)"
        )
        self.add(f"column {name!r} must hold {rule}", np.isnat(months) & (codes >= 0), name)
        now = running_month()
        rule = f"column {name!r} must hold months that are over: it is {now} now"
        self.add(rule, months >= np.datetime64(now, "M"), name)
        return months

    def plans(self, name: str, plans: tuple[str, ...], plan_names: dict[str, str]) -> np.ndarray:
        """Index of each plan, shape (n,), int64; -1 where blank."""
        codes, texts = self._distinct(name)
        written = np.array([text for text in texts if text is not None], object)
        as_is = dict(zip(written, whole_numbers(written) if len(written) else written, strict=True))
        ids = [None if text is None else plan_names.get(as_is[text], as_is[text]) for text in texts]
        for code, plan in enumerate(ids):
            if plan is not None and plan not in plans:
                near = did_you_mean(plan, plans)
                rule = (
                    f"column {name!r} must hold plans of the run ({shown(plans, 20)}), {plan!r} is none{near}"
                )
                self.add(rule, codes == code)
        index = [plans.index(plan) if plan in plans else -1 for plan in ids]
        return np.array([*index, -1], np.int64)[codes]

    def _numbers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        column = self.part[name]
        if pa.types.is_string(column.type):
            try:
                # Nearly always; tidying the text first would take as long as all the rest.
                return column.cast(pa.float64()).to_numpy(), np.zeros(len(column), bool)
            except pa.ArrowInvalid:
                pass
        return numbers_and_others(simple(column), self.decimal_comma)

    def _plain(self, name: str) -> np.ndarray:
        values, strange = self._numbers(name)
        self.add(f"column {name!r} must hold numbers", strange, name)
        with np.errstate(invalid="ignore"):
            far = np.abs(values) > MAX_NUMBER
        self.add(f"column {name!r} must be within {-MAX_NUMBER:g} and {MAX_NUMBER:g}", far, name)
        return values

    def _booleans(self, name: str) -> np.ndarray:
        codes, texts = self._distinct(name)
        of_text = {"true": 1.0, "false": 0.0}
        values = np.array([*(of_text.get((text or "").lower(), np.nan) for text in texts), np.nan])[codes]
        is_text = np.array([*(text is not None for text in texts), False])[codes]
        self.add(f"column {name!r} must hold true or false", np.isnan(values) & is_text, name)
        return values

    def _dates(self, name: str) -> np.ndarray:
        column = simple(self.part[name])
        if pa.types.is_timestamp(column.type):
            return column.to_numpy().astype("datetime64[s]")
        codes, texts = self._distinct(name)
        found = [np.datetime64("NaT", "s") if text is None else _date(text) for text in texts]
        dates = np.array([*found, np.datetime64("NaT")], "datetime64[s]")[codes]
        is_text = np.array([*(text is not None for text in texts), False])[codes]
        self.add(f"column {name!r} must hold dates, year first (2018-11-30)", np.isnat(dates) & is_text, name)
        return dates

    def _texts(self, name: str) -> np.ndarray:
        codes, texts = self._distinct(name)
        return np.array([*texts, None], object)[codes]

    def _distinct(self, name: str) -> tuple[np.ndarray, list[str | None]]:
        """Codes (n,), int64, -1 where blank, and the tidy text of each code: there are few different ones."""
        column = self.part[name]
        if not pa.types.is_string(column.type):
            column = simple(column)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            self.add(f"column {name!r} {NOT_READABLE}, it holds {column.type}", np.ones(len(column), bool))
            return np.full(len(column), -1), []
        encoded = text_of(column).combine_chunks().dictionary_encode()
        texts = tidy_text(encoded.dictionary).to_pylist()
        codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
        is_blank = np.array([*(text is None for text in texts), True])[codes]
        return np.where(is_blank, -1, codes), texts


def subscribers(part: pa.Table, name: str) -> pa.ChunkedArray:
    """Whose rows they are, as text; blanks around it stay, a blank cell is null."""
    column = part[name]
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    if not pa.types.is_string(column.type):
        column = text_of(simple(column))
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _month(text: str, year: int | None) -> np.datetime64:
    """Cell by cell: what a cell means must not depend on the part of the file that it is in."""
    by_number = year is not None and MONTH_NUMBER.fullmatch(text)
    is_known_form = by_number or MONTH.fullmatch(text) or _is_safe_date(text) or len(text) == 8
    found = months_of(np.array([text], object), year)[0] if is_known_form else None
    return np.datetime64("NaT", "M") if found is None else found[0]


def _date(text: str) -> np.datetime64:
    found = dates_of([text]) if _is_safe_date(text) else None
    return np.datetime64("NaT", "s") if found is None else found[0]


def _is_safe_date(text: str) -> bool:
    """Whether day and month cannot be confused: 11/12/2018 can mean two days, 11.12.2018 cannot."""
    return "/" not in text[:3] and bool(ISO_DATE.fullmatch(text) or ISO_MONTH.fullmatch(text) or "." in text)
