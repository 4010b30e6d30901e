"""Candidates for the words that a shell completes: runs, folders, overrides of a configuration."""

import os
from argparse import Action, Namespace
from collections.abc import Callable, Iterator, Mapping
from glob import escape, glob
from typing import Any

COMPLETING = "_ARGCOMPLETE"
"Variable that the shell's completion sets; planrec then prints candidates and does nothing else."

Completer = Callable[..., list[str]]
"""Called with the `prefix` that is typed, and the `parsed_args` before it."""


def is_completing() -> bool:
    """Return whether the shell asks for candidates."""
    return COMPLETING in os.environ


def typed_words(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the words of the line that is completed, up to the cursor, without the command and the last one.

    >>> typed_words({"COMP_LINE": "planrec train -m model=l", "COMP_POINT": "24"})
    ['train', '-m']
    """
    line = environment["COMP_LINE"][: int(environment["COMP_POINT"])]
    return line.rpartition(" ")[0].split()[1:]


def completed_by(action: Action, completer: Completer) -> None:
    """Let a function name the candidates of an argument."""
    action.completer = completer  # type: ignore[attr-defined]


def folders(prefix: str, **_: Any) -> list[str]:
    """Return the folders whose path begins with the prefix."""
    return glob(f"{escape(prefix)}*/")


def runs(prefix: str, parsed_args: Namespace, **_: Any) -> list[str]:
    """Return `latest` and the ids of complete runs, the newest first; for other prefixes the folders."""
    from planrec.files.folder_walk import complete_runs, names_of

    outputs = parsed_args.outputs
    named = [["latest"], *(names_of(folder, outputs) for folder in reversed(complete_runs(outputs)))]
    found = [next((name for name in names if name.startswith(prefix)), None) for names in named]
    return [name for name in found if name is not None] or folders(prefix)


def overrides(prefix: str, **_: Any) -> list[str]:
    """Return groups and keys with `=`, or options of a group; after a comma the next option of a sweep."""
    from planrec.config.conf_folder import groups, options

    key, equals, value = prefix.partition("=")
    name = key.lstrip("+~")
    if not equals:
        sign = key[: len(key) - len(name)]
        return [f"{sign}{text}=" for text in dict.fromkeys([*groups(), *_keys(name)])]
    if name not in groups():
        return []
    before = value.rpartition(",")[0]
    return [f"{key}={before},{option}" if before else f"{key}={option}" for option in options(name)]


def _keys(name: str) -> list[str]:
    """Return the dotted keys of the group that is typed, else those at the top level."""
    from planrec.config.conf_folder import CONF, chosen_options, content_of, inherited

    group, dot, _ = name.partition(".")
    option = chosen_options(typed_words()).get(group)
    if dot and option:
        return [f"{group}.{key}" for key in _dotted(inherited(group, option))]
    top = content_of(CONF / "train.yaml")
    return list(_dotted({key: value for key, value in top.items() if key not in ("defaults", "hydra")}))


def _dotted(tree: Mapping[str, Any]) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from (f"{key}.{inner}" for inner in _dotted(value))
        else:
            yield str(key)
