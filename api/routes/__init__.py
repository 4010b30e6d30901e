"""One file per endpoint, or per few that belong together: responses and handlers."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from api.routes.about_run import catalogue, run, run_schema
from api.routes.batch import predict_batch
from api.routes.health import health, ready
from api.routes.metrics import metrics
from api.routes.predict import predict
from api.settings import Limits


def routes(limits: Limits) -> list[ControllerRouterHandler]:
    """All endpoints; a batch may be longer than what the app takes."""
    batch = Router("/", route_handlers=[predict_batch], request_max_body_size=limits.batch_bytes)
    return [health, ready, metrics, run, run_schema, catalogue, predict, batch]
