"""One file per endpoint: its request, its response, its handler."""

from api.routes.health import health
from api.routes.predict import predict
from api.routes.run_schema import run_schema

ROUTES = [health, predict, run_schema]
