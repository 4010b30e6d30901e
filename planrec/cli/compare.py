"""Compare two runs: where they differ, by how much, on which segments."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import RUN, add_outputs, run_folder

EXAMPLE = "planrec compare 2026-03-01/12 latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument("a", metavar="A", help=RUN)
    parser.add_argument("b", nargs="?", metavar="B", help="another run")
    parser.add_argument("--metric", help="decides, and is shown by segment; default: A's first metric")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the comparison."""
    from planrec.files.atomic_write import write_atomically
    from planrec.reports.comparison import as_json
    from planrec.reports.comparison.comparison_terminal import print_comparison
    from planrec.reports.comparison.run_comparison import compare

    comparison = compare(*_folders(options), options.metric)
    print_comparison(comparison)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(options.json, as_json(comparison).encode())
        print(f"wrote {options.json}")
    return 0


def _folders(options: Namespace) -> tuple[Path, Path]:
    """Return the folders of both runs. Raises RunError if A is a sweep, ConfigError if B is missing."""
    from planrec.errors import ConfigError
    from planrec.runs.read import read_manifest

    first = run_folder(options.a, options)
    if options.b is None:
        read_manifest(first)  # its error says which run to name instead of a sweep
        raise ConfigError("B is missing: name the run to compare with")
    return first, run_folder(options.b, options)
