"""`python -m planrec.replay ID`: compute a logged answer again, and show what it was made of."""

import argparse
import sys
from pathlib import Path

from planrec.errors import PlanRecError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 the same answer, 1 another one or none."""
    from planrec.decision_log import DEFAULT_URL, find_decision

    parser = argparse.ArgumentParser(
        "python -m planrec.replay", description="Compute a logged answer again and compare every byte."
    )
    parser.add_argument("id", metavar="ID", help="the recommendation_id of the answer")
    parser.add_argument("--log", default=DEFAULT_URL, metavar="URL", help=f"decision log; {DEFAULT_URL}")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where the runs lie")
    options = parser.parse_args(arguments)
    try:
        logged = find_decision(options.log, options.id)
        # scikit-learn takes a second to import: a wrong id should not wait for it.
        from planrec.replay.replayed import replay
        from planrec.replay.screen import print_replayed

        replayed = replay(logged, options.outputs)
        print_replayed(replayed)
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0 if replayed.is_equal else 1
