"""Overrides as a person types them: values in the grammar of Hydra, words quoted for a shell.

Messages of every package name overrides. This module writes them without Hydra, which takes long to load; the
tests parse its texts with Hydra again. `config.overrides` parses every override before a message shows it.
"""

import re
import shlex
from collections.abc import Mapping

_PLAIN = r"(?!(?:null|true|false|nan|inf)$)(?:\.{0,2}/)?[a-z_][a-z0-9_./-]*"
"Text that means itself without quotation marks, and alone: no number and no word of the grammar."


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

    >>> as_typed({"path": "a b.csv", "months": [1, 2], "seed": None})
    '{path:"a b.csv",months:[1,2],seed:null}'
    """
    if isinstance(value, str):
        return value if re.fullmatch(_PLAIN, value, re.IGNORECASE | re.ASCII) else in_quotes(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{as_typed(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_typed(inner) for inner in value) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def typed_override(key: str, value: object) -> str:
    """Write an override, quoted for a shell.

    >>> print(typed_override("data.plan_column", "Año"), typed_override("data.path", "../months.csv"))
    'data.plan_column="Año"' data.path=../months.csv
    """
    return shlex.quote(f"{key}={as_typed(value)}")
