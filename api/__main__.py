"""`python -m api`: serve the pinned run on loopback."""

import argparse
import sys
from pathlib import Path

from planrec.errors import PlanRecError

MAX_PORT = 65_535


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where there is no run to serve."""
    parser = argparse.ArgumentParser("python -m api", description="Serve the pinned run.")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where pinned.json lies")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind to; loopback by default")
    parser.add_argument("--port", type=_port, default=8000, help="1 to 65535; 0: any free port")
    options = parser.parse_args(arguments)
    # Importing the server takes a second or two: a wrong option should not wait for it.
    import uvicorn

    from api.app import create_app
    from planrec.pinned import load_pinned

    try:
        app = create_app(load_pinned(options.outputs))
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    uvicorn.run(app, host=options.host, port=options.port)
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {MAX_PORT}, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
