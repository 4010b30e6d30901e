"""Doubts about the unit of usage: the name of a column says another one."""

import re

from planrec.commands.advice import typed
from planrec.schema.cell_form import CellForm
from planrec.schema.columns import Usage

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
        f"must be in {unit}, its name says {said}: type {unit_override(usage, said)},"
        f" or {unit_override(usage, unit)} if its numbers are in {unit}"
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
    fix = f"if it is 10^6 bytes, type {unit_override(usage, 'MB')}"
    return f"column {column!r}: MB is read as MiB, 2^20 bytes; {fix}"


def unit_override(usage: str, unit: str) -> str:
    """Write the override that gives a usage column its unit."""
    return typed({f"data.units.{usage}": unit})


def _unit_said(usage: str, column: str, form: CellForm) -> str | None:
    """Return another unit than that of `schema.Usage` in the name of a column; None if an option names it."""
    if usage not in WORDS or usage in form.units:
        return None
    unit, words = WORDS[usage]
    found = [word.lower() for word in WORD.findall(column)]
    said = [one for word in found for one, names in words.items() if word in names]
    return None if unit in said else next(iter(said), None)
