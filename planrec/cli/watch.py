"""Check the pinned run in production once, for cron; roll back if it fails.

The gates are errors, latency and abstentions of the server since the last check with enough requests, answers
of the decision log that differ when computed again, drift of the advice, and harm in bills that came. If one
fails, the run is denied and the earlier run is pinned. The exit code is 0 if all gates passed, 1 if one
failed, 3 if another check is running, and 4 if none failed but one lacks data.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from planrec.cli.decision_log_options import add_log, known_log_url
from planrec.cli.shared_options import add_json, add_outputs, positive, show_table

if TYPE_CHECKING:
    from planrec.operating.watch.records import Watched

EXAMPLE = "planrec watch --gates errors,latency,abstentions,replay"
EXIT_CODES = {"passed": 0, "failed": 1, "undecided": 4}
GATES = ("errors", "latency", "abstentions", "replay", "drift", "harm")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument(
        "--gates", type=_gates, default=GATES, metavar="NAME,...", help=f"default: {','.join(GATES)}"
    )
    parser.add_argument(
        "--metrics",
        default="http://127.0.0.1:8000/metrics",
        metavar="URL|FILE",
        help="metrics of the server; default: %(default)s",
    )
    for name, most, text in (
        ("errors", 0.01, "failed requests"),
        ("slow", 0.01, "answers that take over 100 ms"),
        ("abstentions", 0.2, "answers without advice"),
        ("harm", 0.05, "subscribers whose advice cost them money"),
    ):
        option = f"--max-{name}"
        parser.add_argument(
            option, type=_share, default=most, metavar="SHARE", help=f"{text}; default: {most:g}"
        )
    parser.add_argument(
        "--min-requests", type=positive, default=100, metavar="N", help="to decide; default: %(default)s"
    )
    parser.add_argument("--dry-run", action="store_true", help="check, write nothing, roll nothing back")
    add_log(parser)
    add_json(parser)
    add_outputs(parser, "folder of pinned.json")


def run(options: Namespace) -> int:
    """Check once, and print the gates and the action."""
    from planrec.cli.api_package import trusted_signers
    from planrec.operating.watch.gates import Sources
    from planrec.operating.watch.watch import watch
    from planrec.operating.watch.watch_rules import WatchRules

    url = known_log_url(options.outputs, options.log)
    rules = WatchRules(
        gates=options.gates,
        max_errors=options.max_errors,
        max_slow=options.max_slow,
        max_abstentions=options.max_abstentions,
        max_harm=options.max_harm,
        least_requests=options.min_requests,
    )
    sources = Sources(options.outputs, options.metrics, url)
    found = watch(sources, rules, signers=trusted_signers(), dry_run=options.dry_run)
    show_table(options, lambda: print(*_lines(found), sep="\n"), lambda: _as_json(found))
    return EXIT_CODES[found.verdict]


def _lines(found: "Watched") -> Iterator[str]:
    from planrec.wording import visible

    yield f"{found.pin.run}, pinned at {found.pin.pinned_at}: {found.verdict}"
    for gate in found.gates:
        yield visible(f"  {gate.name:<11} {gate.verdict:<9}  {gate.detail}")
    if found.went_back_to is not None:
        yield f"rolled back to {found.went_back_to.run}; {found.pin.run} is denied"
    elif found.action == "alarm":
        yield "not rolled back"
    if found.explanation:
        yield visible(found.explanation)


def _as_json(found: "Watched") -> str:
    from planrec.operating.watch.records import evidence_of

    content = {"schema": "planrec.watched/1", **evidence_of(found)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _gates(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in GATES]:
        raise ArgumentTypeError(f"must be names of {', '.join(GATES)}, got {', '.join(unknown)}")
    return names


def _share(text: str) -> float:
    """Return a share.

    >>> _share("0.05")
    0.05
    """
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"must be a share from 0 to 1, got {text!r}")
    return share
