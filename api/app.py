"""Build the app around one saved run."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig

from api.bodies import MAX_BODY_BYTES
from api.logged import AnswerLog
from api.openapi import RunJsonRenderPlugin
from api.pages import PAGES
from api.problems import EXCEPTION_HANDLERS
from api.requests import request_model
from api.routes import ROUTES
from api.served import ServedRun
from planrec.run_folder import SavedRun


def create_app(saved: SavedRun, answer_log: AnswerLog | None = None) -> Litestar:
    """The app that answers with this run; it closes the log when it stops."""
    served = ServedRun(saved, request_model(saved.recommender))
    return Litestar(
        [*ROUTES, *PAGES],
        state=State({"served": served, "answer_log": answer_log}),
        on_shutdown=[] if answer_log is None else [answer_log.close],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        # The renderers with a page load scripts from elsewhere: `api.pages` has our own.
        openapi_config=OpenAPIConfig(
            title="PlanRec",
            version=saved.manifest["versions"]["planrec"],
            use_handler_docstrings=True,
            render_plugins=[RunJsonRenderPlugin()],
        ),
    )
