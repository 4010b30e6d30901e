"""One file per endpoint: its request, its response, its handler."""

from api.routes.health import health
from api.routes.metrics import metrics
from api.routes.predict import predict
from api.routes.run_schema import run_schema

ROUTES = [health, metrics, predict, run_schema]
