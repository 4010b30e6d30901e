"""When each plan was to be chosen: months and dates in the forms that files write them."""

import re
from dataclasses import dataclass

import numpy as np

from planrec.data.cells import dates_of

MONTH_NUMBER = re.compile(r"0?[1-9]|1[0-2]")
MONTH = re.compile(r"(\d{4})-?(0[1-9]|1[0-2])")
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")

FORMS = "months (2018-11, 201811, or 1 to 12 with data.time_year) or dates (2018-11-30)"


@dataclass(frozen=True)
class TimeProblem:
    """Why a time column cannot be read, and the first cell that shows it."""

    rule: str
    text: str


def as_of_of(texts: np.ndarray, year: int | None) -> tuple[np.ndarray | None, TimeProblem | None]:
    """Decision instants, shape (n,), datetime64[D]: the day after a month, or the date itself.

    `texts` has no blanks. `year` is the year of month numbers, null for every other form.
    """
    distinct = list(dict.fromkeys(texts))
    days, problem = _days(distinct, year)
    if days is None:
        return None, problem
    day_of = dict(zip(distinct, days, strict=True))
    return np.array([day_of[text] for text in texts], dtype="datetime64[D]"), None


def months_of(texts: np.ndarray, year: int | None) -> tuple[np.ndarray | None, TimeProblem | None]:
    """The month that each text names or lies in, shape (n,), datetime64[M]; forms as in `as_of_of`."""
    days, problem = as_of_of(texts, year)
    if days is None:
        return None, problem
    # All texts are written alike, so the first tells months, whose instant is the day after, from dates.
    names_months = len(texts) > 0 and (year is not None or MONTH.fullmatch(texts[0]) is not None)
    return days.astype("datetime64[M]") - np.timedelta64(int(names_months), "M"), None


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
        return TimeProblem(f"must hold {FORMS}, all written alike", distinct[-1])
    return TimeProblem(f"must hold {FORMS}, day and month not to be confused", unreadable)
