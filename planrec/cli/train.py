"""Train a run, or a sweep with -m.

A sweep has one run per combination of comma-separated values, or per trial of a search. It keeps the cells
that are done: the same command resumes it.
"""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.completers import completed_by, folders, is_completing, overrides
from planrec.cli.error_reporting import if_interrupted
from planrec.cli.shared_options import add_all, add_json, add_outputs, add_version, show_table

if TYPE_CHECKING:
    from planrec.cli.verb_parser import VerbParser
    from planrec.sweeps.hydra_app import ComposedRun
    from planrec.sweeps.run_cells import SweepResult

EXAMPLE = "planrec train model=lgbm model.n_estimators=200"

OVERRIDES = """more examples:
  planrec train data=table data.path=FILE data.plan_column=COLUMN
  planrec train -m model=dummy,logistic
  planrec train -m search=lgbm search.n_trials=40

Groups and their options (* is the default; the data chooses what fits it):
{}

Values at the top level: metrics=[...] baselines=[...] seed=0 threads=1 n_bootstrap=1000
  waivers.CHECK='why this check may fail'
Values of a sweep: sweep.n_jobs=2 cells at a time, sweep.max_failures=5, sweep.executor=ray
Hydra's own flags: --cfg job shows the composed configuration, --hydra-help lists those that work."""

OF_RUN_JSON = ("run_id", "command", "metrics", "tuned", "chosen", "notes", "seconds")
"Parts of run.json that --json prints."

NOT_COMPLETE = "the current run was not completed; rerun the same command to resume a sweep"


def add_arguments(parser: "VerbParser") -> None:
    """Declare our own options; overrides and flags are passed on to Hydra."""
    parser.usage = (
        "planrec train [-m] [--all] [--outputs FOLDER] [--json [FILE.json]]\n"
        "                     [GROUP=OPTION ...] [GROUP.FIELD=VALUE ...] [HYDRA FLAG ...]"
    )
    add_outputs(parser, "folder that gets the run, or the sweep")
    add_json(parser)
    add_all(parser, "show every metric of the run, not only those of the verdict")
    add_version(parser)
    parser.set_defaults(passed_on=[])
    parser.more_help = _overrides
    if is_completing():
        completed_by(parser.add_argument("overrides", nargs="*"), overrides)
        parser.add_argument("--multirun", "-m", action="store_true")
        parser.add_argument("--cfg", "-c", choices=["job", "hydra", "all"])
        completed_by(parser.add_argument("--config-dir", "-cd"), folders)
        for flag in ("--hydra-help", "--resolve"):
            parser.add_argument(flag, action="store_true")


def run(options: Namespace) -> int:
    """Train; the folder of the run is in the last lines."""
    if {"-sc", "--shell-completion"} & set(options.passed_on):
        return _shell_completion(options.passed_on)
    if "--hydra-help" in options.passed_on:
        from planrec.config.hydra_keys import help_text

        print(help_text())
        return 0
    from planrec.sweeps.hydra_app import run_hydra

    with if_interrupted(NOT_COMPLETE):
        run_hydra(
            options.passed_on,
            options.outputs,
            job=lambda composed: _train(composed, options),
            show_sweep=lambda result: _show_sweep(result, options),
        )
    return 0


def _shell_completion(arguments: list[str]) -> int:
    """Answer Hydra's flag, which its help explains, with the completion of the whole command."""
    from planrec.cli import completion

    words = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    if shell := words.get("install"):
        return completion.run(Namespace(shell=shell))
    print({"fish": "complete -e -c planrec"}.get(words.get("uninstall", ""), "complete -r planrec"))
    return 0


def _train(composed: "ComposedRun", options: Namespace) -> None:
    from planrec.sweeps.train_run import train_run
    from planrec.training.run_terminal import print_result, progress_of

    folder = composed.folder
    with progress_of(composed.command) as report:
        result = train_run(composed, report)
    show_table(
        options,
        lambda: print_result(result, folder, options.outputs, in_full=options.all),
        lambda: _as_json(folder),
    )
    if composed.config.tracking == "mlflow":
        _track(folder, options)


def _as_json(folder: Path) -> str:
    from planrec.files.json_file import read_object

    run = read_object(folder / "run.json")
    content = {"schema": "planrec.train/1", "folder": str(folder)} | {name: run[name] for name in OF_RUN_JSON}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _show_sweep(result: "SweepResult", options: Namespace) -> None:
    from planrec.runs.read import read_manifest
    from planrec.sweeps.sweep_terminal import print_sweep, sweep_as_json

    show_table(options, lambda: print_sweep(result, options.outputs), lambda: sweep_as_json(result))
    runs = [row.run for row in result.rows if row.run is not None]
    if any(read_manifest(run).config["tracking"] == "mlflow" for run in runs):
        _track(result.folder, options)


def _track(place: Path, options: Namespace) -> None:
    """Copy what was saved; the line is on stderr, because stdout may be JSON."""
    from planrec.tracking.after_training import track_saved

    print(track_saved(place, options.outputs), file=sys.stderr)


def _overrides() -> str:
    from planrec.config.conf_folder import options_text

    return OVERRIDES.format(options_text())
