"""Build the app around one saved run."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from uvicorn.config import STARTUP_FAILURE

from api.access import KeyRequired
from api.answer_store import AnswerStore
from api.bodies import MAX_BATCH_BYTES
from api.idempotency import Idempotency
from api.metrics import Metrics
from api.observed import Observed
from api.openapi import RunJsonRenderPlugin
from api.pages import PAGES
from api.pin_follower import PinFollower
from api.problems import EXCEPTION_HANDLERS
from api.routes import ROUTES
from api.security_headers import SecurityHeaders
from api.served import ServedRun
from api.settings import Settings, read_settings
from planrec.errors import PlanRecError
from planrec.run_folder import SavedRun


def create_app(saved: SavedRun, settings: Settings | None = None) -> Litestar:
    """The app that answers with this run, whatever is pinned."""
    return _app(ServedRun.of(saved), settings or Settings(), AnswerStore(None))


def pinned_app() -> Litestar:
    """The app of one process of `python -m api`: follows the pin, ends the process where there is no run."""
    settings = read_settings(os.environ)
    assert settings.server.scratch is not None, "python -m api names a folder"
    follower = PinFollower(settings.outputs, settings.server.scratch)
    try:
        served, pin_error = follower.first()
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(STARTUP_FAILURE)  # which tells uvicorn not to start this worker again
    store = AnswerStore(settings.server.scratch / "answers.sqlite3")
    app = _app(served, settings, store, follower.lifespan)
    app.state.pin_error = pin_error
    return app


def _app(
    served: ServedRun,
    settings: Settings,
    store: AnswerStore,
    *lifespans: Callable[[Litestar], AbstractAsyncContextManager[None]],
) -> Litestar:
    metrics = Metrics()

    @asynccontextmanager
    async def closing(app: Litestar) -> AsyncIterator[None]:
        yield
        store.close()

    app = Litestar(
        [*ROUTES, *PAGES],
        state=State({"served": served, "pin_error": None, "metrics": metrics}),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.limits.body_bytes,
        lifespan=[closing, *lifespans],
        logging_config=None,  # Litestar's own would take the place of api/log.py
        # The renderers with a page load scripts from elsewhere: `api.pages` has our own.
        openapi_config=OpenAPIConfig(
            title="PlanRec",
            version=served.saved.manifest["versions"]["planrec"],
            use_handler_docstrings=True,
            render_plugins=[RunJsonRenderPlugin()],
        ),
    )
    # Around Litestar's own handler, not in its `middleware`: those see neither 404 nor 405.
    handler = Idempotency(app.asgi_handler, store, MAX_BATCH_BYTES)
    inner = KeyRequired(handler, settings.access.key_hashes) if settings.access.key_hashes else handler
    app.asgi_handler = Observed(SecurityHeaders(inner), metrics)
    return app
