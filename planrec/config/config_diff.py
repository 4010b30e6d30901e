"""Differences between the configurations of runs, as dotted paths; configurations are JSON from run.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GROUPS_OF_DATA = ("data", "target", "catalogue")
"Parts of a configuration that determine the decisions."
GROUPS_OF_FOLDS = ("cv", "seed")
"Parts that determine the folds."
NONE = "(none)"
"Placeholder for a value that only the other run has."


@dataclass(frozen=True)
class Change:
    """One value that differs between two runs."""

    path: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.path}: {self.first} -> {self.second}"


def flat(config: Mapping[str, Any]) -> dict[str, str]:
    """Flatten a tree to text by dotted path; items of a list of objects are named by `id` or position.

    >>> flat({"model": {"kind": "lgbm", "rate": 0.1}, "metrics": ["auc", "f1"], "baselines": {"stay": {}}})
    {'model.kind': 'lgbm', 'model.rate': '0.1', 'metrics': '[auc,f1]', 'baselines': '[stay]'}
    """
    # A baseline is identified by its name.
    named = {name: list(part) if name == "baselines" else part for name, part in config.items()}
    return dict(_leaves(named, ""))


def changes(
    first: Mapping[str, Any], second: Mapping[str, Any], groups: Sequence[str] = ()
) -> tuple[Change, ...]:
    """List the differences between two configurations, below some groups or everywhere.

    If the kinds of an option differ, fields that only one of them has are left out.
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
    """Return the values of each configuration that not all share, by override: `model`, `cv.n_folds`.

    A field counts as shared if all configurations with the same kind of that option have the same value.
    The path of the data is ignored, and so are model values that a search inside the run replaces.
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
"The kind of a search: the model that it tunes."


def _kind_beside(path: str, leaves: Mapping[str, str]) -> str:
    """Return the kind of the option that a field belongs to; None for the kind itself."""
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
