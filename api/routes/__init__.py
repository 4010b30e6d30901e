"""The endpoints: one file for each, or for a few that belong together."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from ..settings import CampaignLimits, Limits
from .about_run import catalogue, run, run_schema
from .batch import predict_batch
from .campaigns import (
    campaign_options,
    delete_campaign,
    get_campaign,
    get_campaign_advice,
    get_campaign_manifest,
    start_campaign,
)
from .decisions import DECISION_ROUTES
from .health import health, ready
from .metrics import metrics
from .operate import operate
from .outcomes import outcomes
from .predict import predict, preview
from .runs import RUN_ROUTES

FORM_BYTES = 1_000_000
"Room for the settings and the frame of a form beside its files."


def routes(limits: Limits, campaigns: CampaignLimits) -> list[ControllerRouterHandler]:
    """Return all endpoints; the bodies of a batch, of outcomes and of campaigns may be larger than others."""
    batch = Router("/", route_handlers=[predict_batch, outcomes], request_max_body_size=limits.batch_bytes)
    about_server = [health, ready, metrics, operate, run, run_schema, catalogue]
    most = campaigns.upload_bytes + FORM_BYTES
    uploads = Router("/", route_handlers=[start_campaign], request_max_body_size=most)
    jobs: list[ControllerRouterHandler] = [
        uploads,
        campaign_options,  # before the others: Litestar adds its own beside the first
        get_campaign,
        get_campaign_advice,
        get_campaign_manifest,
        delete_campaign,
    ]
    return [*about_server, predict, preview, batch, *jobs, *RUN_ROUTES, *DECISION_ROUTES]
