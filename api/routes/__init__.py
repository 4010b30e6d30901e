"""The endpoints: one file for each, or for a few that belong together."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from ..settings import Limits
from .about_run import catalogue, run, run_schema
from .batch import predict_batch
from .health import health, ready
from .metrics import metrics
from .outcomes import outcomes
from .predict import predict, preview


def routes(limits: Limits) -> list[ControllerRouterHandler]:
    """Return all endpoints; the bodies of a batch and of outcomes may be larger than others."""
    batch = Router("/", route_handlers=[predict_batch, outcomes], request_max_body_size=limits.batch_bytes)
    return [health, ready, metrics, run, run_schema, catalogue, predict, preview, batch]
