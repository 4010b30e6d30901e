"""Policies: rules that turn predictions into decisions, and the reasons for both."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from planrec.contracts import Policy
from planrec.plugins import with_plugins
from planrec.policy.best_bill import BestBill
from planrec.policy.most_probable import MostProbable
from planrec.policy.reason_builder import MoneyText, Reason, in_major_units
from planrec.policy.reason_sentences import Language
from planrec.policy.reasons import Reasons

_OWN = (BestBill, MostProbable)
if TYPE_CHECKING:
    PolicyConfig = Policy
else:
    PolicyConfig = Annotated[with_plugins("policy", _OWN, Policy), Field(discriminator="kind")]

__all__ = [
    "BestBill",
    "Language",
    "MoneyText",
    "MostProbable",
    "PolicyConfig",
    "Reason",
    "Reasons",
    "in_major_units",
]
