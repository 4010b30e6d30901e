"""The fields of an answer, in the order in which they are written.

Money is a decimal string in `currency`, per month unless stated otherwise; null is an unknown value. The
structs come from msgspec and not from Pydantic: docs/decisions.md has the figures. None of them can contain
itself, so they are created with `gc=False`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from planrec.catalogue import Catalogue
from planrec.schema.columns import USAGE_COVERS
from planrec.sentences import MoneyText, Reason

Share = Annotated[float, Meta(ge=0, le=1)]
DecisionCode = Literal["recommend", "stay", "abstain"]
Assumption = Literal["commitment_unknown", "unseen_value", "far_outside_training", "value_missing"]
ASSUMPTIONS: tuple[Assumption, ...] = (
    "commitment_unknown",
    "unseen_value",
    "far_outside_training",
    "value_missing",
)
"In the order of an answer; the last three are `planrec.input_drift.NOTICES`."


class Item(Struct, frozen=True, gc=False):
    """One plan of the menu."""

    rank: Annotated[
        int,
        Meta(
            ge=1, description="1: the plan advised, or the plan held if the decision is `stay`; see `items`."
        ),
    ]
    plan_id: str
    probability: Annotated[Share, Meta(description="Probability of being the best choice.")]
    expected_bill: Annotated[MoneyText | None, Meta(description="Null if the run computes no bills.")]
    fee: Annotated[
        MoneyText | None,
        Meta(description="Part of `expected_bill` that is due for any usage; `extras` is the rest."),
    ]
    extras: Annotated[
        MoneyText | None,
        Meta(description="Part of `expected_bill` for usage above the allowances: the bill minus `fee`."),
    ]
    bill_p10: Annotated[
        MoneyText | None,
        Meta(description="The bill is lower in 1 of 10 cases; null unless the model forecasts bills."),
    ]
    bill_p90: Annotated[MoneyText | None, Meta(description="The bill is higher in 1 of 10 cases.")]
    expected_saving: Annotated[
        MoneyText | None,
        Meta(
            description="Saving against the plan held, with the cost of changing spread over the horizon; may"
            " be negative. Null if the plan held is unknown."
        ),
    ]
    saving_p10: MoneyText | None
    saving_p50: MoneyText | None
    saving_p90: MoneyText | None
    prob_cheaper: Annotated[Share | None, Meta(description="Probability of costing less than the plan held.")]
    reasons: Annotated[list[Reason], Meta(description="Empty if the run computes no bills.")]


class Current(Struct, frozen=True, gc=False):
    """The plan held."""

    plan_id: str
    expected_bill: Annotated[
        MoneyText | None,
        Meta(
            description="Mean over the months of the horizon. A model that forecasts bills may expect other"
            " usage than that of the last months, which the reasons of the items describe."
        ),
    ]
    fee: Annotated[MoneyText | None, Meta(description="As in an item.")]
    extras: Annotated[MoneyText | None, Meta(description="As in an item.")]
    bill_p10: MoneyText | None
    bill_p90: MoneyText | None


class NotOffered(Struct, frozen=True, gc=False):
    """A plan that could not be recommended, and the reason."""

    plan_id: str
    code: Literal["excluded", "not_sellable", "not_valid", "not_eligible", "commitment_too_long"]


class UsageBasis(Struct, frozen=True, gc=False):
    """The usage that the answer is based on."""

    months_used: Annotated[int, Meta(ge=0, description="Known months in the window.")]
    window: Annotated[int, Meta(ge=1, description="Months before the decision that the run reads.")]
    whose: Annotated[
        Literal["subscriber", "population"],
        Meta(description="population: no month is known, so the usage of all subscribers is expected."),
    ]
    mean_month: Annotated[
        dict[str, float] | None, Meta(description="Mean of the months used; null if there are none.")
    ]
    covers: Annotated[
        Literal["domestic_chargeable"],
        Meta(description=f"The usage that is rated. The months must hold only {USAGE_COVERS}."),
    ]


class ModelName(Struct, frozen=True, gc=False):
    """The run that answered."""

    run_id: str
    version: Annotated[str, Meta(description="PlanRec version that trained the run.")]


class CatalogueName(Struct, frozen=True, gc=False):
    """The plans and prices that the answer was computed from."""

    id: str
    version: str
    sha256: str

    @classmethod
    def of(cls, catalogue: Catalogue) -> "CatalogueName":
        """Return the name of this version."""
        return cls(catalogue.catalogue_id, catalogue.version, catalogue.sha256)


class Answer(Struct, frozen=True, gc=False):
    """One recommendation."""

    recommendation_id: str
    as_of: Annotated[str | None, Meta(description="Day of the decision; null if the run takes single rows.")]
    currency: Annotated[str | None, Meta(description="ISO 4217 code; null if the run computes no bills.")]
    usage_basis: Annotated[UsageBasis | None, Meta(description="Null if the run takes no usage.")]
    bill_basis: Annotated[
        Literal["exact", "approximate"] | None,
        Meta(
            description="Whether the given usage can be rated to the cent; null if the run computes no bills."
        ),
    ]
    assumptions: Annotated[
        list[Assumption],
        Meta(
            description="Reasons to doubt the answer. `commitment_unknown`: the plan held has an exit fee and"
            " `commitment_ends` is unknown, so `policy.unknown_commitment` decided if the fee counts."
            " The others are inputs unlike all of training, for which the run was never judged."
            " `unseen_value`: an attribute has a value that no training decision had."
            " `far_outside_training`: a month or an attribute is far outside the range of training."
            " `value_missing`: an attribute is missing that was always known in training."
        ),
    ]
    current: Annotated[Current | None, Meta(description="Null if the plan held is unknown.")]
    decision: DecisionCode
    advised: Annotated[
        str | None,
        Meta(
            description="Plan to move to. Null if the decision is `stay` or `abstain`: then no item is"
            " advice."
        ),
    ]
    reason: Annotated[str, Meta(description="Reason code of the decision.")]
    sentence: Annotated[
        str,
        Meta(description="The decision in words, with the saving and its range as in the item of rank 1."),
    ]
    sentence_short: Annotated[
        str,
        Meta(description="The same for a text message: at most 160 units of its alphabet.", max_length=160),
    ]
    items: Annotated[
        list[Item],
        Meta(
            description="The plans on the menu, the cheapest first: by expected bill and cost of changing to"
            " the plan. By `rank` if no bills are known. `top_k` keeps the items of the first ranks."
        ),
    ]
    not_offered: list[NotOffered]
    model: ModelName
    catalogue: Annotated[CatalogueName | None, Meta(description="Null if the run has no catalogue.")]

    @property
    def arm(self) -> str:
        """The action: the id of the recommended plan, `stay` or `abstain`."""
        return self.advised or self.decision

    @property
    def first(self) -> Item:
        """The item of rank 1, which the sentence is about. Raises StopIteration if the menu is empty."""
        return next(item for item in self.items if item.rank == 1)


_ENCODER = msgspec.json.Encoder()


def encoded(answer: Answer) -> bytes:
    """Return the answer as JSON: equal answers have equal bytes.

    >>> model, nothing = ModelName("2030-01-31/12-00-00-abc123", "0.2.0"), [None] * 4
    >>> decided = ("abstain", None, "empty_menu", "No plan is left.", "No plan.")
    >>> answer = Answer("id", *nothing, [], None, *decided, [], [], model, None)
    >>> encoded(answer)[:58]
    b'{"recommendation_id":"id","as_of":null,"currency":null,"us'
    """
    return _ENCODER.encode(answer)
