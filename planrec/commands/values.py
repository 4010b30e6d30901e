"""Values as a person types them behind `KEY=`, in the grammar of Hydra."""

import re
from collections.abc import Mapping

_PLAIN = r"(?!(?:null|true|false|nan|inf)$)(?:\.{0,2}/)?[a-z_][a-z0-9_./-]*"
"Text that means itself without quotation marks, and alone: no number and no word of the grammar."
_PLAIN_KEY = r"[A-Za-z0-9_-]+"
"Keys are text, so that numbers and words need no quotation marks."


def in_quotes(text: str) -> str:
    r"""Put a text into quotation marks.

    A backslash escapes only in front of a quotation mark, so only there is it doubled.

    >>> print(in_quotes('a,b'), in_quotes('C:\\data'), in_quotes('the "big" one'))
    "a,b" "C:\data" "the \"big\" one"
    """
    escaped = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + found[2].replace('"', '\\"'), text)
    return f'"{escaped}"'


def as_typed(value: object) -> str:
    """Write a value as it is typed behind `KEY=`; the keys of a mapping are text.

    >>> as_typed({"path": "a b.csv", "Año": [1, 2], "seed": None})
    '{path:"a b.csv","Año":[1,2],seed:null}'
    """
    if isinstance(value, str):
        return value if re.fullmatch(_PLAIN, value, re.IGNORECASE | re.ASCII) else in_quotes(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(key)}:{as_typed(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_typed(inner) for inner in value) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _key(key: object) -> str:
    text = str(key)
    return text if re.fullmatch(_PLAIN_KEY, text) else in_quotes(text)


def without_interpolation(value: object) -> object:
    r"""Escape texts that OmegaConf would replace by the value of another key.

    >>> print(without_interpolation(["${x}", "\\${x}", "x"]))
    ['\\${x}', '\\\\\\${x}', 'x']
    """
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", value)
    if isinstance(value, Mapping):
        return {str(key): without_interpolation(inner) for key, inner in value.items()}
    return [without_interpolation(inner) for inner in value] if isinstance(value, list | tuple) else value


def with_interpolation(value: object) -> object:
    r"""Undo `without_interpolation`, as OmegaConf does when it composes a configuration.

    >>> with_interpolation(without_interpolation({"a": ["${x}", "\\${x}"]})) == {"a": ["${x}", "\\${x}"]}
    True
    """
    if isinstance(value, str):
        return re.sub(r"((?:\\\\)*)\\\$\{", lambda found: found[1][: len(found[1]) // 2] + "${", value)
    if isinstance(value, Mapping):
        return {str(key): with_interpolation(inner) for key, inner in value.items()}
    return [with_interpolation(inner) for inner in value] if isinstance(value, list | tuple) else value
