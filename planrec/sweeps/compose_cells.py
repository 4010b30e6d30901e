"""Compose the cells of a sweep: one RunConfig per combination, all checked before the first one runs.

Hydra takes a tenth of a second to compose a config. Cells with the same options differ in plain values only,
so Hydra composes each choice of options once, and this module sets the values.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from planrec.commands.grammar import parsed_override
from planrec.config.compose import interpolates, settled, task_tree, unreadable
from planrec.config.conf_folder import Folders, chosen_by, groups
from planrec.config.overrides import NOT_A_RUN, explained, problems_of, unknown_keys
from planrec.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.override_parser.types import Override

    from planrec.config.run_config import RunConfig

MOST_LISTED = 10
"Cells with the same problem that a message lists."
_PATH = re.compile(r"(\w+)[\w.-]*(?: = |: | must be given)")
"Beginning of a problem of one value; problems of parts that do not fit together begin in another way."


@dataclass(frozen=True)
class Cell:
    """One run of a sweep."""

    number: int
    overrides: tuple[str, ...]
    "Arguments of `planrec train` that run the cell alone."
    config: "RunConfig"
    label: str
    "The overrides that differ between cells of the sweep."
    name: str | None = None
    "Second name in the folder of the sweep, beside the number: `hydra.sweep.subdir`."


@dataclass(frozen=True)
class _Composed:
    """The configuration that Hydra composed from a choice of options."""

    tree: dict[str, Any]
    choices: dict[str, Any]
    "Group -> option."
    interpolates: bool
    "Whether a value interpolates another one, which may differ in the next cell."


class CellComposer:
    """Composer of the cells of one sweep.

    Args:
        loader: Hydra's loader of configurations.
        hydra_overrides: overrides of Hydra's own part, such as `hydra.searchpath=...`.
        added: folders of options that a user adds.
    """

    def __init__(self, loader: "ConfigLoader", hydra_overrides: Sequence[str], added: Folders) -> None:
        self._loader = loader
        self._hydra_overrides = list(hydra_overrides)
        self._added = added
        self._groups = frozenset(groups(added))
        self._parsed: dict[str, Override | None] = {}
        self._wrong: dict[str, list[str]] = {}
        self._bases: dict[tuple[str, ...], _Composed] = {}

    def cells(self, combinations: Sequence[Sequence[str]]) -> list[Cell]:
        """Return one cell per combination of overrides. Raises ConfigError with all problems of all cells."""
        shared = set(combinations[0]).intersection(*combinations)
        found: dict[str, list[int]] = {}
        cells = []
        for number, overrides in enumerate(combinations):
            try:
                label = " ".join(text for text in overrides if text not in shared)
                cells.append(Cell(number, tuple(overrides), self.config(overrides), label))
            except ConfigError as error:
                for problem in error.problems or (error.message,):
                    found.setdefault(problem, []).append(number)
        if found:
            n = len(combinations)
            raise ConfigError(
                f"{NOT_A_RUN}, so no cell was run",
                [f"{problem}{_in_cells(numbers, n)}" for problem, numbers in found.items()],
            )
        return cells

    def config(self, overrides: Sequence[str]) -> "RunConfig":
        """Return the config of one cell. Raises ConfigError."""
        values = {text: found for text in overrides if (found := self._plain_value(text)) is not None}
        choosing = [text for text in overrides if text not in values]
        if wrong := {text: problems for text in choosing if (problems := self._problems(text))}:
            others = self._elsewhere([text for text in overrides if text not in wrong], list(wrong))
            raise ConfigError(NOT_A_RUN, [*(problem for of in wrong.values() for problem in of), *others])
        composed = self._base(tuple(choosing))
        if composed.interpolates or not all(self._is_choice(text) for text in choosing):
            composed = self._compose(overrides)
            return settled(composed.tree, overrides, composed.choices, self._added)
        tree = deepcopy(composed.tree)
        misplaced = [
            problem for text, override in values.items() for problem in self._put(tree, text, override)
        ]
        try:
            config = settled(tree, overrides, composed.choices, self._added)
        except ConfigError as error:
            raise ConfigError(error.message, [*misplaced, *error.problems]) from error
        if misplaced:
            raise ConfigError(NOT_A_RUN, misplaced)
        return config

    def _elsewhere(self, overrides: Sequence[str], wrong: Sequence[str]) -> list[str]:
        """List the problems of overrides that do not depend on the wrong ones."""
        if all(self._is_choice(text) for text in overrides):
            return []  # loading every option takes longer than all else, and finds nothing here
        try:
            self.config(overrides)
        except ConfigError as error:
            unsettled = self._unsettled(overrides, wrong)
            begun = [(_PATH.match(problem), problem) for problem in error.problems]
            return [problem for path, problem in begun if path and path[1] not in unsettled]
        return []

    def _unsettled(self, overrides: Sequence[str], wrong: Sequence[str]) -> set[str]:
        """Return the keys whose content depends on wrong overrides; a wrong `data` leaves features open."""
        paths = {text.lstrip("+~").partition("=")[0] for text in wrong}
        roots = {path.partition(".")[0] for path in paths}
        left_open = set().union(*(chosen_by(path, self._added) for path in paths & self._groups))
        return roots | (left_open - {text.partition("=")[0] for text in overrides if self._is_choice(text)})

    def choice(self, overrides: Sequence[str], group: str) -> str | None:
        """Return the option of a group that these overrides choose, directly or through another option."""
        option = self._compose(overrides).choices.get(group)
        return None if option is None else str(option)

    def _problems(self, text: str) -> list[str]:
        if text not in self._wrong:
            self._wrong[text] = problems_of(text, self._added)
        return self._wrong[text]

    @staticmethod
    def _put(tree: dict[str, Any], text: str, override: "Override") -> list[str]:
        """Set one value in the tree. Returns the problems of its path."""
        path, value = override.key_or_group, override.value()
        if problems := unknown_keys(tree, path, value, text):
            return [f"{problem} (from override {text})" for problem in problems]
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node[parent]
        node[name] = value
        return []

    def _plain_value(self, text: str) -> "Override | None":
        """Return an override that only replaces a value: it adds, merges and interpolates nothing."""
        override = self._override(text)
        if override is None or override.is_sweep_override() or "${" in text or override.package is not None:
            return None
        value, path = override.value(), override.key_or_group
        in_a_list = any(part.isdecimal() for part in path.split("."))
        nested = in_a_list or isinstance(value, Mapping)
        plain = _replaces(override) and not nested and path not in self._groups
        return override if plain else None

    def _is_choice(self, text: str) -> bool:
        override = self._override(text)
        return override is not None and override.key_or_group in self._groups and _replaces(override)

    def _override(self, text: str) -> "Override | None":
        if text not in self._parsed:
            self._parsed[text] = parsed_override(text)
        return self._parsed[text]

    def _base(self, choosing: tuple[str, ...]) -> _Composed:
        if choosing not in self._bases:
            self._bases[choosing] = self._compose(choosing)
        return self._bases[choosing]

    def _compose(self, overrides: Sequence[str]) -> _Composed:
        """Compose with Hydra. Raises ConfigError."""
        from hydra.errors import HydraException
        from hydra.types import RunMode
        from omegaconf.errors import OmegaConfBaseException

        try:
            composed = self._loader.load_configuration(
                "train", [*self._hydra_overrides, *overrides], run_mode=RunMode.RUN
            )
            choices = dict(composed.hydra.runtime.choices)
            return _Composed(task_tree(composed), choices, interpolates(composed))
        except (HydraException, OmegaConfBaseException) as error:
            raise explained(error, overrides, self._added) from error
        except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
            raise unreadable(error, self._added) from error


def _replaces(override: "Override") -> bool:
    return not (override.is_add() or override.is_delete() or override.is_force_add())


def _in_cells(numbers: Sequence[int], n_cells: int) -> str:
    """Name the cells that have a problem; empty if all have it."""
    if len(numbers) == n_cells:
        return ""
    listed = ", ".join(str(number) for number in numbers[:MOST_LISTED])
    more = f" and {len(numbers) - MOST_LISTED} more" if len(numbers) > MOST_LISTED else ""
    return f" [cell{'s' if len(numbers) > 1 else ''} {listed}{more}]"
