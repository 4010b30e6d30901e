"""Policies: rules that turn predictions into decisions, and the reasons for both."""

from typing import TYPE_CHECKING

from planrec.contracts import Policy
from planrec.plugins import union_on_access
from planrec.policy.best_bill import BestBill
from planrec.policy.most_probable import MostProbable
from planrec.policy.reason_builder import MoneyText, Reason, in_major_units
from planrec.policy.reason_sentences import Language
from planrec.policy.reasons import Reasons

_OWN = (BestBill, MostProbable)
if TYPE_CHECKING:
    PolicyConfig = Policy
else:
    __getattr__ = union_on_access("PolicyConfig", "policy", _OWN, Policy)

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
