"""Policies: how predictions become decisions."""

from typing import Annotated

from pydantic import Field

from planrec.policy.best_bill import BestBill
from planrec.policy.most_probable import MostProbable
from planrec.policy.reason_sentences import Language
from planrec.policy.reason_words import Money, Reason, major
from planrec.policy.reasons import Reasons

PolicyConfig = Annotated[BestBill | MostProbable, Field(discriminator="kind")]

__all__ = [
    "BestBill",
    "Language",
    "Money",
    "MostProbable",
    "PolicyConfig",
    "Reason",
    "Reasons",
    "major",
]
