"""Choose the run that is served: a run, or a signed bundle of one.

A server that is running follows by itself.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.shared_options import RUN, add_json, add_outputs, add_run, run_folder, show_table

if TYPE_CHECKING:
    from planrec.serving.pin import Pin, Pinned

EXAMPLE = "planrec pin latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    action = parser.add_mutually_exclusive_group(required=True)
    add_run(action, meaning=f"{RUN}; or a bundle, see planrec bundle", nargs="?")
    action.add_argument(
        "--list", action="store_true", help="show the runs that can be pinned, and the history"
    )
    action.add_argument("--rollback", action="store_true", help="serve the run that was served before")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    add_json(parser)
    add_outputs(parser, "folder of pinned.json")


@dataclass(frozen=True)
class ListedRun:
    """A complete run below the folder of runs."""

    run: str
    is_pinned: bool
    model: str | None
    target: str | None
    finished: str | None
    problem: str | None
    "Why it cannot be pinned; the model itself is not read."


def run(options: Namespace) -> int:
    """Pin, go back or list."""
    from planrec.errors import ConfigError

    if options.list:
        if options.dry_run:
            raise ConfigError("--list changes nothing: leave --dry-run out")
        _list(options)
    elif options.json is not None:
        raise ConfigError("--json is for --list")
    else:
        for line in _pinned(options):
            print(line)
    return 0


def _pinned(options: Namespace) -> Iterator[str]:
    from planrec.files.outputs_folder import command_line

    pin = _new_pin(options)
    if options.dry_run:
        yield f"{pin.run} can be pinned; nothing was written"
        return
    yield f"pinned {pin.run}"
    yield f"its model card: {options.outputs / pin.run / 'model_card.md'}"
    command = command_line("serve", outputs=options.outputs)
    yield f"serve it: {command} (a server that is running follows by itself)"


def _new_pin(options: Namespace) -> "Pin":
    from planrec.cli.api_package import trusted_signers
    from planrec.serving.bundle.pin_bundle import pin_bundle
    from planrec.serving.pin import rollback
    from planrec.serving.pin_run import pin_run

    signers = trusted_signers()
    if options.rollback:
        return rollback(options.outputs, signers, dry_run=options.dry_run)
    if Path(options.run).is_file():
        return pin_bundle(Path(options.run), options.outputs, signers, dry_run=options.dry_run)
    return pin_run(run_folder(options.run, options), options.outputs, signers, dry_run=options.dry_run)


def _list(options: Namespace) -> None:
    """Show the complete runs, the newest first, and the earlier pins."""
    from planrec.errors import RunError
    from planrec.files.folder_walk import complete_runs
    from planrec.serving.pin import Pin, Pinned, read_pin

    problem, pins = None, list[Pin | Pinned]()
    try:
        pin = read_pin(options.outputs)
        pins = [pin, *pin.earlier]
    except RunError as error:
        problem = error.message
    pinned = (options.outputs / pins[0].run).resolve() if pins else None
    runs = [
        _listed(folder, str(folder.relative_to(options.outputs)), is_pinned=folder.resolve() == pinned)
        for folder in reversed(complete_runs(options.outputs))
    ]
    show_table(
        options,
        lambda: print(*_lines(problem, runs, pins), sep="\n"),
        lambda: _as_json(problem, runs, pins),
    )


def _listed(folder: Path, name: str, *, is_pinned: bool) -> ListedRun:
    from planrec.errors import RunError
    from planrec.plugins import changed_plugins
    from planrec.runs.provenance import version_problems
    from planrec.runs.read import read_manifest

    try:
        manifest = read_manifest(folder)
    except RunError as error:
        return ListedRun(name, is_pinned, None, None, None, error.message)
    problems = [*version_problems(manifest.versions), *changed_plugins(manifest.plugins)]
    return ListedRun(
        run=name,
        is_pinned=is_pinned,
        model=manifest.model_kind,
        target=manifest.kind("target"),
        finished=manifest.finished,
        problem="; ".join(problems) or None,
    )


def _lines(problem: str | None, runs: Sequence[ListedRun], pins: "Sequence[Pinned]") -> Iterator[str]:
    if problem is not None:
        yield f"nothing is pinned: {problem}"
    for run in runs:
        about = f"model={run.model} target={run.target}, {run.finished}"
        yield f"{'*' if run.is_pinned else ' '} {run.run}  " + (
            about if run.problem is None else f"cannot be pinned: {run.problem}"
        )
    if pins:
        yield "pinned, the newest first:"
        yield from (f"  {pin.pinned_at}  {pin.run}" for pin in pins)


def _as_json(problem: str | None, runs: Sequence[ListedRun], pins: "Sequence[Pinned]") -> str:
    content = {
        "schema": "planrec.pin_list/1",
        "problem": problem,
        "runs": [asdict(run) for run in runs],
        "pins": [{"run": pin.run, "pinned_at": pin.pinned_at} for pin in pins],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
