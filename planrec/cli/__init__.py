"""The command `planrec VERB ...`.

Each verb is a module of this package with `EXAMPLE`, `add_arguments(parser)` and `run(options) -> exit code`;
its docstring is its help, and the first line of that its summary in `planrec --help`. A new verb is one such
module and its name in `VERBS`. Modules of verbs import what they need inside `run`: neither help nor the
report of a mistake may wait for pandas.
"""

import os
import sys
from argparse import SUPPRESS, Namespace
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from planrec.cli.completers import is_completing, typed_words
from planrec.cli.error_reporting import reports_errors
from planrec.cli.shared_options import add_version
from planrec.cli.verb_parser import VerbParser

VERBS = (
    *("train", "evaluate", "leaderboard", "compare", "report", "explain", "card", "what-if"),
    *("pin", "bundle", "serve", "score", "campaign", "replay", "decisions", "audit", "new-plans", "settings"),
    *("outcomes", "realised", "drift"),
    *("retrain", "watch", "track", "rehearse"),
    *("simulate", "plugins", "completion"),
)
"In the order of the help; `new-plans` is the module `new_plans`."

EPILOG = """verbs:
{}

planrec VERB --help shows the options of a verb.
example: planrec train model=lgbm && planrec pin latest && planrec serve
exit codes: 0 done, 1 failed, 2 wrong command line or configuration,
  3 another process is already running this command, 4 too little data to decide,
  130 interrupted with Ctrl-C"""


class Verb(Protocol):
    """A module of this package."""

    __doc__: str
    EXAMPLE: str
    "A command line that works when typed."

    def add_arguments(self, parser: VerbParser) -> None:
        """Declare options and arguments."""

    def run(self, options: Namespace) -> int:
        """Run the verb; return the exit code."""


@reports_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, see `error_reporting`."""
    # Read when OpenMP is loaded: threads that wait by spinning make busy cores several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = sys.argv[1:] if arguments is None else list(arguments)
    if is_completing():
        return _print_candidates()
    parser = command_parser(_verb_among(words))
    options, unknown = parser.parse_known_args(words)
    if options.verb is None:
        parser.error(f"expected a verb: {', '.join(VERBS)}; planrec --help describes them")
    if "passed_on" in options:
        options.passed_on = unknown
    elif unknown:
        options.refuse(f"unknown arguments for planrec {options.verb}: {' '.join(unknown)}")
    return cast(int, options.run_verb(options))


def command_parser(asked: str | None) -> VerbParser:
    """Return the parser of the command with this verb, or with all verbs and none of their options."""
    parser = VerbParser(
        prog="planrec",
        usage="planrec [--help] [--version] VERB ...",
        description="Recommend mobile plans from how people use their phones.",
    )
    add_version(parser)
    if asked is not None and asked not in VERBS:
        parser.error(_no_such_verb(asked))
    summaries = []
    verbs = parser.add_subparsers(prog="planrec", metavar="VERB", dest="verb", help=SUPPRESS)
    for name in VERBS if asked is None else [asked]:
        verb = cast(Verb, import_module(f"planrec.cli.{name.replace('-', '_')}"))
        summary = verb.__doc__.partition("\n")[0].rstrip(".")
        summaries.append(f"  {name:<12} {summary}")
        own = verbs.add_parser(
            name, help=summary, description=verb.__doc__, epilog=f"example: {verb.EXAMPLE}"
        )
        own.set_defaults(run_verb=verb.run, refuse=own.error)
        own.example = verb.EXAMPLE
        if name == asked:
            verb.add_arguments(own)
    parser.epilog = EPILOG.format("\n".join(summaries))
    return parser


def _verb_among(words: Sequence[str]) -> str | None:
    return words[0] if words and not words[0].startswith("-") else None


def _print_candidates() -> int:
    """Answer the shell that completes a line: argcomplete reads the line and ends the process."""
    import argcomplete

    verb = _verb_among(typed_words())
    argcomplete.autocomplete(command_parser(verb if verb in VERBS else None), always_complete_options=False)
    return 0


def _no_such_verb(name: str) -> str:
    from planrec.wording import did_you_mean

    return f"no verb {name!r}{did_you_mean(name, VERBS)}; verbs: {', '.join(VERBS)}"
