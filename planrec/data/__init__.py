"""Data sources: each option loads a RowTable or a UsageHistory."""

from typing import Annotated

from pydantic import Field

from planrec.data.megaline_us import MegalineUs
from planrec.data.simulator import Simulator
from planrec.data.table import Table
from planrec.data.usage_months import UsageMonths

DataConfig = Annotated[Simulator | Table | UsageMonths | MegalineUs, Field(discriminator="kind")]
