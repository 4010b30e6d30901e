"""Stored files that a request needs and that cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planrec.errors import LogError, RunError


class NotReadableError(Exception):
    """A run or an answer cannot be read; the text has no path of this machine."""


@contextmanager
def readable(subject: str, outputs: Path) -> Iterator[None]:
    """Raise NotReadableError for errors of runs and logs, with the places of the files left out.

    Args:
        subject: beginning of the message, such as `the run cannot be read`.
        outputs: the folder of runs, which clients need not know.

    >>> with readable("the run cannot be read", Path("/srv/outputs")):
    ...     raise RunError("/srv/outputs/2030-01-31/a was changed")
    Traceback (most recent call last):
    api.not_readable.NotReadableError: the run cannot be read: 2030-01-31/a was changed
    """
    try:
        yield
    except (RunError, LogError) as error:
        text = "; ".join([error.message, *error.problems])
        for place in dict.fromkeys([outputs.resolve(), outputs]):
            text = text.replace(f"{place}/", "")
        raise NotReadableError(f"{subject}: {text}") from None
