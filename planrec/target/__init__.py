"""Targets: each option turns the data of a source into labelled decisions."""

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
