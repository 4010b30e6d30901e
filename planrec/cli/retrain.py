"""Train the pinned run on new data, judge the result, and promote it.

Without --promote nothing is pinned. The challenger is compared with the pinned run as it is served, on
decisions that neither was trained on; it must surely not be worse by more than a margin. Each call appends a
line of evidence to operations.jsonl. Exit codes: 0 passed or nothing to do, 1 refused or failed, 2 wrong
override, 3 another retrain is running, 4 undecided.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from planrec.cli.decision_log_options import known_log_url
from planrec.cli.shared_options import add_json, add_outputs, show_table

EXAMPLE = "planrec retrain data.path=months.csv --promote"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="OVERRIDE",
        help="change to the pinned run's config: data.path=FILE",
    )
    parser.add_argument("--promote", action="store_true", help="pin the challenger if it passes every gate")
    parser.add_argument(
        "--margin",
        type=_share,
        default=0.05,
        metavar="SHARE",
        help="loss of the first metric that is accepted, as a share of the pinned run's value; default: 0.05",
    )
    parser.add_argument(
        "--guard-margin",
        type=_share,
        default=0.01,
        metavar="POINTS",
        help="loss of a metric with a guard, such as harm_rate, that is accepted; default: 0.01",
    )
    parser.add_argument(
        "--min-days", type=_days, default=7, metavar="N", help="days that a pin stays at least; default: 7"
    )
    parser.add_argument("--accept-drift", metavar="WHY", help="train although the data changed hard")
    add_json(parser)
    add_outputs(parser, "folder of runs and of pinned.json")
    parser.set_defaults(passed_on=[])


def run(options: Namespace) -> int:
    """Retrain and print the verdict."""
    from planrec.cli.api_package import trusted_signers
    from planrec.errors import ConfigError, LogError
    from planrec.operating.non_inferiority import Margins
    from planrec.operating.retrain import RetrainRules, retrain
    from planrec.operating.retrain_terminal import as_json, print_retrained

    if unknown := [word for word in options.passed_on if "=" not in word or word.startswith("-")]:
        raise ConfigError(f"unknown arguments for planrec retrain: {' '.join(unknown)}")
    rules = RetrainRules(
        Margins(options.margin, options.guard_margin), options.min_days, options.accept_drift
    )
    signers = trusted_signers()
    result = retrain(
        options.outputs,
        [*options.overrides, *options.passed_on],
        promote=options.promote,
        rules=rules,
        signers=signers,
        log_url=known_log_url(options.outputs),
    )
    show_table(options, lambda: print_retrained(result, options.outputs, signers), lambda: as_json(result))
    if result.log_problem is not None:
        raise LogError(f"the challenger is pinned, but {result.log_problem}")
    return result.exit_code


def _share(text: str) -> float:
    """Return a number between 0 and 1.

    >>> _share("0.05")
    0.05
    """
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"must be a number between 0 and 1, got {text!r}")
    return share


def _days(text: str) -> int:
    """Return a number of days, at least 0.

    >>> _days("7")
    7
    """
    if not text.isdecimal() or int(text) > 3_650:
        raise ArgumentTypeError(f"must be a whole number of days, 0 to 3,650, got {text!r}")
    return int(text)
