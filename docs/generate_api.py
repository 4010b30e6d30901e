"""The page about the API that is made from its code: endpoints, what answers say, problem types, limits."""

from typing import Any

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from msgspec.json import schema_components

from api.batch_bodies import MAX_ERRORS
from api.bodies import MAX_UNKNOWN
from api.described import WHEN, WHEN_OWN
from api.problems import OWN_TYPES, TYPES, Problem
from api.requests import MAX_ITEMS, MAX_TEXT
from api.routes import routes
from api.routes.about_run import Run
from api.settings import Limits
from planrec.answers import Answer
from planrec.menu import NOT_OFFERED
from planrec.policy.reason_sentences import SENTENCES


def api_page() -> str:
    """Markdown."""
    limits = Limits()
    lines = [
        "# The API",
        "",
        "Generated from `api/` by `just docs`; [ask the API](../how-to/ask-the-api.md) has examples. Fields"
        " of a request depend on the run: `GET /run/schema` and the page at `/docs` of a running server have"
        " them.",
        "",
        "## Endpoints",
        "",
        "| | | statuses |",
        "|---|---|---|",
        *_endpoints(),
        "",
        "## Answers",
        "",
        "Money is a decimal string in `currency`, per month; null is what nobody can know.",
        *_structs(Answer),
        "",
        "`not_offered.code` is one of:",
        "",
        *(f"* `{code}`: {meaning}" for code, meaning in NOT_OFFERED.items()),
        "",
        "`reason` of an answer, and `code` of an item's reasons, is one of: "
        + ", ".join(f"`{code}`" for code in SENTENCES)
        + ".",
        "",
        "## The run",
        *_structs(Run, known=("CatalogueName",)),
        "",
        "## Problems",
        "",
        "Every error is `application/problem+json` (RFC 9457). Programs compare `type`, which stays as it is;"
        " `detail` is for people and may be reworded.",
        "",
        "| status | `type` | when |",
        "|---|---|---|",
        *(f"| {status} | `{name}` | {WHEN[status]} |" for status, name in TYPES.items()),
        *(f"| {status} | `{name}` | {WHEN_OWN[name]} |" for name, status in OWN_TYPES.items()),
        *_structs(Problem),
        "",
        "## Limits",
        "",
        "Those with a name are [settings](../how-to/serve-and-roll-back.md#settings) of the server.",
        "",
        f"* A body of `POST /predict`, and a request of a batch: {limits.body_bytes:,} bytes"
        f" (`limits.body_bytes`); a batch: {limits.batch_bytes:,} bytes (`limits.batch_bytes`).",
        f"* A batch: {limits.batch_requests:,} requests (`limits.batch_requests`), as a JSON list or as lines"
        " (413 where there are more lines).",
        f"* Keys that no request has: {MAX_UNKNOWN:,} in a request; more are counted, not listed.",
        f"* Values of a JSON list that cannot be accepted: {MAX_ERRORS:,} are listed, the first ones.",
        f"* A request must arrive within {limits.seconds} s (`limits.seconds`).",
        f"* Months of a request: {limits.months} (`limits.months`); a text: {MAX_TEXT:,} characters; `top_k`:"
        f" {MAX_ITEMS:,}; `exclude`: as many entries as there are plans.",
    ]
    return "\n".join(lines) + "\n"


def _endpoints() -> list[str]:
    """One line each, as the OpenAPI document of an app with these routes has them."""
    config = OpenAPIConfig(title="PlanRec", version="0", use_handler_docstrings=True)
    # Litestar's own logging would stay installed, and write to the stream that the caller has now.
    app = Litestar(routes(Limits()), openapi_config=config, logging_config=None)
    paths = app.openapi_schema.to_schema()["paths"]
    return [
        f"| `{method.upper()} {path}` | {told['summary']}. {' '.join(told.get('description', '').split())} |"
        f" {', '.join(told['responses'])} |"
        for path, methods in paths.items()
        for method, told in methods.items()
        if method != "head"
    ]


def _structs(root: type, known: tuple[str, ...] = ()) -> list[str]:
    """A table for each struct that this one holds, itself first; those that are known are left out."""
    _, components = schema_components([root], ref_template="{name}")
    names = [root.__name__, *(name for name in components if name != root.__name__)]
    lines: list[str] = []
    for name in names:
        if name not in known:
            lines += ["", f"### {name}", "", components[name].get("description", ""), ""]
            lines += ["| field | type | meaning |", "|---|---|---|"]
            lines += [
                f"| `{field}` | {_type_of(schema)} | {_meaning(schema)} |"
                for field, schema in components[name]["properties"].items()
            ]
    return lines


def _type_of(schema: dict[str, Any]) -> str:
    """A few words for a JSON Schema."""
    if "anyOf" in schema:
        return " or ".join(_type_of(choice) for choice in schema["anyOf"])
    if "$ref" in schema:
        return f"[{schema['$ref']}](#{schema['$ref'].lower()})"
    if "enum" in schema:
        return " \\| ".join("null" if value is None else f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type_of(schema['items'])}"
    return str(schema["type"])


def _meaning(schema: dict[str, Any]) -> str:
    return str(schema.get("description", "")).replace("|", "\\|")
