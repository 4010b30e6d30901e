"""Rank runs, with paired differences to the best.

Failed cells of sweeps are listed below.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import (
    RUN,
    add_all,
    add_json,
    add_outputs,
    add_run,
    csv_file,
    html_file,
    run_folder,
    show_table,
    write_text,
)

EXAMPLE = "planrec leaderboard --metric regret --html board.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "runs", f"{RUN}; or the folder of a sweep, or above; default: all runs", nargs="*")
    parser.add_argument("--metric", help="rank by it; default: the first metric of the runs")
    add_json(parser)
    add_all(parser, "show every metric, and time and size of each model")
    parser.add_argument("--csv", type=csv_file, metavar="FILE.csv", help="write the board as CSV")
    parser.add_argument("--html", type=html_file, metavar="FILE.html", help="write the board as HTML")
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the board and write the files."""
    from planrec.reports.leaderboard import leaderboard
    from planrec.reports.leaderboard.board_files import as_csv, as_json
    from planrec.reports.leaderboard.board_html import as_html
    from planrec.reports.leaderboard.board_terminal import print_board

    places = [run_folder(name, options) for name in options.runs] or [options.outputs]
    board = leaderboard(places, options.metric)
    show_table(options, lambda: print_board(board, in_full=options.all), lambda: as_json(board))
    for file, content in ((options.csv, as_csv), (options.html, as_html)):
        if file is not None:
            write_text(file, content(board), options)
    return 0 if board.tables else 1
