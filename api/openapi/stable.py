"""The document for generators of clients, which is the same for all runs with the same columns."""

from dataclasses import replace
from importlib.metadata import version

from litestar.openapi.plugins import JsonRenderPlugin

from ..http_request import HttpRequest
from ..parsing.request_body import JSON, NDJSON
from ..parsing.request_model import request_model
from ..served_run import ServedRun
from ..settings import Limits
from ..state import state_of
from .document import PREDICTIONS, Document, document_of, with_keys, with_problems

PATH = "/openapi-stable.json"


class StableJsonRenderPlugin(JsonRenderPlugin):
    """Renders the document for generators of clients."""

    def __init__(self) -> None:
        super().__init__(path=PATH)

    def render(self, request: HttpRequest, openapi_schema: Document) -> bytes:
        """Return the document as JSON."""
        state = state_of(request.app)
        return super().render(request, stable_document(openapi_schema, state.run, state.limits))


def stable_document(document: Document, served: ServedRun, limits: Limits) -> Document:
    """Return the document of a run without its plans and examples.

    Plans are plain texts, so a client still works when a run with other plans is pinned. API keys are always
    described: a server without keys ignores them. A batch is a JSON list only, because generators skip
    endpoints whose body has a type that they do not know.
    """
    model = request_model(served.saved.recommender, limits, names_plans=False)
    stable = with_problems(with_keys(document_of(document, replace(served, request_model=model), limits)))
    stable["info"]["version"] = version("planrec")
    for path in PREDICTIONS:
        post = stable["paths"][path]["post"]
        for content in (post["requestBody"]["content"], post["responses"]["200"]["content"]):
            content.pop(NDJSON, None)
            del content[JSON]["examples"]
    return stable
