"""`data=megaline_us`: five public tables of events, calls rounded one by one, summed to months."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.contracts import Source
from planrec.data.option_types import Name, OnBadRows
from planrec.errors import DataError
from planrec.schema.tables import UsageHistory


class MegalineUs(Source):
    """A folder of `megaline_calls`, `_messages`, `_internet`, `_users` and `_plans`, CSV or Parquet.

    The window of a subscriber goes from the first recorded event (not from registration) to the month of
    leaving or the last month of the data. Months without events inside it are months of zero usage.
    """

    gives: ClassVar[Literal["rows", "choices", "history"]] = "history"
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["megaline_us"]
    path: Name
    "A path as it is, or below the folder in the environment variable PLANREC_DATA."
    plan_names: dict[str, str]
    "Plan in the tables -> plan id of the catalogue, if they differ."
    date_order: Literal["detect", "day_month", "month_day"]
    "How dates like 1/2/2018 are read. detect: column by column; an error if no date shows its day."
    drop_first_month: bool
    "Leave out the first month of each window, which is partial."
    drop_month_of_leaving: bool
    "Leave out the month in which a subscriber left, which is partial."
    on_bad_rows: OnBadRows
    memory_mib: Annotated[int, Field(ge=64)]
    "Most memory for reading the events; the rest goes to a temporary folder."
    threads: PositiveInt

    def load(self, catalogue: Catalogue | None) -> UsageHistory:
        """Sum the events of every subscriber and month, calls rounded as the catalogue's plans do.

        Raises:
            DataError: names every table and everything that is wrong with it, with places and counts.
        """
        if catalogue is None:
            raise DataError(
                f"data=megaline_us rounds calls as its plans do: type {typed(catalogue='megaline_us')}"
            )
        # Imported late: DuckDB takes half a second, which commands that only check a config need not spend.
        from planrec.data.event_history import usage_history

        return usage_history(self, catalogue)
