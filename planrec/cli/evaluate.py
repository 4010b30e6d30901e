"""Judge runs on data with known outcomes.

The metrics, baselines and intervals are those of the first run. Only decisions that no run was trained on are
judged; differences are paired, and to the first run. With --gates the exit code is 1 if a run surely breaks
one of its gates.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.decision_log_options import day
from planrec.cli.shared_options import RUN, add_json, add_outputs, add_run, run_folder, show_table

EXAMPLE = "planrec evaluate latest data.path=may.csv --gates"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    meaning = f"{RUN}; or an override of the first run's data, such as data.path=FILE"
    add_run(parser, "words", meaning, nargs="+", metavar="RUN|OVERRIDE")
    parser.add_argument(
        "--since", type=day, metavar="DAY", help="first day to judge; default: the day after the training"
    )
    parser.add_argument("--gates", action="store_true", help="exit with 1 if a run breaks a gate or a guard")
    add_json(parser)
    add_outputs(parser)
    parser.set_defaults(passed_on=[])


def run(options: Namespace) -> int:
    """Print the evaluation."""
    from planrec.errors import ConfigError
    from planrec.evaluation import evaluate
    from planrec.evaluation.evaluation_json import as_json
    from planrec.evaluation.evaluation_terminal import print_evaluation

    words = [*options.words, *options.passed_on]
    overrides = [word for word in words if "=" in word]
    names = [word for word in words if "=" not in word]
    if unknown := [word for word in options.passed_on if word.startswith("-")]:
        raise ConfigError(f"unknown arguments for planrec evaluate: {' '.join(unknown)}")
    if not names:
        raise ConfigError("expected a run: its folder, the beginning of its id, or `latest`")
    evaluation = evaluate([run_folder(name, options) for name in names], *overrides, since=options.since)
    if options.gates and not evaluation.gates:
        from planrec.commands.advice import typed

        raise ConfigError(f"no gate: type {typed({'+gates': {'METRIC': 'LIMIT'}})}, or leave --gates out")
    show_table(options, lambda: print_evaluation(evaluation), lambda: as_json(evaluation))
    is_broken = any(evaluation.broken_gates(run)[0] for run in evaluation.runs)
    return int(options.gates and is_broken)
