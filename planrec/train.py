"""`python -m planrec.train model=lgbm`: compose conf/ into a RunConfig, run it, save it.

Heavy imports happen inside functions, so that `--help` and a wrong option answer at once.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.compose import compose, register_with_hydra, settled, task_tree, unreadable
from planrec.conf_folder import CONF, INSTALLED, Folders, help_text, unreadable_files
from planrec.errors import ConfigError, PlanRecError, RunError
from planrec.overrides import NOT_A_RUN, check_overrides, command_of, explained, no_plugin

if TYPE_CHECKING:
    from argparse import Namespace

    from omegaconf import DictConfig

    from planrec.config import RunConfig

__all__ = ["compose", "main"]

INTERRUPTED = 130

NOTHING_TUNED = (
    "search={} tunes nothing with cv={}: type -m for a sweep of trials, or cv=nested (cv=nested_grouped for"
    " target=held and data without time)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 a run failed, 2 wrong configuration, 130 Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # Read when OpenMP is loaded: threads that wait by spinning make busy cores several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        if {"-h", "--help"} & set(arguments):
            print(help_text())
            return 0
        return _run_hydra(arguments)
    except PlanRecError as error:
        return _fail(error)
    except KeyboardInterrupt:
        print(
            "interrupted: the run that was under way is not complete; a sweep goes on where it was"
            " when the same command is given again",
            file=sys.stderr,
        )
        return INTERRUPTED


def _run_hydra(arguments: Sequence[str]) -> int:
    import hydra
    from hydra._internal.utils import get_args_parser

    from planrec.sweep import register as register_sweeper

    # Hydra's own parser: it alone knows which of its flags take a value.
    known = get_args_parser().parse_intermixed_args(list(arguments))
    folders = (*INSTALLED, Path(known.config_dir)) if known.config_dir else INSTALLED
    check_overrides(known.overrides, folders, known.multirun)
    if known.multirun and known.cfg:
        raise ConfigError(NOT_A_RUN, ["--cfg shows the configuration of one run: leave out -m"])
    # Hydra prints and exits by itself unless it is asked to raise; we want its errors, to explain them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    register_with_hydra()
    codes: list[int | None] = []
    register_sweeper(folders, started=lambda: codes.append(None))

    def job(composed: "DictConfig") -> None:
        codes.append(None)
        codes[-1] = _run_job(composed, folders)

    # Hydra refuses overrides on both sides of a flag.
    flags = [argument for argument in arguments if argument not in known.overrides]
    sys.argv[1:] = [*known.overrides, *flags]
    decorate = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    with _hydra_errors_explained(known, folders, codes):
        decorate(job)()
    return max((code for code in codes if code is not None), default=0)


@contextmanager
def _hydra_errors_explained(
    known: "Namespace", folders: Folders, codes: Sequence[int | None]
) -> Iterator[None]:
    """Errors of composing as ConfigError; those of what runs (None in `codes`) as they are."""
    import yaml
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from planrec.sweep import check_cells

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        if known.multirun:
            # Hydra composed the defaults first, and stopped at what is wrong with all cells alike.
            check_cells(known.overrides, folders)
        raise explained(error, known.overrides, folders) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        if None in codes:
            raise
        if isinstance(error, OSError) and not list(unreadable_files(folders)):
            raise RunError(f"a run could not begin: {error}") from error
        raise unreadable(error, folders) from error


def _run_job(composed: "DictConfig", folders: Folders) -> int:
    """Validate, run and save one run; return the exit code, since Hydra would print more than the error."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    job = HydraConfig.get()
    folder = Path(os.path.relpath(job.runtime.output_dir))
    overrides = list(job.overrides.task)
    choices = dict(job.runtime.choices)
    try:
        if job.mode == RunMode.MULTIRUN:
            raise ConfigError(NOT_A_RUN, [no_plugin("hydra/sweeper", choices["hydra/sweeper"])])
        config = settled(task_tree(composed), overrides, choices, folders)
        if config.searches:
            raise ConfigError(NOT_A_RUN, [NOTHING_TUNED.format(config.model.kind, config.cv.kind)])
        _train(config, folder, command_of(overrides, folders), Path(job.sweep.dir))
    except PlanRecError as error:
        _remove_if_empty(folder)
        return _fail(error)
    return 0


def _train(config: "RunConfig", folder: Path, command: str, sweeps: Path) -> None:
    from planrec.experiment import run
    from planrec.run_folder import begin_run, read_manifest, save_run
    from planrec.screen import print_result, progress_of
    from planrec.sweep_folder import CellStore

    begin_run(folder, config, command)
    try:
        with progress_of(command) as report:
            result = run(config, report)
    except PlanRecError:
        # A run that was stopped from outside keeps this file: it tells what to start again.
        (folder / "config.json").unlink()
        raise
    save_run(result, folder, command)
    CellStore(sweeps).adopt(read_manifest(folder).address, folder)
    print_result(result, folder)


def _fail(error: PlanRecError) -> int:
    if os.environ.get("PLANREC_DEBUG") == "1":
        raise error
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code


def _remove_if_empty(folder: Path) -> None:
    """Hydra makes the folder before the configuration is validated: leave no empty one behind."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
