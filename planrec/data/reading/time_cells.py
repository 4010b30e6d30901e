"""Months and dates in the forms in which files write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from planrec.data.reading.cells import ISO_DATE, ISO_MONTH, YEAR_LAST_DATE, dates_of

MONTH_NUMBER = re.compile(r"0?[1-9]|1[0-2]")
MONTH = re.compile(r"(\d{4})-?(0[1-9]|1[0-2])")
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")

MONTHS_OF_A_YEAR = 12
EVENING = re.compile(r"[ T](1\d|2[0-3]):(00|30|45)(:00)?(\.0+)?(Z|[+-]\d{2}:?\d{2})?$")
OTHER_ZONE = (
    "must not hold instants that can be the first midnight of the next month in another time zone: write"
    " months (2018-02), or store the column with its zone"
)

CONFUSED = "must write dates year first (2018-11-30): day and month can be confused"
FORMS = "months (2018-11, 201811, or 1 to 12 with data.time_year) or dates (2018-11-30)"


@dataclass(frozen=True)
class TimeProblem:
    """The rule that a time column breaks, and the first cell that breaks it."""

    rule: str
    text: str


def as_of_of(texts: np.ndarray, year: int | None) -> tuple[np.ndarray | None, TimeProblem | None]:
    """Read decision instants, shape (n,), datetime64[D]: the day after a month, or the date itself.

    Args:
        texts: shape (n,), object, without blanks.
        year: the year of month numbers; None for every other form.

    Examples:
        >>> as_of_of(np.array(["2018-11", "2018-12"], object), None)[0]
        array(['2018-12-01', '2019-01-01'], dtype='datetime64[D]')
    """
    distinct = list(dict.fromkeys(texts))
    days, problem = _days(distinct, year)
    if days is None:
        return None, problem
    day_of = dict(zip(distinct, days, strict=True))
    return np.array([day_of[text] for text in texts], dtype="datetime64[D]"), None


def months_of(texts: np.ndarray, year: int | None) -> tuple[np.ndarray | None, TimeProblem | None]:
    """Read the month of each text, shape (n,), datetime64[M]; arguments as in `as_of_of`.

    Examples:
        >>> months_of(np.array(["30.11.2018", "1.12.2018"], object), None)[0]
        array(['2018-11', '2018-12'], dtype='datetime64[M]')
    """
    months, problem = _months(texts, year)
    problem = problem or other_zone(texts)
    return (months, None) if problem is None else (None, problem)


def _months(texts: np.ndarray, year: int | None) -> tuple[np.ndarray | None, TimeProblem | None]:
    days, problem = as_of_of(texts, year)
    if days is None:
        return None, problem
    # All texts have one form, so the first shows if they are months: their instant is the day after.
    names_months = len(texts) > 0 and (year is not None or MONTH.fullmatch(texts[0]) is not None)
    return days.astype("datetime64[M]") - np.timedelta64(int(names_months), "M"), None


def other_zone(texts: Iterable[str]) -> TimeProblem | None:
    """Return the problem of instants whose month is doubtful, if all are on the evening of a last day.

    A column of months that was stored without its zone looks so if a month begins earlier in that zone.

    Examples:
        >>> other_zone(["2018-01-31 23:00:00", "2018-03-31 22:00:00"]).text
        '2018-01-31 23:00:00'
        >>> other_zone(["2018-01-31 23:59:59"])
    """
    first = None
    for text in texts:
        first = first or text
        if not EVENING.search(text) or not _is_last_day(text):
            return None
    return None if first is None else TimeProblem(OTHER_ZONE, first)


def _is_last_day(text: str) -> bool:
    found = dates_of([text])
    return found is not None and (found[0].astype("datetime64[D]") + 1).astype(str).endswith("-01")


def month_of(text: str, year: int | None) -> np.datetime64:
    """Read the month of one cell, NaT if it cannot be read.

    Day and month must be clear from the cell alone, because a part of a file does not show the other cells.

    Examples:
        >>> month_of("2018-11-30", None), month_of("11/12/2018", None)
        (np.datetime64('2018-11'), np.datetime64('NaT','M'))
        >>> month_of("30/11/2018", None)  # no month has the number 30
        np.datetime64('2018-11')
        >>> month_of("2018-01-31 23:00:00", None)  # one evening shows no other time zone
        np.datetime64('2018-01')
    """
    by_number = year is not None and MONTH_NUMBER.fullmatch(text)
    is_known_form = by_number or MONTH.fullmatch(text) or _is_clear_date(text) or len(text) == 8
    found = _months(np.array([text], object), year)[0] if is_known_form else None
    return np.datetime64("NaT", "M") if found is None else found[0]


def date_of(text: str) -> np.datetime64:
    """Read the instant of one cell, datetime64[s], NaT if it cannot be read; see `month_of`.

    Examples:
        >>> date_of("30.11.2018")
        np.datetime64('2018-11-30T00:00:00')
    """
    found = dates_of([text]) if _is_clear_date(text) else None
    return np.datetime64("NaT", "s") if found is None else found[0]


def has_two_readings(text: str) -> bool:
    """Return whether day and month of a date can be confused.

    Examples:
        >>> has_two_readings("11/12/2018"), has_two_readings("30/11/2018"), has_two_readings("11.12.2018")
        (True, False, False)
    """
    found = YEAR_LAST_DATE.fullmatch(text)
    return found is not None and found[2] != "." and max(int(found[1]), int(found[3])) <= MONTHS_OF_A_YEAR


def _is_clear_date(text: str) -> bool:
    forms = (ISO_DATE, ISO_MONTH, YEAR_LAST_DATE)
    return any(form.fullmatch(text) for form in forms) and not has_two_readings(text)


def _days(distinct: list[str], year: int | None) -> tuple[list[np.datetime64] | None, TimeProblem | None]:
    no_number = next((text for text in distinct if not MONTH_NUMBER.fullmatch(text)), None)
    if year is not None:
        if no_number is not None:
            return None, TimeProblem("must hold month numbers 1 to 12, as data.time_year is set", no_number)
        return [_day_after(f"{year}-{int(text):02}") for text in distinct], None
    if no_number is None:
        return None, TimeProblem("holds month numbers 1 to 12: set data.time_year to their year", distinct[0])
    months = [match for text in distinct if (match := MONTH.fullmatch(text))]
    if len(months) == len(distinct):
        return [_day_after(f"{match[1]}-{match[2]}") for match in months], None
    dates = dates_of([COMPACT_DATE.sub(r"\1-\2-\3", text) for text in distinct])
    if dates is None:
        return None, _date_problem(distinct)
    return [date.astype("datetime64[D]") for date in dates], None


def _day_after(month: str) -> np.datetime64:
    return (np.datetime64(month, "M") + np.timedelta64(1, "M")).astype("datetime64[D]")


def _date_problem(distinct: list[str]) -> TimeProblem:
    unreadable = next(
        (text for text in distinct if not MONTH.fullmatch(text) and dates_of([text]) is None), None
    )
    if unreadable is None:
        return TimeProblem(f"must hold {FORMS}, all written in one form", distinct[-1])
    return TimeProblem(f"must hold {FORMS}, with day and month that cannot be confused", unreadable)
