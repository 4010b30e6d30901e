"""The options that sources of one file share: the file, its plans, and the form of its cells."""

from abc import ABC

from planrec.contracts import Source
from planrec.data.cell_options import CellOptions
from planrec.data.option_types import Name, PlanInFile, Year


class FileSource(CellOptions, Source, ABC):
    """A source that reads one CSV, Parquet or spreadsheet file."""

    path: Name
    "A path as it is, or below the folder in the environment variable PLANREC_DATA."
    time_year: Year | None
    "Year of month numbers 1 to 12."
    plan_names: dict[PlanInFile, str]
    "Plan in the file -> its name or id: `{0: smart}`; others keep the name that they have there."
