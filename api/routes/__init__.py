"""One file per endpoint, or per few that belong together: responses and handlers."""

from api.routes.about_run import catalogue, run, run_schema
from api.routes.batch import predict_batch
from api.routes.health import health, ready
from api.routes.metrics import metrics
from api.routes.predict import predict

ROUTES = [health, ready, metrics, run, run_schema, catalogue, predict, predict_batch]
