"""The endpoints: one file for each, or for a few that belong together."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from ..settings import Limits
from .about_run import catalogue, run, run_schema
from .batch import predict_batch
from .decisions import DECISION_ROUTES
from .health import health, ready
from .metrics import metrics
from .operate import operate
from .outcomes import outcomes
from .predict import predict
from .runs import RUN_ROUTES


def routes(limits: Limits) -> list[ControllerRouterHandler]:
    """Return all endpoints; the bodies of a batch and of outcomes may be larger than others."""
    batch = Router("/", route_handlers=[predict_batch, outcomes], request_max_body_size=limits.batch_bytes)
    about_server = [health, ready, metrics, operate, run, run_schema, catalogue]
    return [*about_server, predict, batch, *RUN_ROUTES, *DECISION_ROUTES]
