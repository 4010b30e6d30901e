"""`data=choice_table`: choices from menus, one row per case (wide) or per case and plan (long)."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from planrec.catalogue import Catalogue
from planrec.contracts import FileForm
from planrec.data.file_source import FileSource
from planrec.data.option_types import Name
from planrec.errors import DataError
from planrec.files.input_path import find_input
from planrec.schema.tables import RowTable

PLAN = "{plan}"
"In names of columns of a wide file: stands for the plan as the file writes it."


class ChoiceTable(FileSource):
    """A file of cases: the menu of each, the attributes of its plans and the plan that was chosen."""

    gives: ClassVar[Literal["rows", "choices", "history"]] = "choices"

    kind: Literal["choice_table"]
    plan_column: Name
    "Wide: the plan that was chosen. Long: the plan of the row."
    case_column: Name | None
    "Long: the case of the row. Null: the file is wide, with one row per case."
    chosen_column: Name | None
    "Long: 1 in the row of the plan that was chosen, else 0."
    available_column: Name | None
    "1 if the plan was available, else 0, with {plan} if wide; null: plans without attributes are not."
    attributes: Annotated[dict[Name, Name], Field(min_length=1)]
    "Attribute of the plans -> its column, with {plan} if the file is wide: `{cost: 'cost{plan}'}`."
    subscriber_column: Name | None
    "Column with the subscriber; null makes every case its own subscriber."
    time_column: Name | None
    "Column with the date or month of the choice."
    exact_duplicates: Literal["warn", "drop"]
    "Cases equal in every column: keep them with a note, or keep the first of each."

    @model_validator(mode="after")
    def _layout_is_clear(self) -> Self:
        """Check that the columns fit a wide or a long file."""
        is_long = self.case_column is not None
        if is_long != (self.chosen_column is not None):
            raise ValueError("a long file needs both case_column and chosen_column, a wide file neither")
        of_plans = [*self.attributes.values(), *([self.available_column] if self.available_column else [])]
        if wrong := [name for name in of_plans if (name.count(PLAN) == 1) == is_long]:
            rule = (
                "must not have {plan} in a long file" if is_long else "must have {plan} once in a wide file"
            )
            raise ValueError(f"columns of plans {rule}, got {', '.join(wrong)}")
        if marked := [name for name in self.attributes if "@" in name]:
            raise ValueError(f"names of attributes must not have @, got {', '.join(marked)}")
        return self

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
        """Read the file and check that every case chose one available plan.

        Raises:
            DataError: names the file and every problem, each with its first lines and count.
        """
        # Imported late: pyarrow takes half a second, which commands that only check a config need not spend.
        from planrec.data.choice_rows import choice_rows
        from planrec.data.reading.open_input import open_input

        path = find_input("data.path", self.path, DataError)
        return choice_rows(self, open_input(path, self.cell_form).whole(), str(path), catalogue)
