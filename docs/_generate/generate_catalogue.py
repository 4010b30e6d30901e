"""The page about the fields of a catalogue, generated from its classes."""

from typing import Any

from planrec.catalogue import Catalogue


def catalogue_page() -> str:
    """Return the page as Markdown: one table per part of a catalogue."""
    schema = Catalogue.model_json_schema(by_alias=True)
    parts = {"Catalogue": schema, **schema["$defs"]}
    lines = [
        "# The catalogue",
        "",
        "Generated from `planrec/catalogue/` by `just docs`. A catalogue is one YAML file with your plans;"
        " [describe your plans](../how-to/describe-your-plans.md) has a complete example, and"
        " [how a bill is computed](bills.md) the formula. Editors complete and check the file with its"
        " [JSON Schema](schema/catalogue.json). All fields are required; unknown ones are errors.",
    ]
    for name in _in_order(schema, parts):
        lines += ["", f"## {name}", "", _text(parts[name]), "", "| field | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{field}` | {_type_of(part)} | {_text(part)} |"
            for field, part in parts[name]["properties"].items()
        ]
    return "\n".join(lines) + "\n"


def _in_order(schema: dict[str, Any], parts: dict[str, Any]) -> list[str]:
    """Return the names of the parts, each after the part that has it."""
    found = ["Catalogue"]
    for name in found:
        found += [inner for inner in _references(parts[name].get("properties", {})) if inner not in found]
    return [name for name in found if parts[name].get("properties")]


def _references(node: Any) -> list[str]:
    """Return the names that a schema refers to, in order."""
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if "$ref" in node else []
        return list(dict.fromkeys([*own, *(name for value in node.values() for name in _references(value))]))
    if isinstance(node, list):
        return list(dict.fromkeys(name for value in node for name in _references(value)))
    return []


def _type_of(part: dict[str, Any]) -> str:
    """Return a short text for a type."""
    choices = part.get("anyOf") or part.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(_type_of(choice) for choice in choices))
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return " or ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_type_of(part.get('items', {}))}"
    return str(part.get("format") or part.get("type", "value"))


def _text(part: dict[str, Any]) -> str:
    return " ".join(str(part.get("description", "")).split()).replace("|", "\\|")
