"""`python -m api`: serve the pinned run, on loopback unless there are API keys."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from planrec.errors import PlanRecError

from .serve_extra import check_serve_extra
from .settings import Settings, read_settings

GRACE_SECONDS = 30
"How long requests under way may take after a signal to stop."


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 without a run to serve, 2 where a setting is wrong."""
    options = _parser().parse_args(arguments)
    given = {
        "PLANREC_OUTPUTS": options.outputs,
        "PLANREC_SERVER__HOST": options.host,
        "PLANREC_SERVER__PORT": options.port,
        "PLANREC_SERVER__WORKERS": options.workers,
    }
    # The workers read the environment too.
    os.environ |= {name: str(value) for name, value in given.items() if value is not None}
    try:
        check_serve_extra()
        return _print_new_key() if options.new_key else _serve(read_settings(os.environ))
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"python -m {__package__}",
        description="Serve the pinned run.",
        epilog=f"Other values come from PLANREC_... variables: python -m {__package__}.settings shows them.",
    )
    parser.add_argument("--outputs", type=Path, help="where pinned.json lies; default outputs")
    parser.add_argument("--host", help="address to bind to; default 127.0.0.1, others need API keys")
    parser.add_argument("--port", type=_port, help="1 to 65535; 0: any free port; default 8000")
    parser.add_argument("--workers", type=int, help="processes that answer; default 1")
    parser.add_argument("--new-key", action="store_true", help="print a new API key and its hash, and end")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535, got {text!r}")
    return int(text)


def _print_new_key() -> int:
    from .access import hash_of, new_key

    key = new_key()
    print(f"key, for the caller, shown only now: {key}")
    print(f"hash, for the server: PLANREC_ACCESS__KEY_HASHES={hash_of(key.encode())}")
    return 0


def _serve(settings: Settings) -> int:
    # uvicorn raises the signal again once it has stopped; before it runs there is nothing to finish.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda number, frame: sys.exit(0))
    with TemporaryDirectory(prefix="planrec-") as temporary:
        scratch = settings.server.scratch or Path(temporary)
        os.environ |= _emptied(scratch, settings.server.workers)
        return _run(settings, scratch)


def _emptied(scratch: Path, workers: int) -> Mapping[str, str]:
    """The folder without what another server left in it, and the variables that name it to the workers."""
    scratch.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.db", "answers.sqlite3*", "good_pin.json"):
        for file in scratch.glob(pattern):
            file.unlink()
    named = {"PLANREC_SERVER__SCRATCH": str(scratch), "PROMETHEUS_DISABLE_CREATED_SERIES": "true"}
    # Read when prometheus-client is imported: with it, each worker counts in files of this folder.
    return named | ({"PROMETHEUS_MULTIPROC_DIR": str(scratch)} if workers > 1 else {})


def _run(settings: Settings, scratch: Path) -> int:
    # Importing the server takes a second or two: a wrong option should not wait for it.
    import uvicorn

    from .log import log_config

    try:
        uvicorn.run(
            f"{__package__}.app:pinned_app",
            factory=True,
            host=settings.server.host,
            port=settings.server.port,
            workers=settings.server.workers,
            http=f"{__package__}.http_protocol:Protocol",
            log_config=log_config(settings.log_level),
            access_log=False,
            server_header=False,
            # Nothing asks who the client is, and around the app it would keep it from the protocol.
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_worker_healthcheck=30,  # seconds: on a busy machine the imports alone take ten
        )
    except SystemExit as ended:
        # Whatever else uvicorn ends with, it has told why.
        return 1 if ended.code else 0
    # Without a pin that could be served no worker came up.
    return 0 if (scratch / "good_pin.json").is_file() else 1


if __name__ == "__main__":
    sys.exit(main())
