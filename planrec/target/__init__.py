"""Targets: each option turns what a source loaded into decisions with a label."""

from typing import Annotated

from pydantic import Field

from planrec.target.best_bill import BestBill
from planrec.target.held import Held

TargetConfig = Annotated[BestBill | Held, Field(discriminator="kind")]
