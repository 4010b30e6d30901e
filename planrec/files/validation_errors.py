"""Errors of Pydantic in words: the rule, the value found and the nearest allowed name."""

import re
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planrec.wording import did_you_mean

MOST_PROBLEMS = 10
"Problems that a message lists."


def message_of(details: ErrorDetails) -> str:
    """Return the message of an error: that of PlanRec's own rules, or Pydantic's in plain words."""
    return plain_message(details["msg"].removeprefix("Value error, "))


def plain_message(message: str) -> str:
    """Say in PlanRec's words which rule of Pydantic a value breaks.

    >>> plain_message("Input should be a valid integer, unable to parse string as an integer")
    'must be a whole number'
    >>> plain_message("List should have at least 1 item after validation, not 0")
    'must have 1 or more entries, got 0'
    >>> plain_message("Extra inputs are not permitted")
    'no such key'
    """
    for pattern, plain in _PLAIN:
        if match := pattern.fullmatch(message):
            return plain.format(*match.groups())
    return message


_PLAIN = [
    (re.compile(pattern, re.DOTALL), plain)
    for pattern, plain in (
        ("Field required", "must be given and is missing"),
        ("Extra inputs are not permitted", "no such key"),
        ("Input should be greater than or equal to (.+)", "must be {} or more"),
        ("Input should be less than or equal to (.+)", "must be {} or less"),
        ("Input should be (greater|less) than (.+)", "must be {} than {}"),
        ("Input should be a valid integer.*", "must be a whole number"),
        ("Unable to parse input string as an integer.*", "must be a shorter whole number"),
        ("Input should be a valid number.*", "must be a number"),
        ("Input should be a valid string", "must be text"),
        ("Input should be a valid boolean.*", "must be true or false"),
        ("Input should be a valid (?:array|list|tuple)", "must be a list"),
        ("Input should be (?:an object|a valid dictionary.*)", "must be an object"),
        (
            r"\w+ should have at least (\d+) items? after validation, not (.+)",
            "must have {} or more entries, got {}",
        ),
        (
            r"\w+ should have at most (\d+) items? after validation, not (.+)",
            "must have {} or fewer entries, got {}",
        ),
        (r"String should have at least (\d+) characters?", "must have {} or more characters"),
        (r"String should have at most (\d+) characters?", "must have {} or fewer characters"),
        ("String should match pattern (.+)", "must match the pattern {}"),
        ("Input should be (.+)", "must be {}"),
    )
]
"Message of Pydantic -> PlanRec's words; the first one that fits is used."


def rule_of(details: ErrorDetails, allowed: Iterable[str] = ()) -> str:
    """Return the rule that a value breaks.

    Args:
        details: one entry of `ValidationError.errors()`.
        allowed: the keys that may be given in place of an unknown one.
    """
    context, kind, names = details.get("ctx", {}), details["type"], list(allowed)
    if kind == "missing":
        return "must be given and is missing"
    if kind == "extra_forbidden":
        listed = f"; allowed: {', '.join(names)}" if names else ""
        return f"no such key{did_you_mean(str(details['loc'][-1]), names)}{listed}"
    if kind == "union_tag_invalid":
        tags = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        return f"no such kind{did_you_mean(context['tag'], tags)}; allowed: {', '.join(tags)}"
    if kind == "literal_error":
        values = [value.strip("' ") for value in context["expected"].replace(" or ", ", ").split(", ")]
        return f"must be one of {', '.join(values)}{did_you_mean(str(details['input']), values)}"
    if "error" in context:
        return str(context["error"])
    message = message_of(details)
    return f"{message[0].lower()}{message[1:]}"


def problems_of(error: ValidationError, place: str = "") -> list[str]:
    """Return one line per error, its dotted path first; at most `MOST_PROBLEMS` and a count of the rest.

    Args:
        error: the error of a whole model.
        place: put before every path.
    """
    found = error.errors(include_url=False)
    # Only for those that are listed: a hostile file may have thousands.
    listed = found[:MOST_PROBLEMS]
    paths = [".".join([*([place] if place else []), *map(str, item["loc"])]) for item in listed]
    rules = [
        f"{path}: {rule_of(item)}" if path else rule_of(item)
        for path, item in zip(paths, listed, strict=True)
    ]
    more = len(found) - len(listed)
    return rules + ([f"... and {more} more"] if more > 0 else [])
