"""Print the model card or the data card of runs.

The model card describes the purpose and the quality of a run, the data card its data. Both are Markdown.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import add_outputs, add_run, run_folder
from planrec.commands.advice import command_line

EXAMPLE = "planrec card model latest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument("card", choices=["model", "data"], help="which card")
    add_run(parser, "runs", nargs="+")
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="only print differences to FILE; exit code 1 if there are any",
    )
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the card, or check a file against it."""
    from planrec.reports.cards.card_check import check_card
    from planrec.reports.cards.data_card import data_cards
    from planrec.reports.cards.model_card import model_cards

    folders = [run_folder(name, options) for name in options.runs]
    text = (model_cards if options.card == "model" else data_cards)(folders)
    if options.check is not None:
        command = command_line("card", options.card, *options.runs, outputs=options.outputs)
        return check_card(text, options.check, command)
    print(text, end="")
    return 0
