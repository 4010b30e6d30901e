"""Hydra's part of `planrec train`: turn the typed arguments into a RunConfig or a sweep.

Hydra's errors become ConfigErrors that repeat the typed words. The caller's `Job` trains the composed run.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from planrec.commands.grammar import parsed_override
from planrec.config.compose import register_with_hydra, settled, task_tree, unreadable
from planrec.config.conf_folder import CONF, Folders, unreadable_files
from planrec.config.hydra_keys import is_multirun, searched_folders, wrong_flags
from planrec.config.overrides import NOT_A_RUN, check_overrides, command_of, explained, no_plugin
from planrec.errors import ConfigError, PlanRecError, RunError
from planrec.wording import typing_mistake

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from planrec.config.run_config import RunConfig
    from planrec.sweeps.run_cells import SweepResult

COMMAND = "planrec train"


@dataclass(frozen=True)
class ComposedRun:
    """One run to train."""

    config: "RunConfig"
    folder: Path
    "The folder of the run, which Hydra created."
    command: str
    "The command line that trains it."
    sweeps: Path
    "Folder of sweeps and their cells."


Job = Callable[[ComposedRun], None]
"""Trains one run. Raises PlanRecError."""
ShowSweep = Callable[["SweepResult"], None]


@dataclass
class _Progress:
    """Progress of Hydra's call. Errors are kept here, because Hydra would print more than the error."""

    is_running: bool = False
    "Whether a run or a sweep has begun and not ended: then errors are not about the configuration."
    error: PlanRecError | None = None
    "The error of the run."


def run_hydra(arguments: Sequence[str], outputs: Path, job: Job, show_sweep: ShowSweep) -> None:
    """Train what the arguments describe: a run through `job`, or with -m a sweep.

    Args:
        arguments: overrides and Hydra's flags, as typed.
        outputs: folder of runs, unless the arguments set hydra.run.dir.
        job: trains the one run; a sweep runs its cells itself.
        show_sweep: shows the result of a sweep.

    Raises:
        ConfigError: the arguments do not describe a run.
        PlanRecError: the run, or cells of the sweep, failed.
    """
    import hydra
    from hydra._internal.utils import get_args_parser

    from planrec.sweeps.hydra_sweeper import register as register_sweeper

    # Only Hydra's own parser knows which of its flags take a value.
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    known = parser.parse_intermixed_args(list(arguments))
    parsed = [found for text in known.overrides if (found := parsed_override(text))]
    if problems := wrong_flags(known, parsed):
        raise ConfigError(NOT_A_RUN, problems)
    added = (*([Path(known.config_dir)] if known.config_dir else []), *searched_folders(parsed))
    several = known.multirun or is_multirun(parsed)
    # Without this variable Hydra prints its errors and exits; we translate them instead.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    register_with_hydra(outputs)
    _check(known.overrides, added, multirun=several)
    progress = _Progress()
    register_sweeper(added, show_sweep, started=lambda: setattr(progress, "is_running", True))
    decorate = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    # Hydra rejects overrides on both sides of a flag.
    flags = [argument for argument in arguments if argument not in known.overrides]
    with (
        _process_arguments([COMMAND, *known.overrides, *flags]),
        _hydra_errors_explained(known.overrides, several, added, progress),
    ):
        decorate(_task(job, added, progress))()
    if progress.error is not None:
        raise progress.error


def _refuse(message: str) -> NoReturn:
    raise ConfigError(NOT_A_RUN, [f"{typing_mistake(message)}; planrec train --hydra-help lists the flags"])


def _check(overrides: Sequence[str], added: Folders, *, multirun: bool) -> None:
    """Check the overrides one by one; if one is wrong, report those of the others too. Raises ConfigError."""
    from planrec.sweeps.hydra_sweeper import check_arguments

    try:
        check_overrides(overrides, added, multirun=multirun)
    except ConfigError as first:
        there = tuple(folder for folder in added if folder.is_dir())
        try:
            check_arguments(overrides, there, multirun=multirun)
        except ConfigError as others:
            raise ConfigError(NOT_A_RUN, list(dict.fromkeys([*first.problems, *others.problems]))) from first
        raise


@contextmanager
def _process_arguments(arguments: list[str]) -> Iterator[None]:
    """Set `sys.argv`, from which Hydra reads its arguments; its help shows the first one as the command."""
    typed, sys.argv = sys.argv, arguments
    try:
        yield
    finally:
        sys.argv = typed


@contextmanager
def _hydra_errors_explained(
    overrides: Sequence[str], is_multirun: bool, added: Folders, progress: _Progress
) -> Iterator[None]:
    """Turn errors of composition into ConfigErrors; let errors of a run pass."""
    import yaml
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from planrec.sweeps.hydra_sweeper import check_arguments

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        # Hydra stopped at the first problem, and of a sweep it composed the defaults only.
        check_arguments(overrides, added, multirun=is_multirun)
        raise explained(error, overrides, added) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        if progress.is_running:
            raise
        if isinstance(error, OSError) and not list(unreadable_files(added)):
            raise RunError(f"a run could not begin: {error}") from error
        raise unreadable(error, added) from error


def _task(job: Job, added: Folders, progress: _Progress) -> "Callable[[DictConfig], None]":
    """Return the function that Hydra calls with the composed configuration."""

    def train(composed: "DictConfig") -> None:
        progress.is_running = True
        try:
            _run_job(job, composed, added)
        except PlanRecError as error:
            progress.error = error
        progress.is_running = False

    return train


def _run_job(job: Job, composed: "DictConfig", added: Folders) -> None:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    folder = Path(os.path.relpath(hydra.runtime.output_dir))
    overrides, choices = list(hydra.overrides.task), dict(hydra.runtime.choices)
    try:
        if hydra.mode == RunMode.MULTIRUN:
            raise ConfigError(NOT_A_RUN, [no_plugin("hydra/sweeper", choices["hydra/sweeper"])])
        config = settled(task_tree(composed), overrides, choices, added)
        job(ComposedRun(config, folder, command_of(overrides, added), Path(hydra.sweep.dir)))
    except PlanRecError:
        _remove_if_empty(folder)
        raise


def _remove_if_empty(folder: Path) -> None:
    """Remove the folder that Hydra makes before the configuration is validated, if nothing is in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
