"""Build the app around one saved run."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Server
from litestar.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from planrec.errors import PlanRecError
from planrec.monitoring.outcomes import AdvisingRuns
from planrec.runs.read import SavedRun

from .answer_store import AnswerStore
from .campaigns.job_store import CampaignJobs
from .decision_log_metrics import counting_log_rows
from .decision_logging import AnswerLog
from .decision_reading import DecisionReader
from .middleware.api_keys import ApiKeys
from .middleware.cors import Cors
from .middleware.idempotency import Idempotency
from .middleware.request_logging import RequestLogging
from .middleware.security_headers import SecurityHeaders
from .openapi.document import RunJsonRenderPlugin, operation_id_of
from .openapi.stable import StableJsonRenderPlugin
from .operate.operating import Operating
from .outcome_storing import OutcomeStore
from .pages import PAGES
from .pin_follower import PinFollower
from .problems import EXCEPTION_HANDLERS
from .prometheus import Metrics
from .refused_pin import RefusedPin
from .routes import routes
from .run_library import RunLibrary
from .served_run import ServedRun
from .settings import Settings, read_settings
from .state import ServerState


def create_app(
    saved: SavedRun, answer_log: AnswerLog | None = None, settings: Settings | None = None
) -> Litestar:
    """Return the app that answers with this run, regardless of the pin; it closes the log when it stops."""
    settings = settings or Settings()
    state = _state(ServedRun.of(saved, settings.limits), settings, answer_log)
    return _app(state, settings, AnswerStore(None))


def pinned_app() -> Litestar:
    """Return the app of one process of `planrec serve`, which follows the pin.

    It ends the process if there is no run to serve.
    """
    settings = read_settings(os.environ)
    scratch = settings.server.scratch_folder
    follower = PinFollower(settings.outputs, scratch, settings.limits, settings.access.signers)
    try:
        answer_log = _answer_log(settings)
        served, refused_pin = follower.load_first()
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        # A failed start ends the whole server; if other workers answer, this worker is started again.
        sys.exit(1 if follower.good_pin.is_file() else STARTUP_FAILURE)
    state = _state(served, settings, answer_log, refused_pin)
    app = _app(state, settings, AnswerStore(scratch / "answers.sqlite3"), follower.lifespan)
    # Freeze the objects created at start-up: they live forever, and scanning them would pause all requests.
    gc.freeze()
    return app


def _answer_log(settings: Settings) -> AnswerLog | None:
    options = settings.decision_log
    if options.url == "none":
        return None
    url = options.url or f"sqlite:///{settings.outputs / 'decisions.sqlite'}"
    key_file = options.key_file or settings.outputs / "decisions.key"
    return AnswerLog.open(url, key_file, options.queue_size, is_required=options.required)


def _outcome_store(answer_log: AnswerLog, settings: Settings) -> OutcomeStore:
    return OutcomeStore(answer_log.url, answer_log.key_file, AdvisingRuns(settings.outputs))


def _decision_reader(answer_log: AnswerLog, settings: Settings) -> DecisionReader:
    return DecisionReader.of(answer_log.url, answer_log.key_file, settings.outputs)


def _state(
    served: ServedRun, settings: Settings, answer_log: AnswerLog | None, refused_pin: RefusedPin | None = None
) -> ServerState:
    metrics = Metrics(settings.outputs / "monitoring")
    return ServerState.of(
        served=served,
        refused_pin=refused_pin,
        limits=settings.limits,
        root_path=settings.server.root_path,
        requires_key=bool(settings.access.key_hashes),
        cors_origins=settings.access.cors_origins,
        metrics=metrics,
        answer_log=answer_log,
        outcome_store=None if answer_log is None else _outcome_store(answer_log, settings),
        decision_reader=None if answer_log is None else _decision_reader(answer_log, settings),
        run_library=RunLibrary(settings.outputs),
        operating=Operating(settings.outputs, metrics, answer_log),
        campaigns=CampaignJobs.of(settings.outputs, settings.campaigns),
    )


def _app(
    state: ServerState,
    settings: Settings,
    store: AnswerStore,
    *lifespans: Callable[[Litestar], AbstractAsyncContextManager[None]],
) -> Litestar:
    @asynccontextmanager
    async def closing(app: Litestar) -> AsyncIterator[None]:
        async with counting_log_rows(state.answer_log, state.metrics):
            yield
        store.close()

    app = Litestar(
        [*routes(settings.limits, settings.campaigns), *PAGES],
        state=state,
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.limits.body_bytes,
        lifespan=[closing, state.campaigns.lifespan, *lifespans],
        logging_config=None,  # Litestar's own would replace ours
        # The renderers with a page load scripts from other hosts: `pages` has our own.
        openapi_config=OpenAPIConfig(
            title="PlanRec",
            version=state.run.model_name.version,
            use_handler_docstrings=True,
            operation_id_creator=operation_id_of,
            servers=[Server(url=settings.server.root_path or "/")],
            render_plugins=[RunJsonRenderPlugin(), StableJsonRenderPlugin()],
        ),
    )
    # Around Litestar's own handler and not in its `middleware`, which does not get 404 and 405.
    handler = Idempotency(app.asgi_handler, store, settings.limits.batch_bytes)
    inner: ASGIApp = ApiKeys(handler, settings.access.key_hashes) if settings.access.key_hashes else handler
    # Around the keys: a browser may read a 401, and a preflight request has no key.
    if settings.access.cors_origins:
        inner = Cors(inner, settings.access.cors_origins)
    app.asgi_handler = RequestLogging(SecurityHeaders(inner), state.metrics)
    return app
