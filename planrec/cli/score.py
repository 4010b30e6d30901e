"""Write advice for every subscriber of a file.

The pinned run answers, unless --run names another. OUTPUT.manifest.json is written beside the output, with
which `planrec replay --file OUTPUT` computes a row again.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.decision_log_options import add_optional_log, key_file, log_url
from planrec.cli.error_reporting import if_interrupted
from planrec.cli.shared_options import RUN, add_outputs, add_run, run_folder
from planrec.commands.advice import command_line

if TYPE_CHECKING:
    from planrec.runs.read import SavedRun
    from planrec.serving.scoring.advice_log import AdviceLog

OVERRIDES = (
    "how the cells of INPUT are read, such as data.decimal=comma or data.sheet=June; default: as in training"
)
EXAMPLE = "planrec score months.csv advice.csv --language es"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    own = "CSV, Parquet or .xlsx, as the run's own data"
    parser.add_argument("input", type=Path, metavar="INPUT", help=own)
    parser.add_argument("output", type=Path, metavar="OUTPUT", help=".csv or .parquet; replaced when done")
    parser.add_argument("overrides", nargs="*", default=[], metavar="OVERRIDE", help=OVERRIDES)
    add_run(parser, "--run", f"{RUN}; default: the pinned run")
    parser.add_argument("--language", choices=["en", "es"], default="en", help="of the sentences")
    parser.add_argument("--no-reasons", action="store_true", help="leave the sentences out, which is faster")
    add_optional_log(parser, "write each answer to the decision log too")
    add_outputs(parser, "folder of pinned.json, in which runs are looked for")
    parser.set_defaults(passed_on=[])


def run(options: Namespace) -> int:
    """Score the file and print how many rows got which decision."""
    from planrec.serving.scoring.advice_target import check_advice_target

    check_advice_target(options.output, options.input)
    with if_interrupted(f"{options.output} was not written"):
        _score(options)
    return 0


def _score(options: Namespace) -> None:
    from planrec.serving.pin import load_pinned, signed_run
    from planrec.serving.scoring.advice_manifest import write_manifest
    from planrec.serving.scoring.score_file import score_file
    from planrec.serving.scoring.scorer import Scorer

    signers = trusted_signers()
    overrides = _overrides(options)
    if options.run is not None:
        saved = signed_run(run_folder(options.run, options), signers)
    else:
        saved = load_pinned(options.outputs, signers)
    scorer = Scorer(saved, options.language, not options.no_reasons, overrides)
    log = _log(options, saved)
    with progress_of(f"scoring {options.input.name}") as report:
        scored = score_file(scorer, options.input, options.output, report, log)
    write_manifest(
        options.output, options.input, scored, scorer, _command(options), is_logged=log is not None
    )
    for note in scored.notes:
        print(f"note: {note}", file=sys.stderr)
    shares = ", ".join(f"{count:,} {decision}" for decision, count in sorted(scored.decisions.items()))
    was_sorted = " (sorted by subscriber, as the file was not)" if scored.was_sorted else ""
    for assumption, count in sorted(scored.assumptions.items()):
        print(f"note: {count:,} answers have {assumption} in `assumptions`", file=sys.stderr)
    print(f"wrote {options.output}: {scored.rows:,} rows, {shares}{was_sorted}")
    print(f"advice of the run {saved.run_id}")


def _overrides(options: Namespace) -> tuple[str, ...]:
    """Return the overrides, which may be between the other arguments. Raises ConfigError."""
    from planrec.errors import ConfigError

    words = (*options.overrides, *options.passed_on)
    if unknown := [word for word in words if word.startswith("-") or "=" not in word]:
        raise ConfigError(f"unknown arguments for planrec score: {' '.join(unknown)}")
    return words


def _log(options: Namespace, saved: "SavedRun") -> "AdviceLog | None":
    """Return the log that gets the answers, or None without `--log`."""
    if options.log is None:
        return None
    from planrec.serving.decision_log import read_or_create_key
    from planrec.serving.scoring.advice_log import AdviceLog

    return AdviceLog(
        log_url(options.log, options.outputs),
        read_or_create_key(key_file(options.outputs)),
        saved,
        options.language,
    )


def _command(options: Namespace) -> str:
    """Return the command that was typed, without the URL of the log, which may contain a password."""
    words = ["score", options.input, options.output, *_overrides(options)]
    words += ["--run", options.run] if options.run is not None else []
    words += ["--language", options.language] if options.language != "en" else []
    words += ["--no-reasons"] if options.no_reasons else []
    words += ["--log"] if options.log is not None else []
    return command_line(*words, outputs=options.outputs)


@contextmanager
def progress_of(task: str) -> Iterator[Callable[[float], None]]:
    """Show a bar if the screen is a terminal; yield the function that moves it."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.progress import Progress

    from planrec.terminal import console_of_progress

    with Progress(console=console_of_progress(), transient=True) as progress:
        bar = progress.add_task(task, total=1.0)
        yield lambda share: progress.update(bar, completed=share)
