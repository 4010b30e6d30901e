"""GET /run, /run/schema, /catalogue: the run that answers, the fields of its requests, and its plans."""

from typing import Annotated, Any, Literal

from litestar import MediaType, Response, get
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta, Struct

from planrec.recommending.answer import CatalogueName

from ..openapi.problem_responses import problem_responses
from ..state import ServerState


class Run(Struct, frozen=True):
    """The run that answers."""

    run_id: str
    version: Annotated[str, Meta(description="PlanRec version that trained the run.")]
    finished: Annotated[str, Meta(description="Time at which it was trained, UTC.")]
    model: Annotated[str, Meta(examples=["lgbm"])]
    target: Annotated[str, Meta(examples=["best_bill"])]
    policy: Annotated[str, Meta(examples=["best_bill"])]
    takes: Annotated[
        Literal["attributes", "months"], Meta(description="One row of values, or months of usage.")
    ]
    window: Annotated[int, Meta(description="Months before the decision that the run reads.")]
    horizon: Annotated[
        int, Meta(description="Months that bills are averaged over; 0 if the run does not look ahead.")
    ]
    plans: list[str]
    catalogue: CatalogueName | None
    data_fingerprint: Annotated[str, Meta(description="Hash of the training data.")]


@get(
    "/run",
    sync_to_thread=False,
    tags=["Run"],
    summary="Get the run that answers",
    responses=problem_responses(),
)
def run(state: ServerState) -> Run:
    """Return the run, its model and its policy."""
    served = state.run
    manifest, config = served.saved.manifest, served.saved.config
    recommender = served.saved.recommender
    catalogue = recommender.catalogue
    return Run(
        run_id=served.saved.run_id,
        version=manifest.versions["planrec"],
        finished=manifest.finished,
        model=config.model.kind,
        target=config.target.kind,
        policy=config.policy.kind,
        takes=recommender.inputs.takes,
        window=recommender.inputs.window,
        horizon=recommender.horizon,
        plans=list(recommender.plans),
        catalogue=None if catalogue is None else CatalogueName.of(catalogue),
        data_fingerprint=manifest.data_fingerprint,
    )


@get(
    "/run/schema",
    sync_to_thread=False,
    tags=["Run"],
    summary="Get the schema of a request",
    responses=problem_responses(),
)
def run_schema(state: ServerState) -> dict[str, Any]:
    """Return the JSON Schema of the body of POST /predict, and an example."""
    served = state.run
    return {**served.request_model.model_json_schema(by_alias=True), "examples": [served.example]}


@get(
    "/catalogue",
    sync_to_thread=False,
    tags=["Run"],
    summary="Get the plans and their prices",
    responses={
        200: ResponseSpec(
            data_container=dict[str, Any], description="As in the catalogue's file.", generate_examples=False
        ),
        **problem_responses(404),
    },
)
def catalogue(state: ServerState) -> Response[bytes]:
    """Return the catalogue that all bills are computed from; every answer contains its `sha256`."""
    found = state.run.saved.recommender.catalogue
    if found is None:
        raise HTTPException(status_code=404, detail="this run has no catalogue")
    return Response(found.json_text.encode(), media_type=MediaType.JSON)
