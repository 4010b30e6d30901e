"""Options that lead to the decision log and to rows in it: the same defaults as those of the server."""

import os
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planrec.serving.decision_log import Days
    from planrec.serving.decision_log.log_tables import Place

URL_VARIABLE = "PLANREC_DECISION_LOG__URL"
KEY_VARIABLE = "PLANREC_DECISION_LOG__KEY_FILE"
DEFAULT = f"{URL_VARIABLE}, else decisions.sqlite in the folder of runs"
SUBSCRIBER = "name of the subscriber, as in the requests"
HOURS = {"d": 24, "h": 1}


def add_log(parser: ArgumentParser) -> None:
    """Add `--log URL`; `log_url` returns its value."""
    parser.add_argument("--log", type=_url, metavar="URL", help=f"decision log; default: {DEFAULT}")


def add_optional_log(parser: ArgumentParser, meaning: str) -> None:
    """Add `--log`, with or without a URL; without the option there is no log."""
    parser.add_argument(
        "--log",
        type=_url,
        nargs="?",
        const="",
        metavar="URL",
        help=f"{meaning}; without URL: {DEFAULT}",
    )


def add_days(parser: ArgumentParser) -> None:
    """Add `--from` and `--to`; `days_between` returns their value."""
    parser.add_argument("--from", dest="first", type=day, metavar="DAY", help="first day, UTC; default: all")
    parser.add_argument("--to", dest="last", type=day, metavar="DAY", help="last day, UTC; default: all")


def log_url(named: str | None, outputs: Path) -> str:
    """Return the URL of the decision log: the one of `--log`, else the server's.

    >>> log_url("sqlite:///spring.sqlite", Path("outputs"))
    'sqlite:///spring.sqlite'
    """
    named = named or os.environ.get(URL_VARIABLE)
    return named if named and named != "none" else f"sqlite:///{outputs / 'decisions.sqlite'}"


def known_log_url(outputs: Path, named: str | None = None) -> str | None:
    """Return the URL of the decision log as `log_url` does; None if the server keeps none."""
    has_none = named is None and os.environ.get(URL_VARIABLE) == "none"
    return None if has_none else log_url(named, outputs)


def key_file(outputs: Path) -> Path:
    """Return the file of the pseudonym key."""
    return Path(os.environ.get(KEY_VARIABLE) or outputs / "decisions.key")


def days_between(first: date | None, last: date | None) -> "Days":
    """Return the days from one to another, both included. Raises ConfigError if there are none."""
    from planrec.errors import ConfigError
    from planrec.serving.decision_log import Days

    days = Days(first or Days.first, last or Days.last)
    if days.first > days.last:
        raise ConfigError(f"the first day must not be after the last one, got {days.first} and {days.last}")
    return days


def day(text: str) -> date:
    """Return a day.

    >>> day("2026-03-03")
    datetime.date(2026, 3, 3)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a day such as 2026-03-03, got {text!r}") from None


def day_or_range(text: str) -> tuple[date, date]:
    """Return the first and the last of some days.

    >>> day_or_range("2026-03-01..2026-03-31")[1]
    datetime.date(2026, 3, 31)
    """
    first, _, last = text.partition("..")
    return day(first), day(last or first)


def age(text: str) -> timedelta:
    """Return a number of days or hours.

    >>> age("365d").days, age("36h").days
    (365, 1)
    """
    if not (match := re.fullmatch(r"([0-9]{1,5})([dh])", text)):
        raise ArgumentTypeError(f"must be a number of days or hours such as 365d or 12h, got {text!r}")
    return timedelta(hours=int(match[1]) * HOURS[match[2]])


def noted_end(text: str) -> "Place":
    """Return an end of the chain.

    >>> noted_end("7:" + "a1" * 32).position
    7
    """
    from planrec.serving.decision_log.log_tables import Place

    if not (match := re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)):
        raise ArgumentTypeError(
            f"must be POSITION:CHAIN as planrec decisions verify prints it, got {text[:99]!r}"
        )
    return Place(int(match[1]), match[2])


def file_ending_in(ending: str) -> Callable[[str], Path]:
    """Return the type of an option for a file to write: no key, log or file of a run ends like that.

    >>> file_ending_in(".zip")("march.zip").name
    'march.zip'
    """

    def file(name: str) -> Path:
        if not name.endswith(ending):
            raise ArgumentTypeError(f"must end in {ending}, got {name!r}")
        return Path(name)

    return file


def _url(text: str) -> str:
    if text and "://" not in text:  # argparse passes the `const` of the option too
        raise ArgumentTypeError(
            f"must be sqlite:///FILE or postgresql://..., got {text!r}; for the default log, type --log last"
        )
    return text
