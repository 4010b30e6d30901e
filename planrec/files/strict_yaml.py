"""YAML files: a key given twice is an error, and every error names its line."""

from pathlib import Path
from typing import Any

import yaml

from planrec.errors import PlanRecError

MOST_DIGITS = 100
"Characters of a number: Python refuses to write whole numbers of more than 4,300 digits."
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class StrictLoader(yaml.SafeLoader):
    """A loader that refuses a key given twice, which YAML itself ignores, and endless numbers."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping. Raises MarkedYAMLError if a key is given twice."""
        found: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in found:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            found.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Return a value. Raises MarkedYAMLError if it is a number or a date that cannot be read."""
        if node.tag in _NUMBERS and len(str(node.value)) > MOST_DIGITS:
            problem = f"a number must have at most {MOST_DIGITS} characters, got {len(node.value):,}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # 2026-02-30, !!int text
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


def read_yaml(file: Path, name: str, error: type[PlanRecError]) -> dict[str, Any] | None:
    """Read a YAML file of `key: value` lines; None if it is empty.

    Args:
        file: the file to read, in UTF-8; a byte order mark is skipped.
        name: the file as messages name it.
        error: the class of the error that is raised.

    Raises:
        PlanRecError: of the class `error`, if the file cannot be read, is not YAML or holds no mapping.
    """
    try:
        content = yaml.load(file.read_bytes().decode("utf-8-sig"), StrictLoader)
    except OSError as problem:
        raise error(f"{name} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        byte = problem.object[problem.start]
        raise error(f"{name} must be text in UTF-8: line {line} has the byte 0x{byte:02x}") from problem
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(f"{name}{where}: not YAML: {problem.problem or problem.context}") from problem
    except yaml.YAMLError as problem:
        raise error(f"{name}: not YAML: {problem}") from problem
    except RecursionError:
        raise error(f"{name}: not readable YAML: it is nested too deeply") from None
    if content is not None and not isinstance(content, dict):
        raise error(f"{name} must hold `key: value` lines, got {content!r:.60}")
    return content
