"""Ids of subscribers and codes of plans: text, or whole numbers."""

import re

import numpy as np

SHORTENED = re.compile(r"\d([.,]\d+)?[eE]\+\d{2,3}")
"A long number as spreadsheets show it in a narrow column: `4.47912E+11`."
WHOLE = re.compile(r"(-?\d+)(?:[.,]0{1,2})?")
"Three zeros can be thousands: `1.000` stays as it is written."


def ids_of(texts: np.ndarray) -> np.ndarray:
    """Convert ids, shape (n,), to int64 if all are plain whole numbers; else keep the text. No id is blank.

    Examples:
        >>> ids_of(np.array(["7.0", "12.0"], object))
        array([ 7, 12])
        >>> ids_of(np.array(["007", "12"], object))
        array(['007', '12'], dtype=object)
    """
    ids = whole_numbers(texts)
    plain = all(
        text.isascii() and text.isdigit() and len(text) < 19 and str(int(text)) == text for text in ids
    )
    return ids.astype(np.int64) if plain else ids


def whole_numbers(texts: np.ndarray) -> np.ndarray:
    """Write `1.0` as `1` if all cells are whole numbers: with blanks, tools write them as fractions.

    Examples:
        >>> whole_numbers(np.array(["1.0", "2,0"], object))
        array(['1', '2'], dtype=object)
        >>> whole_numbers(np.array(["1", "1,000"], object))
        array(['1', '1,000'], dtype=object)
    """
    distinct = set(texts)
    whole = {text: match[1] for text in distinct if (match := WHOLE.fullmatch(text))}
    if len(whole) < len(distinct):
        return texts
    return np.array([whole[text] for text in texts], dtype=object)


def whole_number(text: str) -> str:
    """Write `1.0` as `1`.

    Examples:
        >>> whole_number("1.0"), whole_number("1,000"), whole_number("mini")
        ('1', '1,000', 'mini')
    """
    match = WHOLE.fullmatch(text)
    return text if match is None else match[1]


def shortened(texts: np.ndarray) -> np.ndarray:
    """Find ids whose last digits a spreadsheet lost, shape (n,), bool.

    Examples:
        >>> shortened(np.array(["4.47912E+11", "447912000001", None], object))
        array([ True, False, False])
    """
    found = {text for text in set(texts) if text is not None and SHORTENED.fullmatch(text)}
    return np.array([text in found for text in texts], bool) if found else np.zeros(len(texts), bool)
