"""The page about the API, generated from its code: endpoints, answers, problem types, limits."""

from typing import Any

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from msgspec.json import schema_components

from api.decision_reading import FoundAdvice, ReplayedAdvice
from api.openapi.problem_responses import DESCRIPTIONS, OWN_DESCRIPTIONS
from api.operate.operating_facts import OperatingFacts
from api.parsing.batch_body import MAX_ERRORS
from api.parsing.request_body import MAX_UNKNOWN
from api.parsing.request_model import MAX_ITEMS, MAX_TEXT
from api.problems import OWN_TYPES, TYPES, Problem
from api.routes import routes
from api.routes.about_run import Run
from api.routes.runs import RunPage
from api.settings import CampaignLimits, Limits
from planrec.catalogue.menu import NOT_OFFERED
from planrec.recommending.answer import Answer
from planrec.reports.comparison.comparison_facts import ComparedRuns
from planrec.reports.run_list.run_detail import RunDetail
from planrec.sentences.decision_sentences import SENTENCES as DECISION_SENTENCES
from planrec.sentences.reason_sentences import SENTENCES


def api_page() -> str:
    """Return the page as Markdown."""
    limits = Limits()
    lines = [
        "# The API",
        "",
        "Generated from `api/` by `just docs`. [Ask the API](../how-to/ask-the-api.md) has examples. The"
        " fields of a request depend on the run. To see them, open `GET /run/schema` or the page `/docs` of a"
        " running server.",
        "",
        "## Endpoints",
        "",
        "| endpoint | meaning | statuses |",
        "|---|---|---|",
        *_endpoints(),
        "",
        "## Answers",
        "",
        "Money is a decimal string in `currency`, per month. A value is null if it cannot be known.",
        *_structs(Answer),
        "",
        "`not_offered.code` has one of these values:",
        "",
        *(f"* `{code}`: {meaning}" for code, meaning in NOT_OFFERED.items()),
        "",
        "`reason` of an answer has one of these values; another policy may have others:",
        "",
        *(
            f"* `{decision}`: "
            + ", ".join(f"`{code}`" for code in texts if code and code != "nothing_better_left")
            + "."
            for decision, texts in DECISION_SENTENCES.items()
        ),
        "",
        "`code` of an item's reasons has one of these values: "
        + ", ".join(f"`{code}`" for code in SENTENCES)
        + ".",
        "",
        "## The run",
        *_structs(Run, known=("CatalogueName",)),
        "",
        "## Runs",
        "",
        "The server reads them again when the folder of runs changes, and writes nothing.",
        *_structs(RunPage),
        *_structs(RunDetail, known=(*_names(RunPage), "RunPage")),
        *_structs(ComparedRuns),
        "",
        "## Logged answers",
        "",
        "A server without API keys refuses them (403). The decision log records every reading.",
        *_structs(FoundAdvice, known=_names(Answer)),
        *_structs(ReplayedAdvice, known=(*_names(Answer), *_names(FoundAdvice))),
        "",
        "## The state of the server",
        *_structs(OperatingFacts, known=("CatalogueName",)),
        "",
        "## Problems",
        "",
        "Every error is `application/problem+json` (RFC 9457). Compare `type` in programs: it is stable."
        " `detail` is for people and may be reworded.",
        "",
        "| status | `type` | when |",
        "|---|---|---|",
        *(f"| {status} | `{name}` | {DESCRIPTIONS[status]} |" for status, name in TYPES.items()),
        *(f"| {status} | `{name}` | {OWN_DESCRIPTIONS[name]} |" for name, status in OWN_TYPES.items()),
        *_structs(Problem),
        "",
        "## Limits",
        "",
        "Limits with a name are [settings](../how-to/serve-and-roll-back.md#settings) of the server.",
        "",
        f"* A body of `POST /predict`, or one request of a batch: at most {limits.body_bytes:,} bytes"
        f" (`limits.body_bytes`). A batch: at most {limits.batch_bytes:,} bytes (`limits.batch_bytes`).",
        f"* A batch, as a JSON list or as lines: at most {limits.batch_requests:,} requests"
        " (`limits.batch_requests`). More lines get a 413.",
        f"* Unknown keys: up to {MAX_UNKNOWN:,} per request are listed; if there are more, they are counted.",
        f"* Mistakes in a JSON list: the first {MAX_ERRORS:,} are listed.",
        f"* A request must arrive within {limits.seconds} s (`limits.seconds`).",
        f"* Months of a request: at most {limits.months} (`limits.months`). A text: at most {MAX_TEXT:,}"
        f" characters. `top_k`: at most {MAX_ITEMS:,}. `exclude`: at most one entry per plan.",
    ]
    return "\n".join(lines) + "\n"


def _endpoints() -> list[str]:
    """Return one line per endpoint, read from the OpenAPI document of an app with these routes."""
    config = OpenAPIConfig(title="PlanRec", version="0", use_handler_docstrings=True)
    # Litestar's own logging would stay installed and write to the caller's current stream.
    app = Litestar(routes(Limits(), CampaignLimits()), openapi_config=config, logging_config=None)
    paths = app.openapi_schema.to_schema()["paths"]
    return [
        f"| `{method.upper()} {path}` | {doc['summary']}. {' '.join(doc.get('description', '').split())} |"
        f" {', '.join(doc['responses'])} |"
        for path, methods in paths.items()
        for method, doc in methods.items()
        if method != "head"
    ]


def _structs(root: type, known: tuple[str, ...] = ()) -> list[str]:
    """Return a table for this struct and one for each struct inside it, except the known ones."""
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


def _names(root: type) -> tuple[str, ...]:
    """Return the names of the structs that this struct consists of, itself included."""
    return tuple(schema_components([root])[1])


def _type_of(schema: dict[str, Any]) -> str:
    """Return a short text for the type in a JSON Schema."""
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
