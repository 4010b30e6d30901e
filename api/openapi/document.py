"""The OpenAPI document: Litestar's, with what only the run that is served knows put in."""

import json
from copy import deepcopy
from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin
from msgspec.json import schema_components
from pydantic import BaseModel

from planrec.catalogue import Catalogue
from planrec.recommending.answer import Answer, encoded
from planrec.recommending.answering import answers_of
from planrec.schema.request import read_request

from ..answer_requests import model_name
from ..middleware.api_keys import OPEN
from ..parsing.request_body import JSON, NDJSON
from ..problems import MEDIA_TYPE, Problem
from ..routes.about_run import Run
from ..routes.health import Health, Ready
from ..served_run import ServedRun
from ..settings import Limits
from .problem_responses import WHEN

_REFERENCE = "#/components/schemas/{model}"
_STRUCT = "#/components/schemas/{name}"
_ANSWERS = (Answer, Problem, Run, Health, Ready)
_LINES = (
    "One request a line; at most {batch_requests:,} lines and {batch_bytes:,} bytes together. One line of"
    " answer for each line that is not blank, in their order: a recommendation, or a problem."
)
_HEADERS = {
    "Idempotency-Key": "A POST that is sent again with it gets the first answer again.",
    "X-Request-ID": "Your name for the request, in the answer, in problems and in the log.",
    "Accept-Language": "Of the sentences: English, or Spanish where it weighs more.",
}
_TAGS = {
    "Advice": "Ask what to recommend.",
    "Run": "What answers: the model, what it asks for, the plans and prices.",
    "Server": "For load balancers and monitoring.",
}
_ABOUT = (
    "Which mobile plan suits a subscriber, what it would cost, and why. Errors are problem+json (RFC 9457):"
    " every mistake at once, each with a pointer to its place; programs compare `type`."
)


class RunJsonRenderPlugin(JsonRenderPlugin):
    """Renders the document for the run that answers now: Litestar makes its own part once."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        state = request.app.state
        document = document_of(openapi_schema, state.served, state.limits)
        return super().render(request, with_keys(document) if state.asks_for_keys else document)


def document_of(document: dict[str, Any], served: ServedRun, limits: Limits) -> dict[str, Any]:
    """A copy of the document with the run's requests, plans and one answer."""
    document = deepcopy(document)
    document["info"]["description"] = _ABOUT
    document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
    # Litestar leaves out what msgspec says of values that may be null.
    document["components"]["schemas"] |= schema_components(_ANSWERS, ref_template=_STRUCT)[1]
    for path in document["paths"].values():
        path.pop("head", None)
    example = served.example
    named = {"00000000-0000-4000-8000-000000000000": read_request(example)}
    [answer] = answers_of(served.saved.recommender, named, model_name(served))
    told = json.loads(encoded(answer))
    one, many = (document["paths"][path]["post"] for path in ("/predict", "/predict/batch"))
    for post in (one, many):
        post["parameters"] = [_header(name, said) for name, said in _HEADERS.items()]
        post["parameters"][0]["schema"]["pattern"] = "^[!-~]{1,255}$"
    asked = _put(document, served.request, "validation")
    one["requestBody"] = _body({JSON: (asked, example)})
    one["responses"]["200"]["content"][JSON]["examples"] = _example(told)
    batch = {"type": "array", "items": asked, "minItems": 1, "maxItems": limits.batch_requests}
    # Of no type: a line that is wrong becomes a line of the answer, so nothing that is sent breaks it.
    lines = {"description": _LINES.format(**limits.model_dump())}
    many["requestBody"] = _body({JSON: (batch, [example]), NDJSON: (lines, json.dumps(example) + "\n")})
    answers = many["responses"]["200"]["content"]
    answers[JSON]["examples"] = _example([told])
    answers[NDJSON] = {"schema": lines, "examples": _example(encoded(answer).decode() + "\n")}
    plans = document["paths"]["/catalogue"]["get"]["responses"]["200"]["content"][JSON]
    plans["schema"] = _put(document, Catalogue, "serialization")
    return document


def with_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a server that asks for keys."""
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["components"]["securitySchemes"] = schemes
    document["security"] = [{name: []} for name in schemes]
    refused = {
        "description": WHEN[401],
        "content": {MEDIA_TYPE: {"schema": {"$ref": _STRUCT.format(name="Problem")}}},
    }
    for path, methods in document["paths"].items():
        for told in methods.values():
            if path in OPEN:
                told["security"] = []
            else:
                told["responses"]["401"] = refused
    return document


def _header(name: str, said: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": said,
        "schema": {"type": "string"},
    }


def _body(content: dict[str, tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """A request body: content type -> schema and example."""
    described = {
        kind: {"schema": schema, "examples": _example(example)} for kind, (schema, example) in content.items()
    }
    return {"required": True, "content": described}


def _example(value: Any) -> dict[str, Any]:
    return {"of_this_run": {"value": value}}


def _put(document: dict[str, Any], model: type[BaseModel], mode: Any) -> dict[str, Any]:
    """Put the schema of a model into the document; return a reference to it."""
    schema = model.model_json_schema(by_alias=True, ref_template=_REFERENCE, mode=mode)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components |= schema.pop("$defs", {}) | {schema["title"]: schema}
    return {"$ref": _REFERENCE.format(model=schema["title"])}
