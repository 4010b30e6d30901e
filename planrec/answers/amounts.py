"""Numbers of arrays as answers have them."""

import numpy as np


def decimals(amounts: np.ndarray | None, minor_units: int) -> list[list[str | None]] | None:
    """Shape (n, J), major unit -> decimal strings with the currency's decimals, rounded half up; NaN is None."""
    if amounts is None:
        return None
    unknown = np.isnan(amounts)
    # Means of minor units are exact to far more than 7 decimals; rounding them first undoes binary fractions.
    size = np.floor(np.round(np.abs(np.where(unknown, 0.0, amounts)) * minor_units, 7) + 0.5)
    minor = np.where(amounts < 0, -size, size).astype(np.int64).tolist()
    places = len(str(minor_units)) - 1
    if not unknown.any():
        return [[_decimal(value, minor_units, places) for value in row] for row in minor]
    return [
        [
            None if gone else _decimal(value, minor_units, places)
            for value, gone in zip(row, unknown_row, strict=True)
        ]
        for row, unknown_row in zip(minor, unknown.tolist(), strict=True)
    ]


def numbers(values: np.ndarray | None) -> list[list[float | None]] | None:
    """Shape (n, J) -> the same numbers; NaN is None, which JSON has a word for."""
    if values is None:
        return None
    if not np.isnan(values).any():
        return values.tolist()
    return [[None if value != value else value for value in row] for row in values.tolist()]


def _decimal(minor: int, minor_units: int, places: int) -> str:
    if not places:
        return str(minor)
    whole, rest = divmod(abs(minor), minor_units)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{places}d}"
