"""Doubts about the unit of usage: the name of a column says another one, or no allowance is of its size."""

import re

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.allowances import allowances_of
from planrec.commands.advice import typed
from planrec.schema.cell_form import CellForm
from planrec.schema.columns import Columns, Usage

DATA_WORDS: dict[str, tuple[str, ...]] = {
    "B": ("byte", "bytes"),
    "kB": ("kb", "kbyte", "kbytes", "kilo", "kilos", "kilobyte", "kilobytes"),
    "MB": ("mb", "mbyte", "mbytes", "mega", "megas", "megabyte", "megabytes"),
    "GB": ("gb", "gbyte", "gbytes", "giga", "gigas", "gigabyte", "gigabytes"),
    "TB": ("tb", "tbyte", "tbytes", "tera", "teras", "terabyte", "terabytes"),
    "KiB": ("kib", "kibibyte", "kibibytes"),
    "MiB": ("mib", "mebibyte", "mebibytes"),
    "GiB": ("gib", "gibibyte", "gibibytes"),
    "TiB": ("tib", "tebibyte", "tebibytes"),
}
VOICE_WORDS: dict[str, tuple[str, ...]] = {
    "s": ("sec", "secs", "second", "seconds", "segundo", "segundos"),
    "min": ("min", "mins", "minute", "minutes", "minuto", "minutos"),
    "h": ("hr", "hrs", "hour", "hours", "hora", "horas"),
}
WORDS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    Usage.DATA_MIB: ("MiB", DATA_WORDS),
    Usage.VOICE_MINUTES: ("min", VOICE_WORDS),
    Usage.VOICE_MINUTES_BILLED: ("min", VOICE_WORDS),
}
"Usage column -> its unit, and the words in names of columns that say each unit, in English and Spanish."

WORD = re.compile(r"[kKMGT](?:i?B|i?[Bb]ytes?)(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"`dataGiB` and `GBytes` hold one unit each: it is matched before words that begin with a capital."
FAR = {"data": 30}
USUALLY_FAR = 100
"""Times by which usage is below the smallest allowance, or above the largest, if its unit is doubted.
Heavy users of data take 20 GB, and the smallest allowance is often 1 GB: 20 as MiB are 1/51 of it."""
LARGER, SMALLER = {"data": "GB", "voice": "h"}, {"data": "kB", "voice": "s"}


def unit_doubt(usage: str, column: str, form: CellForm) -> str | None:
    """Return the rule that a column of usage breaks if its name says another unit and no option does.

    Examples:
        >>> unit_doubt("data_mib", "monthly_data_gb", CellForm())[:62]
        'must be in MiB, its name says GB: type data.units.data_mib=GB,'
        >>> unit_doubt("data_mib", "mb_used", CellForm())
    """
    said = _unit_said(usage, column, form)
    if said is None or said == "MB":
        return None
    unit = WORDS[usage][0]
    return (
        f"must be in {unit}, its name says {said}: type {_unit(usage, said)},"
        f" or {_unit(usage, unit)} if its numbers are in {unit}"
    )


def megabytes_note(usage: str, column: str, form: CellForm) -> str | None:
    """Say that a column whose name says MB is read in MiB.

    Examples:
        >>> megabytes_note("data_mib", "mb", CellForm())
        "column 'mb': MB is read as MiB, 2^20 bytes; if it is 10^6 bytes, type data.units.data_mib=MB"
        >>> megabytes_note("data_mib", "mb", CellForm(units={"data_mib": "MiB"}))
    """
    if _unit_said(usage, column, form) != "MB":
        return None
    fix = f"if it is 10^6 bytes, type {_unit(usage, 'MB')}"
    return f"column {column!r}: MB is read as MiB, 2^20 bytes; {fix}"


def _unit(usage: str, unit: str) -> str:
    return typed({f"data.units.{usage}": unit})


def _unit_said(usage: str, column: str, form: CellForm) -> str | None:
    """Return another unit than that of `schema.Usage` in the name of a column; None if an option names it."""
    if usage not in WORDS or usage in form.units:
        return None
    unit, words = WORDS[usage]
    found = [word.lower() for word in WORD.findall(column)]
    said = [one for word in found for one, names in words.items() if word in names]
    return None if unit in said else next(iter(said), None)


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
    far = FAR.get(service, USUALLY_FAR)
    if far * high < min(included):
        found, units = (
            f"95 % of the months are below {high:,.6g}, the smallest allowance is {min(included):,.6g}",
            LARGER,
        )
    elif middle > far * max(included):
        found, units = (
            f"half of the months are above {middle:,.6g}, the largest allowance is {max(included):,.6g}",
            SMALLER,
        )
    else:
        return None
    fix = (
        f"; if the file counts in {units[service]}, type {_unit(column, units[service])}"
        if service in units
        else ""
    )
    size = "tiny" if units is LARGER else "huge"
    return f"usage {column!r} is {size} against every allowance of the catalogue: {found}{fix}"
