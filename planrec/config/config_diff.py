"""Where the configurations of runs differ, as dotted paths. Configurations are those of run.json, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GROUPS_OF_DATA = ("data", "target", "catalogue")
"Parts of a configuration that say which decisions there are."
GROUPS_OF_FOLDS = ("cv", "seed")
"Parts that say how the decisions are dealt into folds."
NONE = "(none)"
"In place of a value that only the other run has."


@dataclass(frozen=True)
class Change:
    """One value that two runs do not share."""

    path: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.path}: {self.first} -> {self.second}"


def flat(config: Mapping[str, Any]) -> dict[str, str]:
    """Every leaf as text by its dotted path; items of a list of objects are named by their `id` or position.

    >>> flat({"model": {"kind": "lgbm", "rate": 0.1}, "metrics": ["auc", "f1"], "baselines": {"stay": {}}})
    {'model.kind': 'lgbm', 'model.rate': '0.1', 'metrics': '[auc,f1]', 'baselines': '[stay]'}
    """
    # A baseline is a name: what it stands for follows from it.
    named = {name: list(part) if name == "baselines" else part for name, part in config.items()}
    return dict(_leaves(named, ""))


def changes(
    first: Mapping[str, Any], second: Mapping[str, Any], groups: Sequence[str] = ()
) -> tuple[Change, ...]:
    """Where two configurations differ, below some groups or everywhere.

    Fields that only one kind of an option has are left out where the kinds differ.
    """
    one, other = flat(first), flat(second)
    found = []
    for path in dict.fromkeys([*one, *other]):
        group = path.split(".")[0]
        kind = f"{group}.kind"
        implied = one.get(kind) != other.get(kind) and not (path in one and path in other)
        if one.get(path) != other.get(path) and not implied and (not groups or group in groups):
            found.append(Change(path, one.get(path, NONE), other.get(path, NONE)))
    return tuple(found)


def labels(configs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The values of each configuration that not all of them share, by override: `model`, `cv.n_folds`.

    A field counts as shared where all configurations with the same kind of that option have the same value.
    Where data lies is no difference, and neither are values of a model that a search inside the run replaces.
    """
    leaves = [flat(config) for config in configs]
    values: dict[tuple[str, str], set[str]] = {}
    for path in dict.fromkeys(path for one in leaves for path in one):
        for one in leaves:
            values.setdefault((path, _kind_beside(path, one)), set()).add(one.get(path, NONE))
    return [
        {
            path.removesuffix(".kind") if path != SEARCHED else "search": value
            for path, value in one.items()
            if len(values[path, _kind_beside(path, one)]) > 1
            and not path.endswith(".path")
            and not _is_searched(path, one)
        }
        for one in leaves
    ]


SEARCHED = "search.model"
"The kind of a search: what it searches."


def _kind_beside(path: str, leaves: Mapping[str, str]) -> str:
    """The kind of the option that a field belongs to; none for the kind itself."""
    group = path.split(".")[0]
    kind = SEARCHED if group == "search" else f"{group}.kind"
    return "" if path == kind else leaves.get(kind, "")


def _is_searched(path: str, leaves: Mapping[str, str]) -> bool:
    group, _, field = path.partition(".")
    return group == "model" and any(leaf.startswith(f"search.space.{field}.") for leaf in leaves)


def _leaves(node: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(node, Mapping) and node:
        parts = list(node.items())
    elif isinstance(node, list) and node and all(isinstance(item, Mapping) for item in node):
        parts = [(item.get("id", number), item) for number, item in enumerate(node)]
    else:
        return [(path, _text(node))]
    return [leaf for name, part in parts for leaf in _leaves(part, f"{path}.{name}" if path else str(name))]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
