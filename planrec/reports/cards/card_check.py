"""Comparison of a stored card with a new card: equal words, nearly equal figures."""

import re
import sys
from difflib import SequenceMatcher, unified_diff
from math import isclose
from pathlib import Path
from shlex import quote

from planrec.errors import RunError

RELATIVE = 0.02
ABSOLUTE = 0.005
"""Figures differ if they are further apart than both limits: other processors, and other patch versions of
libraries, change the last digits. `10.7%` is 0.107."""

THIS_RUN = "## This run"
"The last section: id, command, commit, versions. They differ from run to run and are not compared."

_FIGURE = re.compile(r"(?<![\w.-])-?\d+\.\d+%?(?![\w]|\.\d)|(?<![\w.-])-?\d+%(?!\w)")
_FINGERPRINT = re.compile(r"`[0-9a-f]{16}`")


def differences(card: str, other: str) -> list[str]:
    """Return a unified diff from a stored card to the current card; an empty list if the cards agree.

    Args:
        card: the current card.
        other: the stored card.

    Returns:
        Lines of the diff.

    Examples:
        >>> differences("| a | 0.500 |", "| a | 0.501 |")
        []
        >>> differences("| a | 0.500 |", "| a | 0.700 |")[-2:]
        ['-| a | 0.700 |', '+| a | 0.500 |']
    """
    new, old = _lines_to_compare(card), _lines_to_compare(other)
    matcher = SequenceMatcher(
        None, [_words(line) for line in old], [_words(line) for line in new], autojunk=False
    )
    for at, of_new, n in matcher.get_matching_blocks():
        for step in range(n):
            if _figures_agree(old[at + step], new[of_new + step]):
                old[at + step] = new[of_new + step]
    return list(unified_diff(old, new, "stale", "current", lineterm="", n=0))


def check_card(card: str, file: Path, command: str) -> int:
    """Print the lines of a file that are stale.

    Args:
        card: the current card.
        file: the stored card.
        command: the command line that prints the current card.

    Returns:
        The exit code: 1 if the file is stale, else 0.

    Raises:
        RunError: the file cannot be read.
    """
    try:
        found = differences(card, file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"expected a card in {file}, but it cannot be read: {error}") from error
    if not found:
        print(f"{file} is current")
        return 0
    print("\n".join(found))
    print(
        f"error: {file} is stale: words must be equal, figures within {RELATIVE:.0%} or {ABSOLUTE};"
        f" update it with `just docs`, or {command} > {quote(str(file))}",
        file=sys.stderr,
    )
    return 1


def _lines_to_compare(card: str) -> list[str]:
    # Fingerprints change with the last digit of any value; cards need not agree to the last digit.
    return _FINGERPRINT.sub("`...`", card.partition(f"\n{THIS_RUN}\n")[0]).rstrip().splitlines()


def _words(line: str) -> str:
    return _FIGURE.sub("#", line)


def _figures_agree(line: str, other: str) -> bool:
    pairs = zip(_FIGURE.findall(line), _FIGURE.findall(other), strict=True)
    return all(isclose(_value(a), _value(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs)


def _value(figure: str) -> float:
    return float(figure[:-1]) / 100 if figure.endswith("%") else float(figure)
