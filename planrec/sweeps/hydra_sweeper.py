"""The sweeper behind `planrec train -m`: checks every cell first, keeps finished cells, reports failed ones.

It is registered with Hydra's plug-in API. Hydra composes, and this sweeper decides which cells run.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

from planrec.commands.grammar import parsed_override
from planrec.config.compose import SWEEPER
from planrec.config.conf_folder import CONF, Folders, file_of, holds
from planrec.config.overrides import NOT_A_RUN, check_overrides, command_of, no_plugin, search_path
from planrec.errors import ConfigError, RunError
from planrec.sweeps.cell_names import CellNames
from planrec.sweeps.compose_cells import CellComposer

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from planrec.sweeps.run_cells import SweepResult


class PlanRecSweeper(Sweeper):
    """Hydra's part of a sweep: the list of cells."""

    added: Folders = ()
    "Folders of options; `register` sets this attribute and the next two."
    show: "Callable[[SweepResult], None]"
    "Shows the result of the sweep."
    started: Callable[[], None]
    "Called when all cells are composed."

    def __init__(self, params: "DictConfig | None") -> None:
        self._params = {str(name): value for name, value in (params or {}).items()}

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Keep the composed configuration. Raises ConfigError for a launcher, which would be ignored."""
        self._hydra = config.hydra
        self._loader = hydra_context.config_loader
        launcher = config.hydra.runtime.choices["hydra/launcher"]
        if launcher != "basic":
            raise ConfigError(NOT_A_RUN, [no_plugin("hydra/launcher", launcher)])

    def sweep(self, arguments: list[str]) -> None:
        """Run every combination. Raises ConfigError before the first, SweepError after the last."""
        from planrec.sweeps.schedule import SweepArguments, run_sweep

        typed = [f"{name}={value}" for name, value in self._params.items()] + list(arguments)
        check_overrides(typed, self.added, multirun=True)
        overrides = OverridesParser.create(config_loader=self._loader).parse_overrides(typed)
        refuse_several_sweeps(overrides, self.added)
        names = CellNames.of(self._hydra)
        composer = CellComposer(self._loader, [search_path(self.added)], self.added)
        cells = names.all_named(composer.cells(combinations(overrides)))
        type(self).started()
        root, command = Path(self._hydra.sweep.dir), self._command(["-m", *arguments])
        try:
            run_sweep(SweepArguments(cells, root, command, self._command, composer, names, type(self).show))
        except OSError as error:
            raise RunError(f"{root} must be a folder that can be written: {error}") from error

    def _command(self, arguments: Sequence[str]) -> str:
        """Return a command line with this sweep's configuration folder; without -m it runs one cell alone."""
        # An experiment may be a sweep by itself.
        alone = self._hydra.runtime.choices.get("experiment") and "-m" not in arguments
        mode = ["hydra.mode=RUN"] if alone else []
        return command_of([*arguments, *mode], self.added)


def register(added: Folders, show: "Callable[[SweepResult], None]", started: Callable[[], None]) -> None:
    """Register the sweeper. Hydra builds it from a name, so its other inputs are class attributes."""
    PlanRecSweeper.added = added
    PlanRecSweeper.show, PlanRecSweeper.started = staticmethod(show), staticmethod(started)
    plugins = Plugins.instance()
    plugins.register(PlanRecSweeper)
    # Hydra searches plug-ins below this name only, even if others are registered.
    plugins.class_name_to_class[SWEEPER] = PlanRecSweeper


def refuse_several_sweeps(overrides: "Sequence[Override]", added: Folders) -> None:
    """Raise ConfigError if one of several experiments is a sweep by itself."""
    for override in overrides:
        if override.key_or_group != "experiment" or not override.is_sweep_override():
            continue
        names = [value.partition("=")[2] for value in _values(override)]
        by_itself = [name for name in names if holds(file_of("experiment", name, added), "hydra")]
        if by_itself:
            told = f"experiment={by_itself[0]} is a sweep of its own: give one experiment"
            raise ConfigError(NOT_A_RUN, [f"{told} (from override {override.input_line})"])


def _values(override: "Override") -> list[str]:
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def check_arguments(typed: Sequence[str], added: Folders, *, multirun: bool) -> None:
    """Compose a run, or every cell of a sweep, that Hydra could not start.

    Raises:
        ConfigError: all problems of all overrides.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    unreadable = [text for text in typed if parsed_override(text) is None]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        parser = OverridesParser.create(config_loader=loader)
        overrides = parser.parse_overrides([text for text in typed if text not in unreadable])
        of_tasks = [override for override in overrides if not override.is_hydra_override()]
        composer = CellComposer(loader, [search_path(added)], added)
        if multirun:
            composer.cells([[*cell, *unreadable] for cell in combinations(of_tasks)])
        else:
            composer.config([*(str(override.input_line) for override in of_tasks), *unreadable])


def combinations(overrides: "Sequence[Override]") -> list[list[str]]:
    """Return every combination of swept values. Raises ConfigError for an infinite sweep."""
    from itertools import product

    values: dict[str, list[str]] = {}
    for override in overrides:
        key = override.get_key_element()
        if not override.is_sweep_override():
            values[key] = [str(override.input_line)]
        elif override.is_discrete_sweep():
            values[key] = _values(override)
        else:
            raise ConfigError(
                NOT_A_RUN,
                [f"{override.input_line}: has no end: type {key}=VALUE,VALUE or {key}=range(FROM,TO,STEP)"],
            )
    return [list(combination) for combination in product(*values.values())]
