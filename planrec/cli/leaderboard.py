"""Rank runs, with paired differences to the best.

Failed cells of sweeps are listed below.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import RUN, add_outputs, add_run, run_folder

EXAMPLE = "planrec leaderboard --metric regret --html board.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "runs", f"{RUN}; or the folder of a sweep, or above; default: all runs", nargs="*")
    parser.add_argument("--metric", help="rank by it; default: the first metric of the runs")
    for kind in ("csv", "json", "html"):
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write the board as {kind.upper()}")
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the board and write the files."""
    from planrec.reports.leaderboard import leaderboard, write_board
    from planrec.reports.leaderboard.board_terminal import print_board

    places = [run_folder(name, options) for name in options.runs] or [options.outputs]
    board = leaderboard(places, options.metric)
    print_board(board)
    for file in write_board(board, options.csv, options.json, options.html):
        print(f"wrote {file}")
    return 0 if board.tables else 1
