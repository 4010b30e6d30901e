"""GET /run, /run/schema, /catalogue: which run answers, what it asks for, and with which plans."""

from typing import Annotated, Any, Literal

from litestar import MediaType, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta, Struct

from planrec.recommending.answer import CatalogueName

from ..openapi.problem_responses import problems
from ..served_run import ServedRun


class Run(Struct, frozen=True):
    """The run that answers."""

    run_id: str
    version: Annotated[str, Meta(description="Of PlanRec, when the run was trained.")]
    finished: Annotated[str, Meta(description="When it was trained, UTC.")]
    model: Annotated[str, Meta(examples=["lgbm"])]
    target: Annotated[str, Meta(examples=["best_bill"])]
    policy: Annotated[str, Meta(examples=["best_bill"])]
    takes: Annotated[
        Literal["attributes", "months"], Meta(description="One row of values, or months of usage.")
    ]
    window: Annotated[int, Meta(description="Months that are looked back at.")]
    horizon: Annotated[
        int, Meta(description="Months that bills are the mean of; 0 where nothing looks ahead.")
    ]
    plans: list[str]
    catalogue: CatalogueName | None
    data_fingerprint: Annotated[str, Meta(description="Hash of what it was trained on.")]


@get("/run", sync_to_thread=False, tags=["Run"], summary="Which run answers", responses=problems())
def run(state: State) -> Run:
    """The run, and how it decides."""
    served: ServedRun = state.served
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


@get("/run/schema", sync_to_thread=False, tags=["Run"], summary="What a request holds", responses=problems())
def run_schema(state: State) -> dict[str, Any]:
    """The JSON Schema of the body that POST /predict takes, and one body that it accepts."""
    served: ServedRun = state.served
    return {**served.request.model_json_schema(by_alias=True), "examples": [served.example]}


@get(
    "/catalogue",
    sync_to_thread=False,
    tags=["Run"],
    summary="The plans and their prices",
    responses={
        200: ResponseSpec(
            data_container=dict[str, Any], description="As in its file.", generate_examples=False
        ),
        **problems(404),
    },
)
def catalogue(state: State) -> Response[bytes]:
    """What every bill is computed from; its `sha256` stands in every answer."""
    served: ServedRun = state.served
    found = served.saved.recommender.catalogue
    if found is None:
        raise HTTPException(status_code=404, detail="this run has no catalogue")
    return Response(found.json_text.encode(), media_type=MediaType.JSON)
