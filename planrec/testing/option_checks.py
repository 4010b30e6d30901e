"""Contract of every option class: closed, frozen, with a `kind` and without defaults."""

from typing import Any

from pydantic import ValidationError

from planrec.plugins import kinds_of
from planrec.schema.config_model import Config


def check_option(option: Config) -> None:
    """Check an option of any group.

    Args:
        option: an instance with legal values.

    Raises:
        AssertionError: the class accepts unknown keys, can be changed, has a default in Python (defaults
            belong in YAML), has no literal `kind`, or does not survive a round trip through JSON.
    """
    values: dict[str, Any] = {name: getattr(option, name) for name in type(option).model_fields}
    assert values["kind"] in kinds_of(type(option))
    defaults = [name for name, field in type(option).model_fields.items() if not field.is_required()]
    assert not defaults, f"fields with a default in Python: {', '.join(defaults)}"
    assert not _accepts(type(option), option.model_dump() | {"nonsense": 1}), "unknown keys must be errors"
    assert not _can_be_changed(option), "options must be frozen"
    assert type(option).model_validate_json(option.model_dump_json()) == option


def _accepts(cls: type[Config], values: dict[str, Any]) -> bool:
    try:
        cls.model_validate(values)
    except ValidationError:
        return False
    return True


def _can_be_changed(option: Config) -> bool:
    try:
        setattr(option, "kind", "nonsense")  # noqa: B010 - a type checker knows that it is frozen
    except ValidationError:
        return False
    return True
