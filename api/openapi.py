"""The OpenAPI document: Litestar's, with the request of the run that is served put in."""

from copy import deepcopy
from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from api.served import ServedRun

_REFERENCE = "#/components/schemas/{model}"


class RunJsonRenderPlugin(JsonRenderPlugin):
    """Renders the document for the run that answers now: Litestar makes its own part once."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        return super().render(request, with_request(openapi_schema, request.app.state.served))


def with_request(document: dict[str, Any], served: ServedRun) -> dict[str, Any]:
    """A copy of the document in which POST /predict has its request body."""
    document = deepcopy(document)
    schema = served.request.model_json_schema(by_alias=True, ref_template=_REFERENCE)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components |= schema.pop("$defs", {}) | {schema["title"]: schema}
    document["paths"]["/predict"]["post"]["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _REFERENCE.format(model=schema["title"])},
                "examples": {"of_this_run": {"value": served.example}},
            }
        },
    }
    return document
