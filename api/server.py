"""The server process: its signals, its scratch folder, and uvicorn."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from tempfile import TemporaryDirectory

from planrec.commands.advice import command_line
from planrec.errors import ConfigError

from .settings import Settings

GRACE_SECONDS = 30
"Time for started requests after a signal to stop."


def serve(settings: Settings) -> int:
    """Serve until a signal to stop; return the exit code: 0, or 1 if there is no run to serve.

    Raises:
        ConfigError: the address cannot be bound to, mostly because another server uses the port.
    """
    _check_address(settings.server.host, settings.server.port)
    # uvicorn raises the signal again when it has stopped; before it runs, no request has started.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda number, frame: sys.exit(0))
    with TemporaryDirectory(prefix="planrec-") as temporary:
        scratch = settings.server.scratch or Path(temporary)
        os.environ |= _clean(scratch, settings.server.workers)
        return _run(settings)


def _check_address(host: str, port: int) -> None:
    """Report an address that is in use before the imports, which take seconds."""
    try:
        with socket(AF_INET6 if ":" in host else AF_INET) as tried:
            tried.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        raise ConfigError(
            f"the server cannot use port {port} of {host}: {error.strerror}; stop the server that uses it, or"
            f" let {command_line('serve', '--port', 0)} choose a free one"
        ) from error


def _clean(scratch: Path, workers: int) -> Mapping[str, str]:
    """Remove files of another server from the folder; return the variables that name it to the workers."""
    scratch.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.db", "answers.sqlite3*", "good_pin.json"):
        for file in scratch.glob(pattern):
            file.unlink()
    variables = {"PLANREC_SERVER__SCRATCH": str(scratch), "PROMETHEUS_DISABLE_CREATED_SERIES": "true"}
    # prometheus-client reads it when it is imported; each worker then counts in files of this folder.
    return variables | ({"PROMETHEUS_MULTIPROC_DIR": str(scratch)} if workers > 1 else {})


def _run(settings: Settings) -> int:
    # Importing the server takes a second or two; wrong options are reported before.
    import uvicorn

    from .announcing_server import AnnouncingServer, announce
    from .logging_setup import log_config
    from .worker_processes import WorkerProcesses

    config = uvicorn.Config(
        f"{__package__}.app:pinned_app",
        factory=True,
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        http=f"{__package__}.http_protocol:Protocol",
        log_config=log_config(settings.log_level),
        access_log=False,
        server_header=False,
        # The address of the client is not used, and this middleware would hide the app from the protocol.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        if settings.server.workers > 1:
            listening = config.bind_socket()
            announce(listening)
            processes = WorkerProcesses(config, [listening])
            processes.run()
            return int(processes.has_failed)
        config.load()
        AnnouncingServer(config).run()
    except SystemExit as ended:
        # uvicorn has logged the reason.
        return 1 if ended.code else 0
    return 0
