"""`data=table`: any CSV or Parquet file with one row per decision."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from planrec.catalogue import Catalogue
from planrec.contracts import FileForm, Source
from planrec.schema.tables import RowTable

Name = Annotated[str, Field(min_length=1)]
PlanInFile = Annotated[str, Field(coerce_numbers_to_str=True)]
UsageName = Literal["voice_calls", "voice_minutes", "voice_minutes_billed", "sms", "data_mib"]
"""`Usage.ALL`, written out: a type cannot be made from values."""


class Table(Source):
    """A file of rows, each with the plan that was held or chosen; months and bills are not needed.

    Column names may be given as they stand in the file or with runs of blanks as one blank.
    """

    gives: ClassVar[Literal["rows", "history"]] = "rows"

    kind: Literal["table"]
    path: Name
    "As given, or below the folder in the environment variable PLANREC_DATA, or below ../shared/data."
    plan_column: Name
    "Column with the plan: text or whole numbers, two different ones or more, never blank."
    plan_names: dict[PlanInFile, str]
    "Readable names for plans in the file: `{0: smart}`; others keep the name they have there."
    subscriber_column: Name | None
    "Column that says whose row it is; null makes every row its own subscriber."
    time_column: Name | None
    "Column with the month (2018-11, 201811, or 1 to 12 with `time_year`) or the date of the decision."
    time_year: Annotated[int, Field(ge=1900, le=2200)] | None
    "Year of month numbers 1 to 12."
    usage_columns: dict[UsageName, Name | None]
    "Usage of the last month: our name -> column of the file, in the units of `schema.Usage`; null: none."
    exact_duplicates: Literal["warn", "drop"]
    "Rows equal in every column: keep and say so, or keep the first of each."

    @property
    def has_usage(self) -> bool:
        return any(self.usage_columns.values())

    @property
    def has_time(self) -> bool:
        return self.time_column is not None

    @property
    def file_form(self) -> FileForm:
        return FileForm({} if self.subscriber_column is None else {"subscriber": self.subscriber_column})

    def load(self, catalogue: Catalogue | None) -> RowTable:
        """Read the file and check every cell that has a role.

        Raises:
            DataError: names the file and every problem, each with its column, first line and count.
        """
        # Late: pyarrow would cost every command half a second, also those that only check a config.
        from planrec.data.input_file import find_file, read_file
        from planrec.data.row_table import row_table

        path = find_file(self.path)
        return row_table(self, read_file(path), str(path))
