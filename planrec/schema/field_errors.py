"""The errors of a pydantic model, field by field, for messages that name a place of the user's own."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

_OUR_OWN = "Value error, "
"Pydantic's prefix to the message of a ValueError that a validator raised."


class FieldError(NamedTuple):
    """One value that a model does not accept."""

    path: tuple[int | str, ...]
    "Keys and positions that lead to the value."
    kind: str
    "Pydantic's type of the error, such as `missing`."
    message: str
    "Pydantic's message, or that of our own validator."
    value: Any
    "The value that is wrong; None if it was left out of the error."
    context: Mapping[str, Any]
    "Pydantic's details, such as the allowed values; empty if they were left out."

    @property
    def rule(self) -> str:
        """The message in lower case, to continue a sentence; our own messages stay as they are."""
        if self.kind == "value_error":
            return self.message
        return self.message[0].lower() + self.message[1:]


def field_errors(error: ValidationError, *, with_values: bool = True) -> list[FieldError]:
    """List the errors of a model.

    Pydantic counts only the valid items of a list, and so calls a list with a wrong item too short. This
    second error is left out.

    Args:
        error: The exception of pydantic.
        with_values: Whether to keep the wrong values and the details; False is faster for many errors.

    Examples:
        >>> from planrec.schema.config_model import Config
        >>> class Limits(Config):
        ...     seconds: float
        >>> try:
        ...     Limits.model_validate({"seconds": "soon"})
        ... except ValidationError as error:
        ...     [(found.path, found.rule) for found in field_errors(error)]
        [(('seconds',), 'input should be a valid number, unable to parse string as a number')]
    """
    found = error.errors(include_url=False, include_input=with_values, include_context=with_values)
    containers = {details["loc"][:-1] for details in found}
    return [
        FieldError(
            details["loc"],
            details["type"],
            details["msg"].removeprefix(_OUR_OWN),
            details.get("input"),
            details.get("ctx", {}),
        )
        for details in found
        if not (details["type"] == "too_short" and details["loc"] in containers)
    ]
