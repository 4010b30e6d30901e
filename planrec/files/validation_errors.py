"""Errors of Pydantic in words: the rule, the value found and the nearest allowed name."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planrec.wording import did_you_mean

MOST_PROBLEMS = 10
"Problems that a message lists."


def message_of(details: ErrorDetails) -> str:
    """Return Pydantic's own message, without the prefix of errors that PlanRec raised."""
    return details["msg"].removeprefix("Value error, ")


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
