"""Read a YAML file of an operator into a checked model, with every problem in one error."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from planrec.errors import CatalogueError
from planrec.files.strict_yaml import StrictLoader
from planrec.wording import did_you_mean

Checked = TypeVar("Checked", bound=BaseModel)


def read_model(file: Path, model: type[Checked]) -> Checked:
    """Read the file as a model.

    Raises:
        CatalogueError: The file cannot be read, is not YAML (with the line), or violates rules of the model
            (all of them, each with its path in the YAML).
    """
    content = _content_of(file)
    if not isinstance(content, dict):
        raise CatalogueError(f"{file} must have `key: value` lines, `schema:` first; got {content!r:.60}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(details, content, model) for details in error.errors(include_url=False)]
        raise CatalogueError(f"{file} is not a valid {model.__name__.lower()} file", problems) from None


def _content_of(file: Path) -> object:
    try:
        # Windows editors put a byte order mark first.
        text = file.read_bytes().decode("utf-8-sig")
        return yaml.load(text, StrictLoader)
    except OSError as error:
        raise CatalogueError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CatalogueError(
            f"{file} must be text in UTF-8, line {line} has the byte 0x{error.object[error.start]:02x}"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise CatalogueError(f"{file} is not YAML: {error.problem or error.context}{where}") from None
    except yaml.YAMLError as error:
        raise CatalogueError(f"{file} is not YAML: {error}") from None
    except RecursionError:
        raise CatalogueError(f"{file} is not readable YAML: it is nested too deeply") from None


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
    if kind == "missing":
        return "must be given and is missing"
    if kind == "extra_forbidden":
        return f"no such key{did_you_mean(str(details['loc'][-1]), _keys_of(model))}"
    if kind == "union_tag_invalid":
        return f"{context['discriminator']} must be one of {context['expected_tags']}, got {context['tag']!r}"
    if kind in ("catalogue", "value_error"):
        return str(details["msg"]).removeprefix("Value error, ")
    message = details["msg"][0].lower() + details["msg"][1:]
    return message if isinstance(found, dict | list) else f"{message}, got {found!r}"


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
