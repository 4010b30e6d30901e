"""Read a YAML file of an operator into a checked model, with every problem in one error."""

from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from planrec.errors import CatalogueError
from planrec.files.strict_yaml import read_yaml
from planrec.files.validation_errors import message_of, rule_of
from planrec.wording import did_you_mean

Checked = TypeVar("Checked", bound=BaseModel)
MOST_PROBLEMS = 200
"Problems that a message lists: each looks for the nearest allowed name."


def read_model(file: Path, model: type[Checked]) -> Checked:
    """Read the file as a model.

    Raises:
        CatalogueError: the file cannot be read, is not YAML (with the line), or violates rules of the model
            (at most `MOST_PROBLEMS`, each with its path in the YAML).
    """
    content = read_yaml(file, str(file), CatalogueError)
    if content is None:
        raise CatalogueError(f"{file} must have `key: value` lines, `schema:` first; it is empty")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [_problem(details, content, model) for details in found[:MOST_PROBLEMS]]
        if len(found) > MOST_PROBLEMS:
            problems.append(f"... and {len(found) - MOST_PROBLEMS:,} more")
        raise CatalogueError(f"{file} is not a valid {model.__name__.lower()} file", problems) from None


def _problem(details: ErrorDetails, content: object, model: type[BaseModel]) -> str:
    """Return `plans.0.fee.recurring of plan 'mini': money must be ...`."""
    path = ".".join(map(str, details["loc"])) or "the file"
    return f"{path}{_whose(details['loc'], content)}: {_rule(details, model)}"


def _whose(loc: tuple[int | str, ...], content: object) -> str:
    """Name the plan that a path leads into, because list positions are hard to find in a file."""
    if len(loc) < 2 or not isinstance(loc[1], int):
        return ""
    plan = _at(content, loc[:2])
    plan_id = plan.get("id") if isinstance(plan, dict) else None
    return "" if plan_id is None else f" of plan {plan_id!r}"


def _rule(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind, found, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"no such key{did_you_mean(str(details['loc'][-1]), _keys_of(model))}"
    if kind == "union_tag_invalid":
        return f"{context['discriminator']} must be one of {context['expected_tags']}, got {context['tag']!r}"
    if kind == "catalogue":
        return message_of(details)
    rule = rule_of(details)
    says_it_all = kind in ("missing", "value_error") or isinstance(found, dict | list)
    return rule if says_it_all else f"{rule}, got {found!r}"


@cache
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
