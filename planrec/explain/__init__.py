"""`python -m planrec.explain RUN`: which features a run's model looks at, on rows that it never saw."""

import argparse
from pathlib import Path

from planrec.verb import tells_mistakes


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 where a run cannot be explained, 2 a wrong option."""
    options = _parser().parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.atomic_file import write_atomically
    from planrec.explain.explanation import as_csv, explain
    from planrec.explain.screen import print_explanation
    from planrec.run_folder import newest_run
    from planrec.screen import progress_of

    folder = newest_run(Path("outputs")) if options.run == "latest" else Path(options.run)
    with progress_of("explaining") as report:
        explanation = explain(folder, options.repeats, report)
    print_explanation(explanation, options.features)
    if options.csv is not None:
        options.csv.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(options.csv, as_csv(explanation).encode())
        print(f"wrote {options.csv}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m planrec.explain",
        description="Say which features a run's model looks at: its folds are fitted again, and each is asked"
        " about the rows that it never saw.",
    )
    parser.add_argument("run", metavar="RUN", help="folder of a complete run, or `latest`")
    parser.add_argument("--csv", type=_csv, metavar="FILE.csv", help="write every feature there")
    parser.add_argument(
        "--repeats", type=_positive, default=5, metavar="N", help="times each column is shuffled (5)"
    )
    parser.add_argument(
        "--features", type=_positive, default=20, metavar="N", help="features that are printed (20)"
    )
    return parser


def _csv(name: str) -> Path:
    """A path that can be no file of a run: nothing that hashes cover is ever replaced."""
    path = Path(name)
    if path.suffix != ".csv" or path.name == "dropped_rows.csv":
        raise argparse.ArgumentTypeError(f"must end in .csv and be no file of a run, got {name!r}")
    return path


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)
