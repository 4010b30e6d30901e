"""Targets: each option turns what a source loaded into decisions with a label."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from planrec.contracts import Target
from planrec.plugins import with_plugins
from planrec.target.best_bill import BestBill
from planrec.target.held import Held

_OWN = (BestBill, Held)
if TYPE_CHECKING:
    TargetConfig = Target
else:
    TargetConfig = Annotated[with_plugins("target", _OWN, Target), Field(discriminator="kind")]
