"""Choose the run that is served.

A server that is running follows by itself.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from planrec.cli.shared_options import add_outputs, add_run, run_folder

EXAMPLE = "planrec pin latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    action = parser.add_mutually_exclusive_group(required=True)
    add_run(action, nargs="?")
    action.add_argument(
        "--list", action="store_true", help="show the runs that can be pinned, and the history"
    )
    action.add_argument("--rollback", action="store_true", help="serve the run that was served before")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    add_outputs(parser, "folder of pinned.json")


def run(options: Namespace) -> int:
    """Pin, go back or list."""
    from planrec.errors import ConfigError

    if options.list and options.dry_run:
        raise ConfigError("--list changes nothing: leave --dry-run out")
    for line in _listed(options.outputs) if options.list else _pinned(options):
        print(line)
    return 0


def _pinned(options: Namespace) -> Iterator[str]:
    from planrec.files.outputs_folder import outputs_words
    from planrec.serving.pin import rollback
    from planrec.serving.pin_run import pin_run

    if options.rollback:
        pin = rollback(options.outputs, dry_run=options.dry_run)
    else:
        pin = pin_run(run_folder(options.run, options), options.outputs, dry_run=options.dry_run)
    if options.dry_run:
        yield f"{pin.run} can be pinned; nothing was written"
        return
    yield f"pinned {pin.run}"
    yield f"its model card: {options.outputs / pin.run / 'model_card.md'}"
    command = f"planrec serve{outputs_words(options.outputs)}"
    yield f"serve it: {command} (a server that is running follows by itself)"


def _listed(outputs: Path) -> Iterator[str]:
    """Yield the complete runs, the newest first, and the earlier pins."""
    from planrec.errors import RunError
    from planrec.files.folder_walk import complete_runs
    from planrec.serving.pin import read_pin

    try:
        pin = read_pin(outputs)
    except RunError as error:
        pin = None
        yield f"nothing is pinned: {error.message}"
    for folder in reversed(complete_runs(outputs)):
        is_pinned = pin is not None and (outputs / pin.run).resolve() == folder.resolve()
        yield f"{'*' if is_pinned else ' '} {folder.relative_to(outputs)}  {_about(folder)}"
    if pin is not None:
        yield "pinned, the newest first:"
        yield from (f"  {one.pinned_at}  {one.run}" for one in (pin, *pin.earlier))


def _about(folder: Path) -> str:
    """Return what a run is, or why it cannot be pinned; the model itself is not read."""
    from planrec.errors import RunError
    from planrec.runs.provenance import version_problems
    from planrec.runs.read import read_manifest

    try:
        run = read_manifest(folder)
    except RunError as error:
        return f"cannot be pinned: {error.message}"
    if problems := version_problems(run.versions):
        return f"cannot be pinned: {'; '.join(problems)}"
    return f"model={run.model_kind} target={run.config['target']['kind']}, {run.finished}"
