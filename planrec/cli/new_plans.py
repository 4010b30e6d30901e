"""Write a new run that recommends the plans of a new version of the catalogue.

It has the model of the given run as it was fitted. The given run stays as it is; nothing is pinned.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import add_outputs, add_run, run_folder

EXAMPLE = "planrec new-plans latest plans-2.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser)
    parser.add_argument("catalogue", metavar="CATALOGUE.yaml", help="the new version of the run's catalogue")
    add_outputs(parser, "folder that gets the new run")


def run(options: Namespace) -> int:
    """Write the run and print its new plans."""
    from planrec.serving.new_plans import about_new_plans, with_new_plans

    old = run_folder(options.run, options)
    new = with_new_plans(old, options.catalogue, options.outputs)
    for line in about_new_plans(old, new, options.outputs):
        print(line)
    return 0
