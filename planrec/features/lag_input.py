"""Lag columns as the input of feature sets: finding, checking and reading them."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from planrec.errors import DataError
from planrec.features.columns_input import check_present, numbers_of, wrong_kinds
from planrec.schema.columns import Columns, Usage, lag
from planrec.wording import shown

BLOCK_ROWS = 2048
"Rows computed at once, so that intermediate arrays stay in the processor's cache."

_FLOAT64 = np.dtype(np.float64)


def found_lags(columns: Columns, feature_set: str) -> tuple[list[str], int]:
    """Find the usage columns that have lags, in the order of `Usage.ALL`, and the longest lag.

    Raises:
        DataError: there is no lag column of a measured service.

    Examples:
        >>> found_lags({"sms.1": np.zeros(1), "sms.2": np.zeros(1), "age": np.zeros(1)}, "usage")
        (['sms'], 2)
    """
    lags = [found for name in columns if (found := _usage_and_lag(name))]
    measured = [months_ago for usage, months_ago in lags if usage in Usage.MEASURED]
    if not measured:
        raise DataError(
            f"features={feature_set} needs lag columns such as {lag(Usage.DATA_MIB, 1)!r},"
            f" got {shown(columns) or 'no columns'}"
        )
    return [usage for usage in Usage.ALL if usage in dict(lags)], max(measured)


def check_readable(columns: Columns, read: Iterable[str]) -> None:
    """Check that the columns are present and hold numbers.

    Raises:
        DataError: columns are missing or are not numbers; the message names all of them.
    """
    check_present(columns, read)
    problems = wrong_kinds(columns, dict.fromkeys(read, "number"))
    if problems:
        raise DataError("usage must be given as numbers", problems)


def read_numbers(columns: Columns, names: Sequence[str]) -> list[np.ndarray]:
    """Read these columns as float64.

    Raises:
        DataError: as `check_readable`.
    """
    arrays = [columns[name] for name in names if name in columns]
    if len(arrays) == len(names) and all(array.dtype is _FLOAT64 for array in arrays):
        return arrays
    check_readable(columns, names)
    return [numbers_of(array) for array in arrays]


def in_blocks(arrays: Sequence[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield some rows at a time: their slice, and the columns as an array (n_columns, rows).

    Examples:
        >>> [(rows.start, block.shape) for rows, block in in_blocks([np.zeros(3000)])]
        [(0, (1, 2048)), (2048, (1, 952))]
    """
    n = len(arrays[0])
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        block = arrays if n <= BLOCK_ROWS else [array[rows] for array in arrays]
        yield rows, np.concatenate(block).reshape(len(arrays), -1)


def _usage_and_lag(name: str) -> tuple[str, int] | None:
    """Return `("data_mib", 3)` for `data_mib.3`; None if the name is not of a lag column."""
    match = re.fullmatch(r"(\w+)\.([1-9][0-9]*)", name, flags=re.ASCII)
    return (match[1], int(match[2])) if match and match[1] in Usage.ALL else None
