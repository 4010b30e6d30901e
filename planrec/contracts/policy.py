"""Contract of a policy."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from planrec.catalogue.commitments import CommitmentRules
from planrec.schema.config_model import Config
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Demand:
    """The saving that a move must promise, currency per month: the larger of the two."""

    least_saving: float = 0.0
    "The same for every move."
    risk_price: float = 0.0
    "Times the probability that the move costs more than staying."


class Policy(Config, ABC):
    """A rule that turns predictions into decisions."""

    needs_bills: ClassVar[bool]

    kind: str

    @property
    def needs_months(self) -> int:
        """Known months of usage below which the policy abstains."""
        return 0

    @property
    def harm_limit(self) -> float | None:
        """Largest share of decisions that may harm, which the run then keeps; None: no limit."""
        return None

    @property
    def demand(self) -> Demand:
        """The saving below which no move is advised."""
        return Demand()

    @property
    def commitment_rules(self) -> CommitmentRules:
        """Rules about the end of a commitment that is unknown, and about plans that bind for long."""
        return CommitmentRules()

    def demanding(self, demand: Demand) -> Self:
        """Copy the policy so that it advises a move only if it saves as much as demanded.

        A policy that knows no savings is returned unchanged.
        """
        return self

    @abstractmethod
    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Turn predictions into advice for each subscriber."""
