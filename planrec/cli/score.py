"""Write advice for every subscriber of a file.

The pinned run answers, unless --run names another.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from planrec.cli.api_package import trusted_signers
from planrec.cli.error_reporting import if_interrupted
from planrec.cli.shared_options import RUN, add_outputs, add_run, run_folder

EXAMPLE = "planrec score months.csv advice.csv --language es"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="CSV or Parquet, as the run's own data")
    parser.add_argument("output", type=_output, metavar="OUTPUT", help=".csv or .parquet; replaced when done")
    add_run(parser, "--run", f"{RUN}; default: the pinned run")
    parser.add_argument("--language", choices=["en", "es"], default="en", help="of the sentences")
    parser.add_argument("--no-reasons", action="store_true", help="leave the sentences out, which is faster")
    add_outputs(parser, "folder of pinned.json, in which runs are looked for")


def run(options: Namespace) -> int:
    """Score the file and print how many rows got which decision."""
    from planrec.errors import ConfigError

    if options.input.resolve() == options.output.resolve():
        raise ConfigError("OUTPUT must be another file than INPUT")
    with if_interrupted(f"{options.output} was not written"):
        _score(options)
    return 0


def _score(options: Namespace) -> None:
    from planrec.runs.read import load_run
    from planrec.serving.pin import load_pinned
    from planrec.serving.scoring.score_file import score_file
    from planrec.serving.scoring.scorer import Scorer

    if options.run is not None:
        saved = load_run(run_folder(options.run, options))
    else:
        saved = load_pinned(options.outputs, trusted_signers())
    scorer = Scorer(saved, options.language, has_reasons=not options.no_reasons)
    with _progress(f"scoring {options.input.name}") as report:
        scored = score_file(scorer, options.input, options.output, report)
    shares = ", ".join(f"{count:,} {decision}" for decision, count in sorted(scored.decisions.items()))
    was_sorted = " (sorted by subscriber, as the file was not)" if scored.was_sorted else ""
    print(f"wrote {options.output}: {scored.rows:,} rows, {shares}{was_sorted}")
    print(f"advice of the run {saved.run_id}")


@contextmanager
def _progress(task: str) -> Iterator[Callable[[float], None]]:
    """Show a bar if the screen is a terminal."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.progress import Progress

    from planrec.terminal import console_of_progress

    with Progress(console=console_of_progress(), transient=True) as progress:
        bar = progress.add_task(task, total=1.0)
        yield lambda share: progress.update(bar, completed=share)


def _output(name: str) -> Path:
    if not name.endswith((".csv", ".parquet")):
        raise ArgumentTypeError(f"must end in .csv or .parquet, got {name!r}")
    return Path(name)
