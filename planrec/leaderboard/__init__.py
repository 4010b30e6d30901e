"""`python -m planrec.leaderboard [RUNS ...]`: every complete run as one table, with paired differences;
failed cells of sweeps below it."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.errors import RunError
from planrec.verb import tells_mistakes

if TYPE_CHECKING:
    from planrec.leaderboard.board import Board


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 where no run could be read, 2 a wrong option."""
    options = _parser().parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.leaderboard.screen import print_board

    board = leaderboard(options.runs or [options.outputs], options.metric)
    print_board(board)
    for file in write_board(board, options.csv, options.json, options.html):
        print(f"wrote {file}")
    return 0 if board.tables else 1


def leaderboard(places: Iterable[Path], metric: str | None = None) -> "Board":
    """The board of the runs, and of the failed cells of sweeps, at or below these places; links are followed.

    Raises:
        RunError: a place that is not a folder, or no run at all.
        ConfigError: no such metric, or one that cannot rank.
    """
    from planrec.leaderboard.board import board_of, check_ranks
    from planrec.run_folder import run_folders
    from planrec.sweep_folder import failed_cells

    asked = list(places)
    if metric is not None:
        check_ranks(metric)
    if missing := [f"{place} is not a folder" for place in asked if not place.is_dir()]:
        raise RunError("runs are looked for in folders, such as outputs", missing)
    folders, failed = run_folders(asked), failed_cells(asked)
    if not folders and not failed:
        shown = ", ".join(map(str, asked))
        raise RunError(f"no run below {shown}: train one with python -m planrec.train")
    return board_of(folders, metric, failed)


def write_board(board: "Board", csv: Path | None, json: Path | None, html: Path | None) -> list[Path]:
    """Write the files that were asked for; return them."""
    from planrec.atomic_file import write_atomically
    from planrec.leaderboard.files import as_csv, as_json
    from planrec.leaderboard.html import as_html

    written = []
    for file, content in ((csv, as_csv), (json, as_json), (html, as_html)):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, content(board).encode())
            written.append(file)
    return written


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m planrec.leaderboard", description="Rank runs, with paired differences to the best."
    )
    parser.add_argument(
        "runs", type=Path, nargs="*", metavar="RUNS", help="folders of runs, sweeps, or folders above them"
    )
    parser.add_argument("--metric", help="rank by it; the first metric of the runs where none is given")
    for kind in ("csv", "json", "html"):
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write the board as {kind.upper()}")
    parser.add_argument(
        "--outputs", type=Path, default=Path("outputs"), help="where runs are looked for if none are given"
    )
    return parser
