"""JSON files that hold one object."""

import json
from pathlib import Path
from typing import Any

from planrec.errors import RunError


def read_object(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises RunError."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{file} must hold a JSON object, got {type(content).__name__}")
    return content
