"""The server process: its signals, its scratch folder, and uvicorn."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from .settings import Settings

GRACE_SECONDS = 30
"How long requests under way may take after a signal to stop."


def serve(settings: Settings) -> int:
    """Serve until a signal to stop; return the exit code: 1 if there is no run to serve."""
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

    from .logging_setup import log_config

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
