"""Copy finished runs to MLflow, and let its registry follow the pin.

The server is that of the variable MLFLOW_TRACKING_URI, the experiment that of MLFLOW_EXPERIMENT_NAME, else
planrec. A run is copied once, however often the command is given; without RUNS, all runs are. If another
planrec track runs, the exit code is 3.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import add_outputs, add_run, run_folder

EXAMPLE = "planrec track latest --server sqlite:///mlflow.db"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(
        parser,
        "runs",
        "runs or folders of sweeps; default: all below the folder of runs, unless --registry",
        nargs="*",
        metavar="RUN|SWEEP",
    )
    parser.add_argument("--server", metavar="URL", help="http(s)://... or sqlite:///FILE")
    parser.add_argument(
        "--registry", action="store_true", help="register the pinned run; the alias champion names it"
    )
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Copy the runs one by one; what was copied before an error stays."""
    from planrec.files.shared_file import held_alone
    from planrec.tracking.many_copies import LOCK, copy_all
    from planrec.tracking.registry import follow_pin
    from planrec.tracking.tracking_store import tracking_store

    sent = there = 0
    with tracking_store(options.server) as store, held_alone(options.outputs / LOCK, "planrec track"):
        for copied in copy_all(store, _places(options)):
            sent, there = sent + (not copied.was_there), there + copied.was_there
            if not copied.was_there:
                print(f"sent {copied.run_id}", flush=True)
        if options.registry:
            registered = follow_pin(store, options.outputs)
            print(f"{registered.run} is version {registered.version} of {store.name}, the champion")
    print(f"tracked: {sent:,} sent, {there:,} there already")
    return 0


def _places(options: Namespace) -> list[Path]:
    from planrec.tracking.many_copies import places_below

    if not options.runs and not options.registry:
        return places_below(options.outputs)
    return [_place(name, options) for name in options.runs]


def _place(name: str, options: Namespace) -> Path:
    from planrec.files.folder_walk import is_sweep

    return Path(name) if is_sweep(Path(name)) else run_folder(name, options)
