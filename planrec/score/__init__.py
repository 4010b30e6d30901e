"""`python -m planrec.score INPUT OUTPUT`: advice of the pinned run for every subscriber of a file."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from planrec.verb import tells_mistakes

INTERRUPTED = 130


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 nothing was written, 2 a wrong option, 130 Ctrl-C."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.input.resolve() == options.output.resolve():
        parser.error("OUTPUT must be another file than INPUT")
    # Read when OpenMP is loaded: threads that wait by spinning make busy cores several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        _score(options)
    except KeyboardInterrupt:
        print(f"interrupted: {options.output} was not written", file=sys.stderr)
        return INTERRUPTED
    return 0


def _score(options: argparse.Namespace) -> None:
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.pinned import load_pinned
    from planrec.run_folder import load_run, newest_run
    from planrec.score.file import score_file
    from planrec.score.scorer import Scorer

    if options.run is None:
        saved = load_pinned(options.outputs)
    else:
        saved = load_run(newest_run(options.outputs) if options.run == "latest" else Path(options.run))
    scorer = Scorer(saved, options.language, has_reasons=not options.no_reasons)
    with _progress(f"scoring {options.input.name}") as report:
        scored = score_file(scorer, options.input, options.output, report)
    shares = ", ".join(f"{count:,} {decision}" for decision, count in sorted(scored.decisions.items()))
    was_sorted = " (sorted by subscriber, as the file was not)" if scored.was_sorted else ""
    print(f"wrote {options.output}: {scored.rows:,} rows, {shares}{was_sorted}")
    print(f"advice of the run {saved.run_id}")


@contextmanager
def _progress(task: str) -> Iterator[Callable[[float], None]]:
    """A bar where the screen is a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(task, total=1.0)
        yield lambda share: progress.update(bar, completed=share)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m planrec.score", description="Write advice for every subscriber of a file."
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help="CSV or Parquet, as the run's own data")
    parser.add_argument("output", type=_output, metavar="OUTPUT", help=".csv or .parquet; replaced when done")
    parser.add_argument("--run", help="folder of a complete run, or `latest`; the pinned one if not given")
    outputs = Path(os.environ.get("PLANREC_OUTPUTS") or "outputs")
    said = "where pinned.json lies; or the variable PLANREC_OUTPUTS"
    parser.add_argument("--outputs", type=Path, default=outputs, help=said)
    parser.add_argument("--language", choices=["en", "es"], default="en", help="of the sentences")
    parser.add_argument("--no-reasons", action="store_true", help="leave the sentences out, which is faster")
    return parser


def _output(name: str) -> Path:
    if not name.endswith((".csv", ".parquet")):
        raise argparse.ArgumentTypeError(f"must end in .csv or .parquet, got {name!r}")
    return Path(name)
