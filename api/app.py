"""Build the app around one saved run."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from uvicorn.config import STARTUP_FAILURE

from planrec.errors import PlanRecError
from planrec.runs.read import SavedRun

from .answer_store import AnswerStore
from .decision_log_metrics import counting
from .decision_logging import AnswerLog
from .micro_batching import Together
from .middleware.api_keys import KeyRequired
from .middleware.idempotency import Idempotency
from .middleware.request_logging import Observed
from .middleware.security_headers import SecurityHeaders
from .openapi.document import RunJsonRenderPlugin
from .pages import PAGES
from .pin_follower import PinFollower
from .problems import EXCEPTION_HANDLERS
from .prometheus import Metrics
from .routes import routes
from .served_run import ServedRun
from .settings import Settings, read_settings


def create_app(
    saved: SavedRun, answer_log: AnswerLog | None = None, settings: Settings | None = None
) -> Litestar:
    """The app that answers with this run, whatever is pinned; it closes the log when it stops."""
    settings = settings or Settings()
    return _app(ServedRun.of(saved, settings.limits), settings, AnswerStore(None), answer_log)


def pinned_app() -> Litestar:
    """The app of one process of `planrec serve`: follows the pin, ends the process where there is no run."""
    settings = read_settings(os.environ)
    assert settings.server.scratch is not None, "planrec serve names a folder"
    follower = PinFollower(settings.outputs, settings.server.scratch, settings.limits)
    try:
        answer_log = _answer_log(settings)
        served, pin_error = follower.first()
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        # A failed start ends the whole server: where other workers answer, this one is tried again.
        sys.exit(1 if follower.good_pin.is_file() else STARTUP_FAILURE)
    store = AnswerStore(settings.server.scratch / "answers.sqlite3")
    app = _app(served, settings, store, answer_log, follower.lifespan)
    app.state.pin_error = pin_error
    # What is there by now stays: searched for garbage it would hold up everybody, mostly while large bodies
    # are read.
    gc.freeze()
    return app


def _answer_log(settings: Settings) -> AnswerLog | None:
    wanted = settings.decision_log
    if wanted.url == "none":
        return None
    url = wanted.url or f"sqlite:///{settings.outputs / 'decisions.sqlite'}"
    key_file = wanted.key_file or settings.outputs / "decisions.key"
    return AnswerLog.open(url, key_file, wanted.queue_size, is_required=wanted.required)


def _app(
    served: ServedRun,
    settings: Settings,
    store: AnswerStore,
    answer_log: AnswerLog | None,
    *lifespans: Callable[[Litestar], AbstractAsyncContextManager[None]],
) -> Litestar:
    metrics = Metrics()

    @asynccontextmanager
    async def closing(app: Litestar) -> AsyncIterator[None]:
        async with counting(answer_log, metrics):
            yield
        store.close()

    app = Litestar(
        [*routes(settings.limits), *PAGES],
        state=State(
            {
                "served": served,
                "pin_error": None,
                "limits": settings.limits,
                "asks_for_keys": bool(settings.access.key_hashes),
                "metrics": metrics,
                "answer_log": answer_log,
                "together": Together(),
            }
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.limits.body_bytes,
        lifespan=[closing, *lifespans],
        logging_config=None,  # Litestar's own would take the place of api/logging_setup.py
        # The renderers with a page load scripts from elsewhere: `api.pages` has our own.
        openapi_config=OpenAPIConfig(
            title="PlanRec",
            version=served.saved.manifest.versions["planrec"],
            use_handler_docstrings=True,
            render_plugins=[RunJsonRenderPlugin()],
        ),
    )
    # Around Litestar's own handler, not in its `middleware`: those see neither 404 nor 405.
    handler = Idempotency(app.asgi_handler, store, settings.limits.batch_bytes)
    inner = KeyRequired(handler, settings.access.key_hashes) if settings.access.key_hashes else handler
    app.asgi_handler = Observed(SecurityHeaders(inner), metrics)
    return app
