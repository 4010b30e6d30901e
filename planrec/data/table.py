"""`data=table`: any CSV, Parquet or .xlsx file with one row per decision."""

from typing import ClassVar, Literal

from planrec.catalogue import Catalogue
from planrec.contracts import FileForm
from planrec.data.file_source import FileSource
from planrec.data.option_types import Name
from planrec.errors import DataError
from planrec.files.input_path import find_input
from planrec.schema.tables import RowTable

UsageName = Literal["voice_calls", "voice_minutes", "voice_minutes_billed", "sms", "data_mib"]
"""`Usage.ALL`, written out: a type cannot be made from values."""


class Table(FileSource):
    """A file of rows, each with the plan that was held or chosen; months and bills are not needed.

    Column names may be spelled as in the file or with runs of blanks as one blank.
    """

    gives: ClassVar[Literal["rows", "choices", "history"]] = "rows"

    kind: Literal["table"]
    plan_column: Name
    "Column with the plan: text or whole numbers, two different ones or more, never blank."
    subscriber_column: Name | None
    "Column with the subscriber; null makes every row its own subscriber."
    time_column: Name | None
    "Column with the month (2018-11, 201811, or 1 to 12 with `time_year`) or the date of the decision."
    usage_columns: dict[UsageName, Name | None]
    "Usage of the last month: our name -> column of the file, in the units of `schema.Usage`; null: none."
    exact_duplicates: Literal["warn", "drop"]
    "Rows equal in every column: keep them with a note, or keep the first of each."

    @property
    def has_usage(self) -> bool:
        """Whether the options name a usage column."""
        return any(self.usage_columns.values())

    @property
    def has_time(self) -> bool:
        """Whether the options name a column of instants."""
        return self.time_column is not None

    @property
    def file_form(self) -> FileForm:
        """How a file to score names the subscriber."""
        columns = {} if self.subscriber_column is None else {"subscriber": self.subscriber_column}
        return FileForm(columns, cells=self.cell_form)

    def load(self, catalogue: Catalogue | None) -> RowTable:
        """Read the file and check every cell that has a role.

        Raises:
            DataError: names the file and every problem, each with its column, first line and count.
        """
        # Imported late: pyarrow takes half a second, which commands that only check a config need not spend.
        from planrec.data.reading.open_input import open_input
        from planrec.data.row_table import row_table

        path = find_input("data.path", self.path, DataError)
        return row_table(self, open_input(path, self.cell_form).whole(), str(path), catalogue)
