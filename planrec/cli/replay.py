"""Compute a logged answer again, and compare every byte.

The exit code is 0 for the same answer, 1 for another or none.
"""

import os
from argparse import ArgumentParser, Namespace

from planrec.cli.shared_options import add_json, add_outputs, show_table

EXAMPLE = "planrec replay 0198c7f2-5f6a-7b1e-9d0c-3a4b5c6d7e8f"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument("id", metavar="ID", help="the recommendation_id of the answer")
    # The same default as that of the server, so that its answers are found.
    url = os.environ.get("PLANREC_DECISION_LOG__URL")
    parser.add_argument(
        "--log",
        default=None if url == "none" else url,
        metavar="URL",
        help="decision log; default: PLANREC_DECISION_LOG__URL, else decisions.sqlite in the folder of runs",
    )
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the parts of the answer, and whether it is the same again."""
    from planrec.serving.decision_log import find_decision

    logged = find_decision(options.log or f"sqlite:///{options.outputs / 'decisions.sqlite'}", options.id)
    # scikit-learn takes a second to import: a wrong id should not wait for it.
    from planrec.serving.replay.audit_view import print_replayed
    from planrec.serving.replay.replayed_answer import as_json, replay

    replayed = replay(logged, options.outputs)
    show_table(options, lambda: print_replayed(replayed), lambda: as_json(replayed))
    return 0 if replayed.is_equal else 1
