"""Names that are safe to show: in a terminal, a log, a page or a file."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from planrec.wording import visible

MOST_LETTERS = 200
"Characters of a name."


def name_problem(name: str) -> str | None:
    r"""Return the rule that a name breaks, or None.

    >>> name_problem("Smart 5 GB"), name_problem("big\x1b[31m")
    (None, "must have printable characters only, got 'big\\x1b[31m'")
    """
    if not 1 <= len(name) <= MOST_LETTERS:
        return f"must have 1 to {MOST_LETTERS} characters, got {len(name):,}"
    return line_problem(name)


def line_problem(text: str) -> str | None:
    r"""Return the rule that a text of one line breaks, or None.

    >>> line_problem("planrec train"), line_problem("a\nb")
    (None, "must have printable characters only, got 'a\\nb'")
    """
    if visible(text) != text or "\n" in text:
        return f"must have printable characters only, got {text!r}"
    return None


def run_name_problem(name: str) -> str | None:
    """Return the rule that the id of a run breaks, or None. It also names the folder of the run.

    >>> run_name_problem("2030-01-31/<b>")
    "must not have the characters < >, got '2030-01-31/<b>'"
    """
    if found := sorted(set("<>`") & set(name)):
        return f"must not have the characters {' '.join(found)}, got {name!r}"
    return name_problem(name)


def _rule(problem_of: Callable[[str], str | None]) -> AfterValidator:
    def check(name: str) -> str:
        if problem := problem_of(name):
            raise ValueError(problem)
        return name

    return AfterValidator(check)


ShownName = Annotated[str, _rule(name_problem)]
"A name of at most 200 printable characters."
ShownLine = Annotated[str, _rule(line_problem)]
"A text of one line, of printable characters."
RunName = Annotated[str, _rule(run_name_problem)]
"The id of a run."
