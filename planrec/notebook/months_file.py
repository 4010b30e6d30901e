"""DataFrames as files, and the overrides that describe a file of training data."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.commands.advice import typed
from planrec.config.conf_folder import inherited, options
from planrec.errors import DataError
from planrec.files.atomic_write import write_atomically
from planrec.files.hashing import sha256_of
from planrec.files.input_path import find_input

if TYPE_CHECKING:
    import pandas as pd

FRAMES = "frames"
"Folder below the runs that keeps the DataFrames that runs were trained on, for their commands."


def frame_bytes(frame: "pd.DataFrame") -> bytes:
    """Return a DataFrame as Parquet, without its index.

    Raises:
        DataError: a column mixes types, or two columns have one name.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as parquet

    # Months may be periods, which other readers of Parquet do not know.
    periods = [name for name, kind in frame.dtypes.items() if isinstance(kind, pd.PeriodDtype)]
    try:
        table = pa.Table.from_pandas(frame.astype(dict.fromkeys(periods, str)), preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"the DataFrame must have columns of one type each: {error}") from error
    buffer = BytesIO()
    parquet.write_table(table.replace_schema_metadata(), buffer)
    return buffer.getvalue()


def write_frame(frame: "pd.DataFrame", file: Path) -> None:
    """Write a DataFrame as Parquet. Raises DataError, as `frame_bytes`."""
    write_atomically(file, frame_bytes(frame))


def kept_frame(frame: "pd.DataFrame", outputs: Path) -> Path:
    """Write a DataFrame below the folder of runs, once for equal content, and return its file."""
    content = frame_bytes(frame)
    file = outputs / FRAMES / f"{sha256_of(content)[:16]}.parquet"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)
    return file


def data_overrides(path: Path, *, has_catalogue: bool) -> list[str]:
    """Describe a file of training data: months if it has subscribers and months, else a table.

    Args:
        path: CSV, Parquet or .xlsx file.
        has_catalogue: whether there are plans with prices, which advice is judged by.
    """
    from planrec.data.reading.open_input import open_input
    from planrec.schema.cell_form import CellForm

    found = find_input("data", str(path), DataError)
    names = open_input(found, CellForm()).columns.tidy
    keys: dict[str, object] = {"data.path": str(path)}
    if {"subscriber", "month"} <= set(names):
        keys |= _months_keys(names)
        return words({"data": "usage_months", **keys} | ({"target": "best_bill"} if has_catalogue else {}))
    return words({"data": "table", **keys})


def catalogue_overrides(catalogue: str | Path) -> list[str]:
    """Return the overrides that choose plans: a shipped catalogue by its name, or a file.

    Examples:
        >>> catalogue_overrides("ladder"), catalogue_overrides("plans.yaml")
        (['catalogue=ladder'], ['catalogue=file', 'catalogue.path=plans.yaml'])
    """
    if str(catalogue) in options("catalogue"):
        return words({"catalogue": str(catalogue)})
    return words({"catalogue": "file", "catalogue.path": str(catalogue)})


def words(overrides: Mapping[str, object]) -> list[str]:
    """Write overrides as the command line has them, one word each.

    Examples:
        >>> words({"data.path": "a b.csv"})
        ['data.path="a b.csv"']
    """
    return shlex.split(typed(overrides))


def chooses(group: str, overrides: Sequence[str]) -> bool:
    """Return whether an override chooses the option of a group.

    Examples:
        >>> chooses("data", ["data=table"]), chooses("data", ["data.path=a.csv"])
        (True, False)
    """
    return any(override.startswith(f"{group}=") for override in overrides)


def _months_keys(names: Collection[str]) -> dict[str, object]:
    """Return the columns of months whose names are not those that conf/ expects."""
    keys: dict[str, object] = {}
    if "plan" not in names and "plan_held" in names:
        keys["data.plan_column"] = "plan_held"
    expected: Mapping[str, str | None] = inherited("data", "usage_months")["usage_columns"]
    for usage, column in expected.items():
        if column is None and usage in names:
            keys[f"data.usage_columns.{usage}"] = usage
        elif column is not None and column not in names:
            keys[f"data.usage_columns.{usage}"] = None
    return keys
