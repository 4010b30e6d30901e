"""`python -m planrec.pin RUN`: choose the run that is served, list what can be pinned, go back."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from planrec.verb import tells_mistakes


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where the run cannot be pinned."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list and options.dry_run:
        parser.error("--list changes nothing: leave --dry-run out")
    for line in _lines(options):
        print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m planrec.pin", description="Choose the run that is served.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("run", nargs="?", help="folder of a complete run, or `latest`")
    what.add_argument("--list", action="store_true", help="show the runs that can be pinned, and the history")
    what.add_argument("--rollback", action="store_true", help="serve the run that was served before this one")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    outputs = Path(os.environ.get("PLANREC_OUTPUTS") or "outputs")
    parser.add_argument(
        "--outputs",
        type=Path,
        default=outputs,
        help="where pinned.json lies; or the variable PLANREC_OUTPUTS",
    )
    return parser


def _lines(options: argparse.Namespace) -> Iterator[str]:
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec import pinned
    from planrec.run_folder import newest_run

    if options.list:
        yield from _listed(options.outputs)
        return
    if options.rollback:
        pin = pinned.rollback(options.outputs, options.dry_run)
    else:
        folder = newest_run(options.outputs) if options.run == "latest" else Path(options.run)
        pin = pinned.pin_run(folder, options.outputs, options.dry_run)
    if options.dry_run:
        yield f"{pin.run} can be pinned; nothing was written"
        return
    yield f"pinned {pin.run}"
    yield f"its model card: {options.outputs / pin.run / 'model_card.md'}"
    yield "serve it: just serve, or python -m api; a server that runs follows by itself"


def _listed(outputs: Path) -> Iterator[str]:
    """The complete runs, the newest first, and what was pinned before."""
    from planrec.errors import RunError
    from planrec.pinned import read_pin
    from planrec.run_folder import complete_runs

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
    """What a run is, or why it cannot be pinned; the model itself is not read."""
    from planrec.errors import RunError
    from planrec.provenance import version_problems
    from planrec.run_folder import read_manifest

    try:
        run = read_manifest(folder)
    except RunError as error:
        return f"cannot be pinned: {error.message}"
    if problems := version_problems(run.versions):
        return f"cannot be pinned: {'; '.join(problems)}"
    return f"model={run.model_kind} target={run.config['target']['kind']}, {run.finished}"


if __name__ == "__main__":
    sys.exit(main())
