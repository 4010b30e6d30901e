"""Read a YAML file of an operator into a checked model, with every problem in one error."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from planrec.errors import CatalogueError
from planrec.files.strict_yaml import read_yaml
from planrec.schema.field_errors import FieldError, field_errors
from planrec.wording import did_you_mean

Checked = TypeVar("Checked", bound=BaseModel)


def read_model(file: Path, model: type[Checked]) -> Checked:
    """Read the file as a model.

    Raises:
        CatalogueError: The file cannot be read, is not YAML (with the line), or violates rules of the model
            (all of them, each with its path in the YAML).
    """
    content = read_yaml(file, CatalogueError)
    if not isinstance(content, dict):
        raise CatalogueError(f"{file} must have `key: value` lines, `schema:` first; got {content!r:.60}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(found, content, model) for found in field_errors(error)]
        raise CatalogueError(f"{file} is not a valid {model.__name__.lower()} file", problems) from None


def _problem(error: FieldError, content: object, model: type[BaseModel]) -> str:
    """Return `plans.0.fee.recurring of plan 'mini': money must be ...`."""
    path = ".".join(map(str, error.path)) or "the file"
    return f"{path}{_whose(error.path, content)}: {_rule(error, model)}"


def _whose(loc: tuple[int | str, ...], content: object) -> str:
    """Name the plan that a path leads into, because list positions are hard to find in a file."""
    if len(loc) < 2 or not isinstance(loc[1], int):
        return ""
    plan = _at(content, loc[:2])
    plan_id = plan.get("id") if isinstance(plan, dict) else None
    return "" if plan_id is None else f" of plan {plan_id!r}"


def _rule(error: FieldError, model: type[BaseModel]) -> str:
    if error.kind == "missing":
        return "must be given and is missing"
    if error.kind == "extra_forbidden":
        return f"no such key{did_you_mean(str(error.path[-1]), _keys_of(model))}"
    if error.kind == "union_tag_invalid":
        context = error.context
        return f"{context['discriminator']} must be one of {context['expected_tags']}, got {context['tag']!r}"
    if error.kind in ("catalogue", "value_error"):
        return error.message
    return error.rule if isinstance(error.value, dict | list) else f"{error.rule}, got {error.value!r}"


def _keys_of(model: type[BaseModel]) -> set[str]:
    """Collect all keys that such a file may have, at any depth."""
    schema = model.model_json_schema(by_alias=True)
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def _at(content: object, loc: tuple[int | str, ...]) -> object:
    for part in loc:
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            return None
    return content
