"""Say which features a run's model looks at.

Its folds are fitted again, and each explains the rows that it never saw.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import (
    add_json,
    add_outputs,
    add_run,
    csv_file,
    positive,
    run_folder,
    show_table,
    write_text,
)

EXAMPLE = "planrec explain latest --features 10"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser)
    parser.add_argument("--csv", type=csv_file, metavar="FILE.csv", help="write every feature there")
    parser.add_argument(
        "--repeats", type=positive, default=5, metavar="N", help="times each column is shuffled (5)"
    )
    parser.add_argument(
        "--features", type=positive, default=20, metavar="N", help="features that are printed (20)"
    )
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the features that count most."""
    from planrec.reports.explanation.explanation_terminal import print_explanation
    from planrec.reports.explanation.feature_importance import as_csv, as_json, explain
    from planrec.training.run_terminal import progress_of

    folder = run_folder(options.run, options)
    with progress_of("explaining") as report:
        explanation = explain(folder, options.repeats, report)
    show_table(
        options,
        lambda: print_explanation(explanation, options.features),
        lambda: as_json(explanation),
    )
    if options.csv is not None:
        write_text(options.csv, as_csv(explanation), options)
    return 0
