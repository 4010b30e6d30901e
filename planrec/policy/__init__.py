"""Policies: rules that turn predictions into decisions."""

from typing import TYPE_CHECKING

from planrec.contracts import Policy
from planrec.plugins import union_on_access
from planrec.policy.best_bill import BestBillPolicy
from planrec.policy.most_probable import MostProbable

_OWN = (BestBillPolicy, MostProbable)
if TYPE_CHECKING:
    PolicyConfig = Policy
else:
    __getattr__ = union_on_access("PolicyConfig", "policy", _OWN, Policy)

__all__ = ["BestBillPolicy", "MostProbable", "PolicyConfig"]
