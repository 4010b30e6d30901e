"""Whether a card says what another one says: words exactly, figures nearly."""

import re
import sys
from difflib import SequenceMatcher, unified_diff
from math import isclose
from pathlib import Path
from shlex import quote

from planrec.errors import RunError

RELATIVE = 0.02
ABSOLUTE = 0.005
"""Figures differ where they are further apart than both: another processor, or another patch version of a
library, moves the last digits. `10.7%` is 0.107."""

THIS_RUN = "## This run"
"The last section: id, command, commit, versions. They differ from run to run, so that nobody compares them."

_FIGURE = re.compile(r"(?<![\w.-])-?\d+\.\d+%?(?![\w]|\.\d)|(?<![\w.-])-?\d+%(?!\w)")
_FINGERPRINT = re.compile(r"`[0-9a-f]{16}`")


def differences(card: str, other: str) -> list[str]:
    """A unified diff of the lines of `other` that say something else than `card`; empty where none does."""
    new, old = _compared(card), _compared(other)
    matcher = SequenceMatcher(None, [_words(line) for line in old], [_words(line) for line in new], False)
    for at, of_new, n in matcher.get_matching_blocks():
        for step in range(n):
            if _figures_agree(old[at + step], new[of_new + step]):
                old[at + step] = new[of_new + step]
    return list(unified_diff(old, new, "stale", "current", lineterm="", n=0))


def check_card(card: str, file: Path, command: str) -> int:
    """Print what differs in `file`; return the exit code: 1 if it is stale.

    Args:
        card: the text that the run has now.
        command: the command line that prints it.
    """
    try:
        found = differences(card, file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{file} must be a card, and cannot be read: {error}") from error
    if not found:
        print(f"{file} says what the run says")
        return 0
    print("\n".join(found))
    print(
        f"error: {file} is stale: words must be equal, figures within {RELATIVE:.0%} or {ABSOLUTE};"
        f" update it with `just docs`, or {command} > {quote(str(file))}",
        file=sys.stderr,
    )
    return 1


def _compared(card: str) -> list[str]:
    # The fingerprint is exact: it tells the last digit of one value apart, on which nothing here depends.
    return _FINGERPRINT.sub("`...`", card.partition(f"\n{THIS_RUN}\n")[0]).rstrip().splitlines()


def _words(line: str) -> str:
    return _FIGURE.sub("#", line)


def _figures_agree(line: str, other: str) -> bool:
    pairs = zip(_FIGURE.findall(line), _FIGURE.findall(other), strict=True)
    return all(isclose(_value(a), _value(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs)


def _value(figure: str) -> float:
    return float(figure[:-1]) / 100 if figure.endswith("%") else float(figure)
