"""Compare two runs: where they differ, by how much, on which segments.

The runs of a sweep are compared by planrec leaderboard SWEEP.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import add_outputs, add_run, run_folder

EXAMPLE = "planrec compare 2026-03-01/12 latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "a", metavar="A")
    add_run(parser, "b", "another run", metavar="B")
    parser.add_argument("--metric", help="decides, and is shown by segment; default: A's first metric")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the comparison."""
    from planrec.files.atomic_write import write_atomically
    from planrec.reports.comparison import as_json
    from planrec.reports.comparison.comparison_terminal import print_comparison
    from planrec.reports.comparison.run_comparison import compare

    first, second = (run_folder(name, options) for name in (options.a, options.b))
    comparison = compare(first, second, options.metric)
    print_comparison(comparison)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(options.json, as_json(comparison).encode())
        print(f"wrote {options.json}")
    return 0
