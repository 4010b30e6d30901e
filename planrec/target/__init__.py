"""Targets: each option turns the data of a source into labelled decisions."""

from typing import TYPE_CHECKING

from planrec.contracts import Target
from planrec.plugins import union_on_access
from planrec.target.best_bill import BestBillTarget
from planrec.target.choice import Choice
from planrec.target.held import Held

_OWN = (BestBillTarget, Choice, Held)
if TYPE_CHECKING:
    TargetConfig = Target
else:
    __getattr__ = union_on_access("TargetConfig", "target", _OWN, Target)
