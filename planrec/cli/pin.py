"""Choose the run that is served: a run, or a signed bundle of one.

A server that is running follows by itself. pinned.json and the decision log keep who pinned it, and why.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.shared_options import RUN, add_json, add_outputs, add_run, run_folder, show_table
from planrec.wording import visible

if TYPE_CHECKING:
    from planrec.serving.denied_runs import Denied
    from planrec.serving.pin import Pin, Pinned

EXAMPLE = "planrec pin latest --reason spring-prices"
PRINTED = {"run", "pinned_at", "pinned_by", "reason"}
"Fields of a pin in JSON."
HISTORY = ("pins", "rolled_back")
"Lists of pins in JSON."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    action = parser.add_mutually_exclusive_group(required=True)
    add_run(action, meaning=f"{RUN}; or a bundle, see planrec bundle", nargs="?")
    action.add_argument(
        "--list", action="store_true", help="show the runs that can be pinned, and the history"
    )
    action.add_argument("--rollback", action="store_true", help="go back one pin; repeat to go back further")
    add_run(parser, "--to", "with --rollback: the earlier run to go back to")
    parser.add_argument(
        "--reason", type=_reason, metavar="TEXT", help="why: at most 1,000 characters; default: the command"
    )
    parser.add_argument(
        "--allow-denied", action="store_true", help="pin a run on the deny list; needs --reason"
    )
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

    if problems := list(_option_problems(options)):
        raise ConfigError("these options do not fit together", problems)
    if options.list:
        _list(options)
    else:
        for line in _pinned(options):
            print(line)
    return 0


def _option_problems(options: Namespace) -> Iterator[str]:
    if options.list and options.dry_run:
        yield "--list changes nothing: leave --dry-run out"
    if not options.list and options.json is not None:
        yield "--json is for --list"
    if options.to is not None and not options.rollback:
        from planrec.commands.advice import command_line

        pin = command_line("pin", options.to, outputs=options.outputs)
        yield f"--to is for --rollback; to pin any run, type {pin}"
    if options.allow_denied and (options.list or options.reason is None):
        yield "--allow-denied needs a run or --rollback, and --reason TEXT"


def _pinned(options: Namespace) -> Iterator[str]:
    from planrec.commands.advice import command_line
    from planrec.serving.bundle.locked_versions import other_versions

    pin = _new_pin(options)
    if options.dry_run:
        yield f"{pin.run} can be pinned; nothing was written"
        return
    record_everywhere(pin, options.outputs)
    yield f"pinned {pin.run}"
    yield f"its model card: {options.outputs / pin.run / 'model_card.md'}"
    if others := other_versions(options.outputs / pin.run):
        yield f"note: other versions than in the bundle: {', '.join(others)}; the golden answers are the same"
    command = command_line("serve", outputs=options.outputs)
    yield f"serve it: {command} (a server that is running follows by itself)"


def record_everywhere(pin: "Pin", outputs: Path) -> None:
    """Write the pin to the decision log if there is one, and to operations.jsonl.

    Raises:
        RunError: one of them cannot be written; the other one is, and the run is pinned even so.
    """
    from planrec.cli.decision_log_options import known_log_url
    from planrec.errors import RunError
    from planrec.operating.evidence import append_evidence
    from planrec.operating.pin_log import log_pin

    logged = log_pin(known_log_url(outputs), pin, is_rollback=pin.is_rollback)
    problems = [] if logged.problem is None else [logged.problem]
    about = {"run": pin.run, "run_json_sha256": pin.run_json_sha256, "reason": pin.reason}
    try:
        kind = "rollback" if pin.is_rollback else "pin"
        append_evidence(outputs, kind, about | {"by": pin.pinned_by} | logged.evidence)
    except RunError as error:
        problems.append(error.message)
    if problems:
        raise RunError(
            f"{pin.run} is pinned and pinned.json has the reason, but not every record was written", problems
        )


def _reason(text: str) -> str:
    """Return a reason that can be stored and printed."""
    from planrec.serving.pin import MAX_REASON

    if not text.isprintable() or not 0 < len(text) <= MAX_REASON:
        raise ArgumentTypeError(f"must be 1 to {MAX_REASON:,} printable characters, got {text[:50]!r}")
    return text


def _typed(options: Namespace) -> str:
    """Return the reason of a pin for which none was given: the command."""
    from planrec.commands.advice import command_line
    from planrec.serving.pin import MAX_REASON

    words = ["--rollback"] if options.rollback else [options.run]
    words += [] if options.to is None else ["--to", options.to]
    return visible(f"no reason given for: {command_line('pin', *words, outputs=options.outputs)}")[
        :MAX_REASON
    ]


def _new_pin(options: Namespace) -> "Pin":
    from planrec.cli.api_package import trusted_signers
    from planrec.serving.bundle.pin_bundle import pin_bundle
    from planrec.serving.pin import pin_name
    from planrec.serving.pin_run import pin_run
    from planrec.serving.rollback import rollback

    outputs, reason, dry_run = options.outputs, options.reason or _typed(options), options.dry_run
    signers, allow = trusted_signers(), options.allow_denied
    if options.rollback:
        to = None if options.to is None else pin_name(run_folder(options.to, options), outputs)
        return rollback(outputs, reason, to=to, allow_denied=allow, signers=signers, dry_run=dry_run)
    if Path(options.run).is_file():
        return pin_bundle(
            Path(options.run), outputs, reason, signers=signers, allow_denied=allow, dry_run=dry_run
        )
    folder = run_folder(options.run, options)
    return pin_run(folder, outputs, reason, allow_denied=allow, signers=signers, dry_run=dry_run)


def _list(options: Namespace) -> None:
    """Show the complete runs, the newest first, and the history of the pin."""
    from planrec.errors import RunError
    from planrec.files.folder_walk import complete_runs
    from planrec.serving.denied_runs import read_denied
    from planrec.serving.pin import read_pin

    problem, pin = None, None
    try:
        pin = read_pin(options.outputs)
    except RunError as error:
        problem = error.message
    denied = {entry.run_json_sha256: entry for entry in read_denied(options.outputs)}
    pinned = None if pin is None else (options.outputs / pin.run).resolve()
    runs = [
        _listed(folder, folder.relative_to(options.outputs), denied, is_pinned=folder.resolve() == pinned)
        for folder in reversed(complete_runs(options.outputs))
    ]
    show_table(
        options,
        lambda: print(*map(visible, _lines(problem, runs, pin)), sep="\n"),
        lambda: _as_json(problem, runs, pin),
    )


def _listed(folder: Path, path: Path, denied: "Mapping[str, Denied]", *, is_pinned: bool) -> ListedRun:
    from planrec.errors import RunError
    from planrec.plugins import changed_plugins
    from planrec.runs.provenance import version_problems
    from planrec.runs.read import read_run_json

    try:
        run_json = read_run_json(folder)
    except RunError as error:
        return ListedRun(str(path), is_pinned, None, None, None, error.message)
    manifest = run_json.manifest
    problems = [*version_problems(manifest.versions), *changed_plugins(manifest.plugins)]
    if entry := denied.get(run_json.sha256):
        problems.append(f"denied since {entry.denied_at} by {entry.denied_by} ({entry.reason})")
    return ListedRun(
        run=str(path),
        is_pinned=is_pinned,
        model=manifest.model_kind,
        target=manifest.kind("target"),
        finished=manifest.finished,
        problem="; ".join(problems) or None,
    )


def _lines(problem: str | None, runs: Sequence[ListedRun], pin: "Pin | None") -> Iterator[str]:
    if problem is not None:
        yield f"nothing is pinned: {problem}"
    for run in runs:
        about = f"model={run.model} target={run.target}, {run.finished}"
        yield f"{'*' if run.is_pinned else ' '} {run.run}  " + (
            about if run.problem is None else f"cannot be pinned: {run.problem}"
        )
    if pin is not None:
        yield "pinned, the newest first; each rollback goes one step down:"
        yield from map(_line, (pin, *pin.earlier))
        if pin.rolled_back:
            yield "left by rollbacks, the newest first:"
            yield from map(_line, pin.rolled_back)


def _line(pin: "Pinned") -> str:
    by = f" by {pin.pinned_by}" if pin.pinned_by else ""
    return f"  {pin.pinned_at}  {pin.run}{by}: {pin.reason or 'no reason given'}"


def _as_json(problem: str | None, runs: Sequence[ListedRun], pin: "Pin | None") -> str:
    history = {"pins": (pin, *pin.earlier), "rolled_back": pin.rolled_back} if pin else {}
    content = {
        "schema": "planrec.pin_list/1",
        "problem": problem,
        "runs": [asdict(run) for run in runs],
        **{name: [one.model_dump(include=PRINTED) for one in history.get(name, ())] for name in HISTORY},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
