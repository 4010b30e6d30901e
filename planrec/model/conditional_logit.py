"""Model `conditional_logit`: the choice from a menu, explained by the attributes of its plans."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.choice import TRUSTED_TYPES, ConditionalLogitClassifier, Specification
from planrec.contracts import Model, ModelTraits
from planrec.wording import did_you_mean, shown

Name = Annotated[str, Field(min_length=1)]


class ConditionalLogit(Model):
    """Utility of a plan as a weighted sum of its attributes; nests relax the logit's equal substitution."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history",
        needs_subscribers=True,
        takes_calibration=False,
        trusted_types=(*TRUSTED_TYPES, "numpy.dtype"),
    )

    kind: Literal["conditional_logit"]
    attributes: dict[Name, Literal["linear", "log"]] | None
    "Attribute of the plans -> its form in the utility; null: all attributes, linear."
    constants: Literal["none", "by_plan", "by_group"]
    "by_plan: a constant for every plan but the reference; by_group: for every group but the first."
    reference: Name | None
    "Plan whose constant is 0; null: the first plan."
    groups: dict[Name, Annotated[tuple[Name, ...], Field(min_length=1)]]
    "Name -> plans that are alike; a plan has at most one group."
    by_group: tuple[Name, ...]
    "Attributes with one coefficient per group."
    interactions: dict[Name, tuple[Name, ...]]
    "Numeric column of the case -> groups in whose utility it counts."
    nests: tuple[Name, ...]
    "Groups whose plans replace each other more easily than other plans; each has a scale of at least 1."
    nest_scale: Literal["free", "equal"]
    "Whether every nest has a scale of its own, or all share one."
    price: Name | None
    "Attribute that is the price a month, for elasticities and willingness to pay."

    @model_validator(mode="after")
    def _groups_fit(self) -> Self:
        """Check the names of groups, and that no plan has two."""
        used = [*self.nests, *(group for groups in self.interactions.values() for group in groups)]
        if unknown := [name for name in dict.fromkeys(used) if name not in self.groups]:
            hint = did_you_mean(unknown[0], self.groups)
            raise ValueError(f"no group {shown(unknown)}{hint}; model.groups has {shown(self.groups)}")
        if (self.by_group or self.constants == "by_group") and not self.groups:
            raise ValueError("by_group needs model.groups, which is empty")
        plans = [plan for group in self.groups.values() for plan in group]
        if twice := sorted({plan for plan in plans if plans.count(plan) > 1}):
            raise ValueError(f"a plan can have one group of model.groups only, {shown(twice)} has two")
        return self

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted classifier; nothing in it is random."""
        fields = {name: value for name, value in self if name != "kind"}
        return ConditionalLogitClassifier(Specification(**fields))
