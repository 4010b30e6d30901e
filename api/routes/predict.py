"""POST /predict: one recommendation for one subscriber."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import numpy as np
from litestar import Request, post
from litestar.exceptions import HTTPException
from pydantic import BaseModel

from api.requests import plain_request
from api.served import ServedRun
from planrec.policy import Language, Reason
from planrec.recommender import savings
from planrec.schema import Decisions, DecisionTable, Prediction


class ItemReason(BaseModel):
    code: str
    value: str
    "Decimal number that the sentence is about."
    unit: str
    sentence: str
    "Made of the subscriber's own numbers, in English, or in Spanish where Accept-Language asks for it."


class Item(BaseModel):
    rank: int
    plan_id: str
    probability: float
    "Of being the best choice, in [0, 1]."
    expected_bill: str | None
    "Mean monthly bill at past usage, in `currency`; null where the run knows no bills."
    expected_saving: str | None
    "Against the plan held, a month, switching costs spread over the months looked ahead; may be negative."
    reasons: list[ItemReason]
    "What the months given say about this plan; none where the run knows no bills."


class ModelName(BaseModel):
    run_id: str
    version: str


class Recommendation(BaseModel):
    as_of: str | None
    "First day after the last month given; null for runs that take single rows."
    decision: str
    "recommend | stay | abstain"
    reason: str
    sentence: str
    "The reason in words."
    currency: str | None
    bill_basis: Literal["exact", "approximate"] | None
    "Whether the usage given rates to the cent; null where the run knows no bills."
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
    language: Language = "es" if request.headers.get("accept-language", "").startswith("es") else "en"
    return _answer(served, table, prediction, decisions, language)


def _answer(
    served: ServedRun,
    table: DecisionTable,
    prediction: Prediction,
    decisions: Decisions,
    language: Language,
) -> Recommendation:
    recommender = served.saved.recommender
    catalogue = recommender.catalogue
    has_bills = catalogue is not None and prediction.bill_mean is not None
    ranked = [int(plan) for plan in decisions.ranking[0] if table.menu[0, plan]]
    reasons = recommender.reasons(table, language)
    return Recommendation(
        as_of=None if table.as_of is None else str(table.as_of[0]),
        decision=decisions.decision[0],
        reason=decisions.reason[0],
        sentence=reasons.of_decisions(decisions)[0],
        currency=catalogue.currency if catalogue is not None and has_bills else None,
        bill_basis=recommender.bill_basis(table) if has_bills else None,
        items=[
            _item(rank, plan, table, prediction, reasons.of_plan(0, plan))
            for rank, plan in enumerate(ranked, start=1)
        ],
        model=ModelName(run_id=served.saved.run_id, version=served.saved.manifest["versions"]["planrec"]),
    )


def _item(rank: int, plan: int, table: DecisionTable, prediction: Prediction, reasons: list[Reason]) -> Item:
    saving = savings(table, prediction)
    return Item(
        rank=rank,
        plan_id=table.plans[plan],
        probability=prediction.probability[0, plan],
        expected_bill=_money(None if prediction.bill_mean is None else prediction.bill_mean[0, plan], table),
        expected_saving=_money(None if saving is None else saving[0, plan], table),
        reasons=[
            ItemReason(code=reason.code, value=str(reason.value), unit=reason.unit, sentence=reason.sentence)
            for reason in reasons
        ],
    )


def _money(amount: float | None, table: DecisionTable) -> str | None:
    """A decimal string with the currency's decimals; null where it is not known."""
    if amount is None or np.isnan(amount):
        return None
    # A mean of minor units is exact to far more than 9 decimals; rounding it first undoes binary fractions.
    exact = Decimal(str(round(float(amount), 9)))
    return str(exact.quantize(Decimal(1) / table.minor_units, ROUND_HALF_UP))
