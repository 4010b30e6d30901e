"""`python -m planrec.replay ID`: compute a logged answer again, and show what it was made of."""

import argparse
import os
from pathlib import Path

from planrec.verb import tells_mistakes


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 the same answer, 1 another one or none."""
    from planrec.decision_log import find_decision

    options = _parser().parse_args(arguments)
    logged = find_decision(options.log or f"sqlite:///{options.outputs / 'decisions.sqlite'}", options.id)
    # scikit-learn takes a second to import: a wrong id should not wait for it.
    from planrec.replay.replayed import replay
    from planrec.replay.screen import print_replayed

    replayed = replay(logged, options.outputs)
    print_replayed(replayed)
    return 0 if replayed.is_equal else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m planrec.replay", description="Compute a logged answer again and compare every byte."
    )
    parser.add_argument("id", metavar="ID", help="the recommendation_id of the answer")
    # As the server has them, so that its answers are found where it put them.
    url = os.environ.get("PLANREC_DECISION_LOG__URL")
    said = "decision log; or PLANREC_DECISION_LOG__URL; decisions.sqlite in outputs if not given"
    parser.add_argument("--log", default=None if url == "none" else url, metavar="URL", help=said)
    outputs = Path(os.environ.get("PLANREC_OUTPUTS") or "outputs")
    said = "where the runs lie; or PLANREC_OUTPUTS"
    parser.add_argument("--outputs", type=Path, default=outputs, help=said)
    return parser
