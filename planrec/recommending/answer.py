"""What an answer says: its fields, in the order in which they are written.

Money is a decimal string in `currency`, a month unless said otherwise; null is what nobody can know. Structs
of msgspec, not Pydantic models: docs/decisions.md has the figures. None can hold itself, hence `gc=False`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from planrec.catalogue import Catalogue
from planrec.policy import MoneyText, Reason

Share = Annotated[float, Meta(ge=0, le=1)]


class Item(Struct, frozen=True, gc=False):
    """One plan of the menu."""

    rank: Annotated[int, Meta(ge=1)]
    plan_id: str
    probability: Annotated[Share, Meta(description="Of being the best choice.")]
    expected_bill: Annotated[MoneyText | None, Meta(description="Null where the run knows no bills.")]
    bill_p10: Annotated[
        MoneyText | None,
        Meta(description="The bill is lower in 1 of 10 cases; null unless the model forecasts."),
    ]
    bill_p90: Annotated[MoneyText | None, Meta(description="The bill is higher in 1 of 10 cases.")]
    expected_saving: Annotated[
        MoneyText | None,
        Meta(
            description="Against the plan held, the cost of changing spread over the months looked ahead; may"
            " be negative. Null where the plan held is not known."
        ),
    ]
    saving_p10: MoneyText | None
    saving_p50: MoneyText | None
    saving_p90: MoneyText | None
    prob_cheaper: Annotated[Share | None, Meta(description="That the plan costs less than the plan held.")]
    reasons: Annotated[list[Reason], Meta(description="Empty where the run knows no bills.")]


class Current(Struct, frozen=True, gc=False):
    """The plan held."""

    plan_id: str
    expected_bill: Annotated[
        MoneyText | None,
        Meta(
            description="Mean of the months looked ahead. A model that forecasts bills may expect"
            " another usage than that of the last months, which sentences speak of."
        ),
    ]
    bill_p10: MoneyText | None
    bill_p90: MoneyText | None


class NotOffered(Struct, frozen=True, gc=False):
    """A plan that could not be recommended, and why."""

    plan_id: str
    code: Literal["excluded", "not_sellable", "not_valid", "not_eligible"]


class UsageBasis(Struct, frozen=True, gc=False):
    """What the answer knows of the subscriber's usage."""

    months_used: Annotated[int, Meta(ge=0, description="Months of the window that are known.")]
    window: Annotated[int, Meta(ge=1, description="Months that are looked back at.")]
    whose: Annotated[
        Literal["subscriber", "population"],
        Meta(description="population: no month is known, so the usage expected is that of all subscribers."),
    ]
    mean_month: Annotated[
        dict[str, float] | None, Meta(description="Mean of the months used; null without any.")
    ]


class ModelName(Struct, frozen=True, gc=False):
    """The run that answered."""

    run_id: str
    version: Annotated[str, Meta(description="Of PlanRec, when the run was trained.")]


class CatalogueName(Struct, frozen=True, gc=False):
    """The plans and prices that the answer was computed with."""

    id: str
    version: str
    sha256: str

    @classmethod
    def of(cls, catalogue: Catalogue) -> "CatalogueName":
        """The name of this version."""
        return cls(catalogue.catalogue_id, catalogue.version, catalogue.sha256)


class Answer(Struct, frozen=True, gc=False):
    """One recommendation."""

    recommendation_id: str
    as_of: Annotated[
        str | None, Meta(description="When the advice holds; null for runs that take single rows.")
    ]
    currency: Annotated[str | None, Meta(description="ISO 4217; null where the run knows no bills.")]
    usage_basis: Annotated[UsageBasis | None, Meta(description="Null where the run takes no usage.")]
    bill_basis: Annotated[
        Literal["exact", "approximate"] | None,
        Meta(description="Whether the usage given rates to the cent; null where the run knows no bills."),
    ]
    current: Annotated[Current | None, Meta(description="Null where the plan held is not known.")]
    decision: Literal["recommend", "stay", "abstain"]
    reason: Annotated[str, Meta(description="Reason code of the decision.")]
    sentence: Annotated[str, Meta(description="The decision in words.")]
    items: Annotated[list[Item], Meta(description="The plans of the menu, the advice first.")]
    not_offered: list[NotOffered]
    model: ModelName
    catalogue: Annotated[CatalogueName | None, Meta(description="Null where the run has no catalogue.")]


_ENCODER = msgspec.json.Encoder()


def encoded(answer: Answer) -> bytes:
    """The answer as JSON: equal answers, equal bytes."""
    return _ENCODER.encode(answer)
