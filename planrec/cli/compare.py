"""Compare two runs: configuration, metrics and segments.

The runs of a sweep are compared by planrec leaderboard SWEEP.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import add_json, add_outputs, add_run, run_folder, show_table

EXAMPLE = "planrec compare 2026-03-01/12 latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "a", metavar="A")
    add_run(parser, "b", "another run", metavar="B")
    parser.add_argument("--metric", help="decides, and is shown by segment; default: A's first metric")
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the comparison."""
    from planrec.reports.comparison import as_json
    from planrec.reports.comparison.comparison_terminal import print_comparison
    from planrec.reports.comparison.run_comparison import compare

    first, second = (run_folder(name, options) for name in (options.a, options.b))
    comparison = compare(first, second, options.metric)
    show_table(options, lambda: print_comparison(comparison), lambda: as_json(comparison))
    return 0
