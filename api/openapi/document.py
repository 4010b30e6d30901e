"""The OpenAPI document: Litestar's, completed with the facts of the served run."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Literal

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import Method
from msgspec import to_builtins
from msgspec.json import schema_components
from pydantic import BaseModel

from planrec.campaigns.settings import CampaignSettings
from planrec.catalogue import Catalogue
from planrec.recommending.answer import Answer, encoded
from planrec.recommending.answering import answers_of
from planrec.reports.comparison.comparison_facts import ComparedRuns
from planrec.reports.run_list.run_detail import RunDetail

from ..campaigns.job_store import CampaignJob
from ..campaigns.upload_form import FILES, MULTIPART, SETTINGS
from ..decision_reading import FoundAdvice, ReplayedAdvice
from ..http_request import HttpRequest
from ..middleware.api_keys import OPEN
from ..operate.operating_facts import OperatingFacts
from ..parsing.outcome_body import OutcomeBody
from ..parsing.request_body import JSON, NDJSON
from ..problems import MEDIA_TYPE, Problem
from ..routes.about_run import Run
from ..routes.health import Health, Ready
from ..routes.outcomes import StoredOutcomes
from ..routes.runs import RunPage
from ..served_run import ServedRun
from ..settings import Limits
from ..state import state_of
from .problem_responses import DESCRIPTIONS, EXAMPLES

Document = dict[str, Any]
"JSON: a document or a part of it."

PREDICTIONS = ("/predict", "/predict/preview", "/predict/batch")
_REFERENCE = "#/components/schemas/{model}"
_STRUCT = "#/components/schemas/{name}"
_RESPONSES = (
    *(Answer, Problem, Run, Health, Ready, StoredOutcomes, CampaignJob, OperatingFacts),
    *(RunPage, RunDetail, ComparedRuns, FoundAdvice, ReplayedAdvice),
)
_EXAMPLE_ID = "00000000-0000-4000-8000-000000000000"
_LINES = (
    "One request per line; at most {batch_requests:,} lines and {batch_bytes:,} bytes in total. The response"
    " has a line for each line that is not blank, in their order: a recommendation or a problem."
)
_HEADERS = {
    "Idempotency-Key": "A repeated POST with the same key gets the first answer again.",
    "X-Request-ID": "Your name for the request, repeated in the response, in problems and in the log.",
    "Accept-Language": "Language of sentences and problems: English, or Spanish if it has a greater weight.",
}
_OF_OUTCOMES = ("X-Request-ID", "Accept-Language")
"Headers of POST /outcomes, which is idempotent without a key."
_TAGS = {
    "Advice": "Get recommendations.",
    "Outcomes": "Report the months that came after advice.",
    "Campaigns": "Score a file of months, and decide whom to contact.",
    "Run": "The run that answers: its model, the fields of its requests, its plans and prices.",
    "Server": "For load balancers, monitoring and operators.",
    "Runs": "The runs and sweeps beside the one that answers, read only.",
    "Decisions": "Logged answers, for auditors. The log records every reading.",
}
_DESCRIPTION = (
    "Which mobile plan suits a subscriber, what it would cost, and why. Errors are problem+json (RFC 9457):"
    " all mistakes at once, each with a pointer to its place; programs should compare `type`."
)


class RunJsonRenderPlugin(JsonRenderPlugin):
    """Renders the document for the current run; Litestar generates its own part only once."""

    def receive_router(self, router: Router) -> None:
        """Keep the addresses of documents only: Litestar answers others beside them with a page of HTML."""
        router.routes[:] = [route for route in router.routes if route.path.endswith(".json")]

    def render(self, request: HttpRequest, openapi_schema: Document) -> bytes:
        """Return the document as JSON."""
        state = state_of(request.app)
        document = document_of(openapi_schema, state.run, state.limits)
        complete = with_problems(with_keys(document) if state.requires_key else document)
        return super().render(request, complete)


def operation_id_of(handler: HTTPRouteHandler, method: Method, path: object) -> str:
    """Return the name that generated clients give to an endpoint, such as `get_run`."""
    return f"{method.lower()}_{handler.handler_name}"


def document_of(document: Document, served: ServedRun, limits: Limits) -> Document:
    """Return a copy of the document with the requests, the plans and an answer of the run."""
    document = deepcopy(document)
    document["info"]["description"] = _DESCRIPTION
    document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
    # Litestar leaves out msgspec's descriptions of values that may be null.
    document["components"]["schemas"] |= schema_components(_RESPONSES, ref_template=_STRUCT)[1]
    for path in document["paths"].values():
        path.pop("head", None)
    named = {_EXAMPLE_ID: served.example_request}
    [answer] = answers_of(served.saved.recommender, named, served.model_name)
    _describe_predictions(document, served, limits, answer)
    _describe_outcomes(document, limits)
    _describe_campaigns(document)
    plans = document["paths"]["/catalogue"]["get"]["responses"]["200"]["content"][JSON]
    plans["schema"] = _put(document, Catalogue, "serialization")
    return document


def _describe_predictions(document: Document, served: ServedRun, limits: Limits, answer: Answer) -> None:
    """Put requests, answers and headers of the prediction routes into the document."""
    example, answer_json = served.example, json.loads(encoded(answer))
    one, trial, many = (document["paths"][path]["post"] for path in PREDICTIONS)
    for post in (one, trial, many):
        post["parameters"] = [_header(name, text) for name, text in _HEADERS.items()]
        post["parameters"][0]["schema"]["pattern"] = "^[!-~]{1,255}$"
    request = _put(document, served.request_model, "validation")
    for post in (one, trial):
        post["requestBody"] = _body({JSON: (request, example)})
        post["responses"]["200"]["content"][JSON]["examples"] = _example(answer_json)
    batch = {"type": "array", "items": request, "minItems": 1, "maxItems": limits.batch_requests}
    # Without a type: a wrong line gets a problem as its answer, so no body breaks the schema.
    lines = {"description": _LINES.format(**limits.model_dump())}
    many["requestBody"] = _body({JSON: (batch, [example]), NDJSON: (lines, json.dumps(example) + "\n")})
    content = many["responses"]["200"]["content"]
    content[JSON]["examples"] = _example([answer_json])
    content[NDJSON] = {"schema": lines, "examples": _example(encoded(answer).decode() + "\n")}


def _describe_outcomes(document: Document, limits: Limits) -> None:
    post = document["paths"]["/outcomes"]["post"]
    post["parameters"] = [_header(name, text) for name, text in _HEADERS.items() if name in _OF_OUTCOMES]
    one = _put(document, OutcomeBody, "validation")
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": limits.batch_requests}
    example = {"recommendation_id": _EXAMPLE_ID, "event": "accepted"}
    post["requestBody"] = _body({JSON: ({"anyOf": [one, many]}, example)})
    stored = {"new": 1, "repeated": 0, "not_stored": []}
    post["responses"]["200"]["content"][JSON]["examples"] = {"of_one": {"value": stored}}


def _describe_campaigns(document: Document) -> None:
    """Put the form into the document; the settings are those of campaign.yaml without its files."""
    settings = _put(document, CampaignSettings, "validation")
    for name in FILES:
        document["components"]["schemas"]["CampaignSettings"]["properties"].pop(name, None)
    files: Document = {name: {"type": "string", "format": "binary"} for name in FILES}
    schema = {"type": "object", "properties": files | {SETTINGS: settings}, "required": [FILES[0]]}
    post = document["paths"]["/campaigns"]["post"]
    post["requestBody"] = {"required": True, "content": {MULTIPART: {"schema": schema}}}


def with_keys(document: Document) -> Document:
    """Return the document of a server that requires API keys."""
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["components"]["securitySchemes"] = schemes
    document["security"] = [{name: []} for name in schemes]
    refused = {
        "description": DESCRIPTIONS[401],
        "content": {MEDIA_TYPE: {"schema": {"$ref": _STRUCT.format(name="Problem")}}},
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path in OPEN:
                operation["security"] = []
            else:
                operation["responses"]["401"] = deepcopy(refused)
    return document


def with_problems(document: Document) -> Document:
    """Return the document with an example of every problem; Litestar's own examples break the standard."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if problem := response.get("content", {}).get(MEDIA_TYPE):
                    problem["examples"] = {"problem": {"value": to_builtins(EXAMPLES[int(status)])}}
    return document


def _header(name: str, description: str) -> Document:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


def _body(content: Mapping[str, tuple[Document, object]]) -> Document:
    """Return a request body; `content` maps a content type to a schema and an example."""
    described = {
        kind: {"schema": schema, "examples": _example(example)} for kind, (schema, example) in content.items()
    }
    return {"required": True, "content": described}


def _example(value: object) -> Document:
    return {"of_this_run": {"value": value}}


def _put(
    document: Document, model: type[BaseModel], mode: Literal["validation", "serialization"]
) -> Document:
    """Put the schema of a model into the document; return a reference to it."""
    schema = model.model_json_schema(by_alias=True, ref_template=_REFERENCE, mode=mode)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components |= schema.pop("$defs", {}) | {schema["title"]: schema}
    return {"$ref": _REFERENCE.format(model=schema["title"])}
