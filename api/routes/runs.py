"""GET /runs and below: the runs and sweeps in the folder of runs, their reports, and comparisons."""

from typing import Annotated

from litestar import MediaType, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from planrec.reports.comparison.comparison_facts import ComparedRuns
from planrec.reports.run_list.run_detail import RunDetail
from planrec.reports.run_list.run_row import RunRow, SweepRow, UnreadableRun

from ..openapi.problem_responses import problem_responses
from ..run_library import MadePage
from ..state import ServerState

MOST_ROWS = 200
MOST_TEXT = 200
MOST_PROBLEMS = 50
"Folders that cannot be read, in one answer."
OF_RUN = "^[0-9a-f]{8,64}$"
RunId = Annotated[str, PathParameter(description="`id` of a run, or its whole SHA-256.", pattern=OF_RUN)]
RunIdInQuery = Annotated[str, QueryParameter(description="`id` of a run.", pattern=OF_RUN)]
PAGE = ResponseSpec(
    data_container=str, media_type=MediaType.HTML, description="A page.", generate_examples=False
)


class RunPage(Struct, frozen=True):
    """Some of the runs, and all sweeps."""

    runs: Annotated[list[RunRow], Meta(description="The newest first.")]
    total: Annotated[int, Meta(description="Runs that match.")]
    offset: int
    pinned: Annotated[RunRow | None, Meta(description="The pinned run, also if it does not match.")]
    sweeps: Annotated[list[SweepRow], Meta(description="The newest first.")]
    unreadable: Annotated[
        list[UnreadableRun], Meta(description=f"Folders without a complete run, at most {MOST_PROBLEMS}.")
    ]


@get("/runs", sync_to_thread=True, tags=["Runs"], summary="List the runs", responses=problem_responses(400))
def runs(
    state: ServerState,
    offset: Annotated[int, QueryParameter(ge=0, le=1_000_000, description="Runs to skip.")] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="Runs to return.")] = 50,
    text: Annotated[
        str,
        QueryParameter(max_length=MOST_TEXT, description="Words that a run must have in its values."),
    ] = "",
    sweep: Annotated[
        str, QueryParameter(max_length=MOST_TEXT, description="Folder of a sweep: only its runs.")
    ] = "",
) -> RunPage:
    """Return the runs of the folder that the server serves from, each with its verdict."""
    found, rows = state.run_library.listing()
    words = text.lower().split()
    wanted = [row for row in rows if (not sweep or sweep in row.sweeps) and _has_all(row, words)]
    return RunPage(
        runs=wanted[offset : offset + limit],
        total=len(wanted),
        offset=offset,
        pinned=next((row for row in rows if row.is_pinned), None),
        sweeps=list(found.sweeps),
        unreadable=list(found.unreadable[:MOST_PROBLEMS]),
    )


def _has_all(row: RunRow, words: list[str]) -> bool:
    """Return whether each word occurs in a value of the row that people search for."""
    values = (
        row.run_id,
        row.folder,
        row.model,
        row.target,
        row.policy,
        row.data,
        row.cv,
        row.catalogue or "",
    )
    content = " ".join([*values, *row.sweeps]).lower()
    return all(word in content for word in words)


@get(
    "/runs/compare",
    sync_to_thread=True,
    tags=["Runs"],
    summary="Compare two runs",
    responses=problem_responses(400, 404, 409),
)
def compare_runs(state: ServerState, a: RunIdInQuery, b: RunIdInQuery) -> ComparedRuns:
    """Return the differences of two runs in configuration, metrics and segments, as `planrec compare`."""
    return state.run_library.compared(a, b)


@get(
    "/runs/{run_id:str}",
    sync_to_thread=True,
    tags=["Runs"],
    summary="Get a run with all of its figures",
    responses=problem_responses(400, 404, 409),
)
def run_detail(state: ServerState, run_id: RunId) -> RunDetail:
    """Return what run.json has about a run, and the paths of its report and its card."""
    return state.run_library.detail(run_id)


@get(
    "/runs/{run_id:str}/report",
    sync_to_thread=True,
    tags=["Runs"],
    summary="Get the report of a run",
    responses={200: PAGE, **problem_responses(400, 404, 409)},
)
def run_report(state: ServerState, run_id: RunId) -> Response[bytes]:
    """Return the page that `planrec report` writes. It takes seconds the first time."""
    return _html(state.run_library.report(run_id))


@get(
    "/runs/{run_id:str}/card",
    sync_to_thread=True,
    tags=["Runs"],
    summary="Get the model card of a run",
    responses={200: PAGE, **problem_responses(400, 404, 409)},
)
def run_card(state: ServerState, run_id: RunId) -> Response[bytes]:
    """Return the card that `planrec card model` prints, as a page."""
    return _html(state.run_library.card(run_id))


def _html(page: MadePage) -> Response[bytes]:
    headers = {"content-security-policy": page.policy}
    return Response(page.content, media_type=MediaType.HTML, headers=headers)


RUN_ROUTES = [runs, compare_runs, run_detail, run_report, run_card]
