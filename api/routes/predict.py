"""POST /predict: one recommendation for one subscriber."""

from typing import Any

from litestar import Request, post
from litestar.exceptions import HTTPException
from pydantic import BaseModel

from api.requests import plain_request
from api.served import ServedRun
from planrec.schema import Decisions, DecisionTable, Prediction


class Item(BaseModel):
    rank: int
    plan_id: str
    probability: float
    "Of being the best choice, in [0, 1]."


class ModelName(BaseModel):
    run_id: str
    version: str


class Recommendation(BaseModel):
    as_of: str | None
    "First day after the last month given; null for runs that take single rows."
    decision: str
    "recommend | stay | abstain"
    reason: str
    items: list[Item]
    "Best first."
    model: ModelName


@post("/predict", status_code=200)
async def predict(request: Request[Any, Any, Any]) -> Recommendation:
    """Recommend a plan; GET /run/schema describes the body."""
    served: ServedRun = request.app.state.served
    if (request.content_type[0] or "").lower() != "application/json":
        raise HTTPException(status_code=415, detail="the content type must be application/json")
    asked = served.request.model_validate_json(await request.body())
    recommender = served.saved.recommender
    table = recommender.table([plain_request(asked)])
    prediction, decisions = recommender.recommend(table)
    return _answer(served, table, prediction, decisions)


def _answer(
    served: ServedRun, table: DecisionTable, prediction: Prediction, decisions: Decisions
) -> Recommendation:
    ranked = [plan for plan in decisions.ranking[0] if table.menu[0, plan]]
    return Recommendation(
        as_of=None if table.as_of is None else str(table.as_of[0]),
        decision=decisions.decision[0],
        reason=decisions.reason[0],
        items=[
            Item(rank=rank, plan_id=table.plans[plan], probability=prediction.probability[0, plan])
            for rank, plan in enumerate(ranked, start=1)
        ],
        model=ModelName(run_id=served.saved.run_id, version=served.saved.manifest["versions"]["planrec"]),
    )
