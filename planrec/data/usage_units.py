"""Doubts about the unit of usage: the name of a column says another one, or no allowance is of its size."""

import re

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.allowances import allowances_of
from planrec.schema.cell_form import CellForm
from planrec.schema.columns import Columns, Usage

DATA_WORDS = {
    "byte": "B",
    "bytes": "B",
    "kb": "kB",
    "gb": "GB",
    "tb": "TB",
    "kib": "KiB",
    "gib": "GiB",
    "tib": "TiB",
    "kilobytes": "kB",
    "gigabyte": "GB",
    "gigabytes": "GB",
    "terabytes": "TB",
}
VOICE_WORDS = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "hr": "h",
    "hrs": "h",
    "hour": "h",
    "hours": "h",
}
MINUTES, MEBIBYTES = {"min", "mins", "minute", "minutes"}, {"mb", "mib"}
WORDS = {
    Usage.DATA_MIB: ("MiB", MEBIBYTES, DATA_WORDS),
    Usage.VOICE_MINUTES: ("min", MINUTES, VOICE_WORDS),
    Usage.VOICE_MINUTES_BILLED: ("min", MINUTES, VOICE_WORDS),
}
"Usage column -> its unit, and the words in names of columns that say this one or another one."

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[a-z]+")
FAR = 100
"Times by which usage is below the smallest allowance, or above the largest, if its unit is doubted."
LARGER, SMALLER = {"data": "GB", "voice": "h"}, {"data": "kB", "voice": "s"}


def unit_doubt(usage: str, column: str, form: CellForm) -> str | None:
    """Return the rule that a column of usage breaks if its name says another unit and no option does.

    Examples:
        >>> unit_doubt("data_mib", "monthly_data_gb", CellForm())
        'must be in MiB, its name says GB: type data.units.data_mib=GB, or =MiB if its numbers are in MiB'
        >>> unit_doubt("data_mib", "mb_used", CellForm())
    """
    unit, own, others = WORDS.get(usage, ("", set(), {}))
    found = [word.lower() for word in WORD.findall(column)]
    said = next((others[word] for word in found if word in others), None)
    if said is None or usage in form.units or own & set(found):
        return None
    return (
        f"must be in {unit}, its name says {said}: type data.units.{usage}={said},"
        f" or ={unit} if its numbers are in {unit}"
    )


def size_notes(usage: Columns, catalogue: Catalogue | None) -> tuple[str, ...]:
    """Report usage that is tiny or huge against every allowance of the catalogue.

    Args:
        usage: shape (n,) each, in the units of `schema.Usage`.
        catalogue: the plans, if there are any.
    """
    if catalogue is None:
        return ()
    allowances = allowances_of(catalogue)
    sizes: dict[tuple[str, str], list[float]] = {}
    for one in allowances.metered:
        if one.included > 0:
            column = allowances.countings[one.counting].column
            if column == Usage.VOICE_MINUTES_BILLED and column not in usage:
                column = Usage.VOICE_MINUTES
            sizes.setdefault((one.service, column), []).append(one.included / 100)
    return tuple(
        note
        for (service, column), included in sizes.items()
        if column in usage and (note := _size_note(service, column, usage[column], included))
    )


def _size_note(service: str, column: str, values: np.ndarray, included: list[float]) -> str | None:
    used = values[values > 0]
    if not len(used):
        return None
    middle, high = np.quantile(used, (0.5, 0.95))
    if FAR * high < min(included):
        found, units = (
            f"95 % of the months are below {high:,.6g}, the smallest allowance is {min(included):,.6g}",
            LARGER,
        )
    elif middle > FAR * max(included):
        found, units = (
            f"half of the months are above {middle:,.6g}, the largest allowance is {max(included):,.6g}",
            SMALLER,
        )
    else:
        return None
    fix = (
        f"; if the file counts in {units[service]}, type data.units.{column}={units[service]}"
        if service in units
        else ""
    )
    size = "tiny" if units is LARGER else "huge"
    return f"usage {column!r} is {size} against every allowance of the catalogue: {found}{fix}"
