"""JSON files that hold one object."""

import json
from pathlib import Path
from typing import Any

from planrec.errors import RunError

JsonObject = dict[str, Any]
"The content of such a file."


def read_object(file: Path) -> JsonObject:
    """Return the JSON object in a file. Raises RunError."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RunError(f"{file} cannot be read as JSON: {error}") from error
    return parse_object(content, file)


def parse_object(text: bytes, file: Path) -> JsonObject:
    """Return the JSON object in the content of a file, which messages name. Raises RunError.

    >>> parse_object(b'{"seed": 0}', Path("run.json"))
    {'seed': 0}
    """
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{file} must hold a JSON object, got {type(content).__name__}")
    return content
