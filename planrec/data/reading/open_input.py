"""Open an input file in the format that its content shows."""

from pathlib import Path

from planrec.data.reading.column_names import column_names
from planrec.data.reading.input_file import InputFile
from planrec.data.reading.parquet_file import parquet_file
from planrec.data.reading.spreadsheet_file import spreadsheet_file
from planrec.data.reading.text_dialect import dialect_of
from planrec.data.reading.text_file import TextFile
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm

PARQUET, ZIP = b"PAR1", b"PK\x03\x04"
PARQUET_SUFFIXES = (".parquet", ".pq")
OTHER_FORMATS = (
    (b"\xd0\xcf\x11\xe0", "a spreadsheet that is old (.xls) or has a password: save it as .xlsx without one"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
)
"First bytes -> format of the file, and how to convert it."


def open_input(path: Path, form: CellForm | None = None) -> InputFile:
    """Open a CSV, Parquet or .xlsx file, ready to be read.

    Args:
        path: the file.
        form: how its cells are written, as far as the options say it.

    Raises:
        DataError: if the file cannot be read, has another format, is empty, or repeats a column name.
    """
    form = form or CellForm()
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if start == PARQUET:
        return parquet_file(path, form)
    if start == ZIP:
        return spreadsheet_file(path, form)
    if path.suffix.lower() in PARQUET_SUFFIXES:
        raise DataError(f"{path} is not a Parquet file: it must begin with {PARQUET!r}, got {start!r}")
    for signature, found in OTHER_FORMATS:
        if start.startswith(signature):
            raise DataError(f"{path} must be CSV, Parquet or .xlsx, it is {found}")
    dialect = dialect_of(path)
    return TextFile(path, column_names(dialect.header, str(path)), form, dialect)
