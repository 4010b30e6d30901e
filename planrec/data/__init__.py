"""Data sources: each option loads a RowTable or a UsageHistory."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from planrec.contracts import Source
from planrec.data.megaline_us import MegalineUs
from planrec.data.simulator import Simulator
from planrec.data.table import Table
from planrec.data.usage_months import UsageMonths
from planrec.plugins import with_plugins

_OWN = (Simulator, Table, UsageMonths, MegalineUs)
if TYPE_CHECKING:
    DataConfig = Source
else:
    DataConfig = Annotated[with_plugins("data", _OWN, Source), Field(discriminator="kind")]
