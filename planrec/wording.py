"""Words and number formats that terminals, pages and messages share."""

import re
from collections.abc import Callable, Iterable, Sequence
from math import isnan
from unicodedata import category

ARROW = {True: " ↑", False: " ↓", None: ""}
"By `Metric.higher_is_better`."

POSSIBLE_LEAK = "possible leak"
"First words of the notes of a run that terminals and pages show as warnings."

_WHOLE_FROM = 1000


def figure(value: float) -> str:
    """Format a number: three decimals below 1, else three digits, whole numbers from 1,000.

    Examples:
        >>> figure(0.0123), figure(-0.0001), figure(12.345), figure(12345.6), figure(float("nan"))
        ('0.012', '0.000', '12.3', '12,346', '-')
    """
    if isnan(value):
        return "-"
    if abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 1 else f"{value:#.3g}".rstrip(".")


def with_interval(value: float, low: float, high: float) -> str:
    """Format a value with the ends of its interval, if it has one.

    Examples:
        >>> with_interval(0.5, 0.4, 0.6), with_interval(0.5, float("nan"), float("nan"))
        ('0.500 [0.400, 0.600]', '0.500')
    """
    return figure(value) if isnan(value) or isnan(low) else f"{figure(value)} [{figure(low)}, {figure(high)}]"


def signed(difference: float, low: float, high: float) -> str:
    """Format a difference and its interval, with a plus sign if it is positive.

    Examples:
        >>> signed(0.5, 0.4, 0.6), signed(-0.5, -0.6, -0.4), signed(0.0, 0.0, 0.0)
        ('+0.500 [0.400, 0.600]', '-0.500 [-0.600, -0.400]', '0.000 [0.000, 0.000]')
    """
    return ("+" if round(difference, 3) > 0 else "") + with_interval(difference, low, high)


def leak_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes of a run about possible leaks: reasons to distrust its figures.

    >>> leak_notes(["3 rows dropped", "possible leak, near_twins: 20 rows"])
    ('possible leak, near_twins: 20 rows',)
    """
    return tuple(note for note in notes if note.startswith(POSSIBLE_LEAK))


def visible(text: str) -> str:
    r"""Return a text whose control characters are written as escapes; line ends are kept.

    A name in a hostile file could otherwise move the cursor of a terminal, or change its colours.

    >>> visible("big\x1b[31m\n")
    'big\\x1b[31m\n'
    """
    if text.isprintable():
        return text
    return "".join(letter if _is_shown(letter) or letter == "\n" else repr(letter)[1:-1] for letter in text)


def _is_shown(letter: str) -> bool:
    # Blanks of a fixed width, as in `35,00 US$`, are not "printable" in Python.
    return letter.isprintable() or category(letter) == "Zs"


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Suggest the nearest allowed name, or return an empty string if none is near.

    >>> did_you_mean("lgmb", ["lgbm", "logistic"]), did_you_mean("x", ["lgbm"])
    (" (did you mean 'lgbm'?)", '')
    """
    from difflib import get_close_matches

    near = get_close_matches(name, list(allowed), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def typing_mistake(message: str) -> str:
    """Say in PlanRec's words why argparse refuses a command line.

    >>> typing_mistake("argument card: invalid choice: 'modle' (choose from 'model', 'data')")
    "card must be one of model, data, got 'modle' (did you mean 'model'?)"
    >>> typing_mistake("the following arguments are required: RUN, --out")
    'missing: RUN, --out'
    """
    for pattern, plain in _TYPING_MISTAKES:
        if match := pattern.fullmatch(message):
            return plain(*match.groups())
    return message


def _choice(name: str, value: str, allowed: str) -> str:
    names = [word.strip("'") for word in allowed.split(", ")]
    return f"{name} must be one of {', '.join(names)}, got {value}{did_you_mean(value.strip(chr(39)), names)}"


_TYPING_MISTAKES: Sequence[tuple[re.Pattern[str], Callable[..., str]]] = [
    (re.compile(pattern, re.DOTALL), plain)
    for pattern, plain in (
        (r"argument (\S+): invalid choice: (.+) \(choose from (.+)\)", _choice),
        (r"argument (\S+): invalid int value: (.+)", "{} must be a whole number, got {}".format),
        (r"argument (\S+): invalid float value: (.+)", "{} must be a number, got {}".format),
        (r"argument (\S+): expected (?:one|at least one) argument", "{} needs a value".format),
        (r"argument (\S+): ignored explicit argument (.+)", "{} takes no value, got {}".format),
        (r"argument (\S+): not allowed with argument (\S+)", "{} and {} do not go together".format),
        (r"argument (\S+): (.+)", "{} {}".format),
        (r"the following arguments are required: (.+)", "missing: {}".format),
        (
            r"one of the arguments (.+) is required",
            lambda names: f"missing: one of {', '.join(names.split())}",
        ),
    )
]
"What argparse writes -> what PlanRec writes. Messages of our own argument types begin with `must`."


def shown(values: Iterable[object], most: int = 5) -> str:
    """List the first few values for an error message, and count the rest.

    >>> shown(["a", "b", "c"], most=2)
    "'a', 'b', and 1 more"
    """
    listed: Sequence[object] = list(values)
    rest = f", and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(repr(value) for value in listed[:most]) + rest


def counted(number: int, noun: str) -> str:
    """Count in words.

    >>> counted(1, "row"), counted(2500, "row")
    ('1 row', '2,500 rows')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
