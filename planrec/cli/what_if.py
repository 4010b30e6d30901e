"""Predict shares and revenue if a plan had another price.

The run must be a choice model (model=conditional_logit) that names its price (model.price). Its cases choose
again under the other price; intervals are those of 200 draws of the coefficients.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import add_json, add_outputs, add_run, run_folder, show_table

EXAMPLE = "planrec what-if latest --plan max --price=+10%"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser)
    parser.add_argument("--plan", required=True, metavar="PLAN", help="plan whose price changes")
    parser.add_argument(
        "--price",
        required=True,
        metavar="CHANGE",
        help="+10%%, -5%% or +2.50; falls need the sign = before them",
    )
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the table of the plans."""
    from planrec.choice.price_change import PriceChange
    from planrec.evaluation.what_if import as_json, what_if
    from planrec.evaluation.what_if_terminal import print_what_if

    change = PriceChange.parse(options.price)
    answer = what_if(run_folder(options.run, options), options.plan, change)
    show_table(options, lambda: print_what_if(answer), lambda: as_json(answer))
    return 0
