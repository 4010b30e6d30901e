"""`python -m planrec.train model=lgbm`: compose conf/ into a RunConfig, run it, save it.

Heavy imports happen inside functions, so that `--help` and a wrong option answer at once.
"""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.compose import compose, register_run_id, settled, unreadable
from planrec.conf_folder import CONF, Folders, help_text
from planrec.errors import PlanRecError
from planrec.overrides import check_overrides, explained

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from planrec.config import RunConfig

__all__ = ["compose", "main"]

INTERRUPTED = 130


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
        print("interrupted: the run that was under way is not complete", file=sys.stderr)
        return INTERRUPTED


def _run_hydra(arguments: Sequence[str]) -> int:
    import hydra
    from hydra._internal.utils import get_args_parser

    # Hydra's own parser: it alone knows which of its flags take a value.
    known = get_args_parser().parse_intermixed_args(list(arguments))
    folders = (CONF, Path(known.config_dir)) if known.config_dir else (CONF,)
    check_overrides(known.overrides, folders, known.multirun)
    # Hydra prints and exits by itself unless it is asked to raise; we want its errors, to explain them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    run_id = register_run_id()
    codes: list[int | None] = []

    def job(composed: "DictConfig") -> None:
        codes.append(None)
        codes[-1] = _run_job(composed, folders)

    # Hydra refuses overrides on both sides of a flag.
    flags = [argument for argument in arguments if argument not in known.overrides]
    sys.argv[1:] = [*known.overrides, *flags]
    decorate = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    try:
        with _hydra_errors_explained(known.overrides, folders, codes):
            decorate(job)()
    finally:
        for sweep in Path("outputs/multirun").glob(f"*/*-{run_id}"):
            _remove_if_nothing_ran(sweep)
    return max((code for code in codes if code is not None), default=0)


@contextmanager
def _hydra_errors_explained(
    overrides: Sequence[str], folders: Folders, codes: Sequence[int | None]
) -> Iterator[None]:
    """Errors of composing as ConfigError; those of a job that did not end (None in `codes`) as they are."""
    import yaml
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(error, overrides, folders) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        if None in codes:
            raise
        raise unreadable(error, folders) from error


def _run_job(composed: "DictConfig", folders: Folders) -> int:
    """Validate, run and save one job. A failing job is told and counted, so that a multirun goes on."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    job = HydraConfig.get()
    folder = Path(os.path.relpath(job.runtime.output_dir))
    overrides = list(job.overrides.task)
    title = f"job {job.job.num}: {' '.join(overrides)}" if job.mode == RunMode.MULTIRUN else ""
    try:
        config = settled(composed, overrides, dict(job.runtime.choices), folders)
        _train(config, folder, overrides, title)
    except PlanRecError as error:
        _remove_if_empty(folder)
        return _fail(error, title)
    return 0


def _train(config: "RunConfig", folder: Path, overrides: Sequence[str], title: str) -> None:
    from planrec.experiment import run
    from planrec.run_folder import begin_run, save_run
    from planrec.screen import print_result, progress_of

    command = shlex.join(["python", "-m", "planrec.train", *overrides])
    begin_run(folder, config, command)
    try:
        with progress_of(command) as report:
            result = run(config, report)
    except PlanRecError:
        # A run that was stopped from outside keeps this file: it tells what to start again.
        (folder / "config.json").unlink()
        raise
    save_run(result, folder, command)
    print_result(result, folder, title)


def _fail(error: PlanRecError, title: str = "") -> int:
    if os.environ.get("PLANREC_DEBUG") == "1":
        raise error
    print(f"error: {error}" if not title else f"error in {title}\n{error}", file=sys.stderr)
    return error.exit_code


def _remove_if_empty(folder: Path) -> None:
    """Hydra makes the folder before the configuration is validated: leave no empty one behind."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _remove_if_nothing_ran(sweep: Path) -> None:
    """Hydra writes what it is about to try, multirun.yaml, before it knows whether anything will run."""
    if [file.name for file in sweep.iterdir()] == ["multirun.yaml"]:
        (sweep / "multirun.yaml").unlink()
        sweep.rmdir()


if __name__ == "__main__":
    sys.exit(main())
