"""Data sources: each option loads a RowTable or a UsageHistory."""

from typing import Annotated

from pydantic import Field

from planrec.data.simulator import Simulator
from planrec.data.table import Table

DataConfig = Annotated[Simulator | Table, Field(discriminator="kind")]
