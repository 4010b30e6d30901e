"""Data sources: each option loads a RowTable or a UsageHistory."""

from typing import TYPE_CHECKING

from planrec.contracts import Source
from planrec.data.choice_table import ChoiceTable
from planrec.data.megaline_us import MegalineUs
from planrec.data.simulator import Simulator
from planrec.data.table import Table
from planrec.data.usage_months import UsageMonths
from planrec.plugins import union_on_access

_OWN = (ChoiceTable, Simulator, Table, UsageMonths, MegalineUs)
if TYPE_CHECKING:
    DataConfig = Source
else:
    __getattr__ = union_on_access("DataConfig", "data", _OWN, Source)
