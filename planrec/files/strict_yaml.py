"""YAML files in which a key given twice is an error."""

from pathlib import Path
from typing import Any

import yaml

from planrec.errors import PlanRecError


class StrictLoader(yaml.SafeLoader):
    """Loader that refuses a key given twice; plain YAML silently keeps the last one.

    Examples:
        >>> yaml.load("a: 1", StrictLoader)
        {'a': 1}
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping as `SafeLoader` does, without repeated keys."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, (key, _) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value in keys[:place]:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(file: Path, error_type: type[PlanRecError], shown: str | Path | None = None) -> Any:
    """Read a YAML file in UTF-8, with or without a byte order mark.

    Args:
        file: The file.
        error_type: Exception to raise.
        shown: The file's name in messages; None for its path.

    Raises:
        PlanRecError: Of the type given: the file cannot be read, is not text in UTF-8, or is not YAML; names
            the file and the place in it.
    """
    name = file if shown is None else shown
    try:
        # Editors on Windows write a byte order mark.
        return yaml.load(file.read_bytes().decode("utf-8-sig"), StrictLoader)
    except OSError as error:
        raise error_type(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise error_type(
            f"{name} must be text in UTF-8, line {line} has the byte 0x{error.object[error.start]:02x}"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error_type(f"{name} is not YAML: {error.problem or error.context}{place}") from error
    except yaml.YAMLError as error:
        raise error_type(f"{name} is not YAML: {error}") from error
    except RecursionError as error:
        raise error_type(f"{name} is not readable YAML: it is nested too deeply") from error
