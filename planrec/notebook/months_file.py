"""DataFrames as files, and the overrides that describe a file of training data."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

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


@dataclass(frozen=True)
class TrainingFile:
    """A file of training data; that of a DataFrame need not be written yet."""

    path: Path
    content: bytes | None = None
    "Content to write below the folder of runs; None if the file is there."

    @classmethod
    def of(cls, data: "pd.DataFrame | str | Path", outputs: Path) -> Self:
        """Return the file of a DataFrame, one for equal content, or that of a path.

        Raises:
            DataError: as `frame_bytes`.
        """
        if isinstance(data, str | Path):
            return cls(Path(data))
        content = frame_bytes(data)
        return cls(outputs / FRAMES / f"{sha256_of(content)[:16]}.parquet", content)

    def columns(self) -> Sequence[str]:
        """Return the names of the columns as options name them. Raises DataError."""
        from planrec.data.reading.column_names import column_names
        from planrec.data.reading.open_input import open_input

        if self.content is None:
            return open_input(find_input("data", str(self.path), DataError)).columns.tidy
        import pyarrow as pa
        import pyarrow.parquet as parquet

        schema = parquet.read_schema(pa.BufferReader(self.content))
        return column_names(schema.names, "the DataFrame").tidy

    def keep(self) -> None:
        """Write the content, unless it is there."""
        if self.content is not None and not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, self.content)


def data_overrides(file: TrainingFile, *, has_catalogue: bool) -> list[str]:
    """Describe a file of training data: months if it has subscribers and months, else a table.

    Args:
        file: CSV, Parquet or .xlsx file.
        has_catalogue: whether there are plans with prices, which advice is judged by.
    """
    names = file.columns()
    keys: dict[str, object] = {"data.path": str(file.path)}
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
