"""Choose the run that is served: a run, or a signed bundle of one.

A server that is running follows by itself. pinned.json and the decision log keep who pinned it, and why.
"""

import json
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.shared_options import RUN, add_json, add_outputs, add_run, run_folder, show_table
from planrec.wording import visible

if TYPE_CHECKING:
    from planrec.serving.pin import Pin, Pinned

EXAMPLE = "planrec pin latest --reason spring-prices"
PRINTED = {"run", "pinned_at", "pinned_by", "reason"}
"Fields of a pin in JSON."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    action = parser.add_mutually_exclusive_group(required=True)
    add_run(action, meaning=f"{RUN}; or a bundle, see planrec bundle", nargs="?")
    action.add_argument(
        "--list", action="store_true", help="show the runs that can be pinned, and the history"
    )
    action.add_argument("--rollback", action="store_true", help="serve the run that was served before")
    parser.add_argument("--reason", type=_reason, metavar="TEXT", help="why: at most 1,000 characters")
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
    from planrec.commands.advice import command_line

    pin = _new_pin(options)
    if options.dry_run:
        yield f"{pin.run} can be pinned; nothing was written"
        return
    yield f"pinned {pin.run}"
    yield f"its model card: {options.outputs / pin.run / 'model_card.md'}"
    command = command_line("serve", outputs=options.outputs)
    yield f"serve it: {command} (a server that is running follows by itself)"
    _record(pin, options)


def _record(pin: "Pin", options: Namespace) -> None:
    """Write the pin to the decision log if there is one; before the first answer, pinned.json is enough.

    Raises:
        LogError: the log cannot be written; the run is pinned even so.
    """
    from planrec.cli.decision_log_options import URL_VARIABLE, log_url
    from planrec.errors import LogError
    from planrec.serving.decision_log import record_event

    if os.environ.get(URL_VARIABLE) == "none":
        return
    about = {"run": pin.run, "run_json_sha256": pin.run_json_sha256, "reason": pin.reason}
    try:
        record_event(log_url(None, options.outputs), "pin", about | {"is_rollback": options.rollback})
    except LogError as error:
        raise LogError(
            f"{error.message}: {pin.run} is pinned, and only pinned.json has the reason"
        ) from error


def _reason(text: str) -> str:
    """Return a reason that can be stored and printed."""
    from planrec.serving.pin import MAX_REASON

    if not text.isprintable() or not 0 < len(text) <= MAX_REASON:
        raise ArgumentTypeError(f"must be 1 to {MAX_REASON:,} printable characters, got {text[:50]!r}")
    return text


def _new_pin(options: Namespace) -> "Pin":
    from planrec.cli.api_package import trusted_signers
    from planrec.serving.bundle.pin_bundle import pin_bundle
    from planrec.serving.pin import rollback
    from planrec.serving.pin_run import pin_run

    signers, reason, dry_run = trusted_signers(), options.reason, options.dry_run
    if options.rollback:
        return rollback(options.outputs, reason, signers=signers, dry_run=dry_run)
    if Path(options.run).is_file():
        return pin_bundle(Path(options.run), options.outputs, reason, signers=signers, dry_run=dry_run)
    folder = run_folder(options.run, options)
    return pin_run(folder, options.outputs, reason, signers=signers, dry_run=dry_run)


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
        lambda: print(*map(visible, _lines(problem, runs, pins)), sep="\n"),
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
        for pin in pins:
            by = f" by {pin.pinned_by}" if pin.pinned_by else ""
            yield f"  {pin.pinned_at}  {pin.run}{by}: {pin.reason or 'no reason given'}"


def _as_json(problem: str | None, runs: Sequence[ListedRun], pins: "Sequence[Pinned]") -> str:
    content = {
        "schema": "planrec.pin_list/1",
        "problem": problem,
        "runs": [asdict(run) for run in runs],
        "pins": [pin.model_dump(include=PRINTED) for pin in pins],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
