"""`data=usage_months`: an operator's own months, one row per subscriber and month, CSV, Parquet or .xlsx."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from planrec.catalogue import Catalogue
from planrec.contracts import FileForm
from planrec.data.file_source import FileSource
from planrec.data.option_types import Name, OnBadRows
from planrec.errors import DataError
from planrec.files.input_path import find_input
from planrec.schema.config_model import Config
from planrec.schema.tables import UsageHistory


class UsageColumns(Config):
    """Our name -> column of the file, in the units of `schema.Usage`."""

    voice_calls: Name
    voice_minutes: Name
    voice_minutes_billed: Name | None
    "Null if only totals are known: bills of plans that round each call are then approximate."
    sms: Name
    data_mib: Name


class UsageMonths(FileSource):
    """A file of months; the window of a subscriber goes from the first row to the last.

    Months inside it without a row are months of zero usage, with the plan and attributes of the row before.
    """

    gives: ClassVar[Literal["rows", "choices", "history"]] = "history"

    kind: Literal["usage_months"]
    subscriber_column: Name
    month_column: Name
    "2018-11, 201811, any date in the month, or 1 to 12 with `time_year`."
    plan_column: Name
    "The plan held in the month."
    commitment_ends_column: Name | None
    "First day on which leaving the plan held costs no exit fee; blank cells: unknown. Null: all are unknown."
    usage_columns: UsageColumns
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None
    "ISO 4217 code of the operator's bills, which must be the catalogue's currency; null skips the check."
    on_bad_rows: OnBadRows

    @property
    def file_form(self) -> FileForm:
        """How a file to score names its columns, plans and months."""
        own = {
            "subscriber": self.subscriber_column,
            "month": self.month_column,
            "plan_held": self.plan_column,
        }
        if self.commitment_ends_column is not None:
            own["commitment_ends"] = self.commitment_ends_column
        usage = {usage: name for usage, name in self.usage_columns if name is not None}
        return FileForm(own | usage, self.plan_names, self.time_year, self.cell_form)

    def load(self, catalogue: Catalogue | None) -> UsageHistory:
        """Read the file, check every cell that has a role, and fill the silent months.

        Raises:
            DataError: names the file and everything that is wrong with it, each with its place and count.
        """
        # Imported late: pyarrow takes half a second, which commands that only check a config need not spend.
        from planrec.data.month_rows import usage_history
        from planrec.data.reading.open_input import open_input

        path = find_input("data.path", self.path, DataError)
        return usage_history(self, open_input(path, self.cell_form).whole(), str(path), catalogue)
