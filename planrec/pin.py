"""`python -m planrec.pin RUN`: serve this run from now on."""

import argparse
import sys
from pathlib import Path

from planrec.errors import PlanRecError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where the run cannot be pinned."""
    parser = argparse.ArgumentParser("python -m planrec.pin", description="Choose the run that is served.")
    parser.add_argument("run", help="folder of a complete run, or `latest`")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where pinned.json lies")
    options = parser.parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.pinned import pin_run
    from planrec.run_folder import newest_run

    try:
        folder = newest_run(options.outputs) if options.run == "latest" else Path(options.run)
        pin = pin_run(folder, options.outputs)
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(
        f"pinned {pin.run}\nits model card: {folder / 'model_card.md'}\n"
        "serve it: just serve, or python -m api"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
