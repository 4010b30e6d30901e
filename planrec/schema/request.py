"""A request for advice: read once from JSON, then a typed value everywhere.

`Recommender.table` turns requests into decisions, run.json keeps the golden ones, and the decision log keeps
those that were answered.
"""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from planrec.schema.columns import InputSchema


class Month(Struct, frozen=True, omit_defaults=True):
    """Usage of one calendar month, in the units of `planrec.schema.columns.Usage`.

    Columns that the run does not read are None.
    """

    month: str
    "Such as 2018-09."
    voice_calls: float | None = None
    voice_minutes: float | None = None
    voice_minutes_billed: float | None = None
    sms: float | None = None
    data_mib: float | None = None


class Request(Struct, frozen=True, kw_only=True):
    """One request whose values were checked; None is a missing value.

    A run reads some of the fields only: `fields_of` lists them.
    """

    attributes: Mapping[str, str | float | bool | None]
    "Input column -> value."
    months: tuple[Month, ...] = ()
    "Complete months, each once, in any order; the usage is not known if there are none."
    as_of: str | None = None
    "Day of the decision, in the month after the last one given; None for the first day of that month."
    plan_held: str | None = None
    last_recommended: str | None = None
    commitment_ends: str | None = None
    "First day on which leaving the plan held is free; None if it is unknown."
    exclude: tuple[str, ...] = ()
    "Plans to take off the menu. The plan held stays on it: staying is always possible."
    top_k: int | None = None
    "Most items in the answer; None for all."
    subscriber: str | None = None
    "The caller's name for the subscriber; it changes nothing in the answer."


def read_request(content: object) -> Request:
    """Return the request with this content, which is decoded JSON.

    Raises:
        ValueError: a value has the wrong type, or a field is missing.

    >>> read_request({"attributes": {"region": "north"}, "top_k": 1}).top_k
    1
    """
    try:
        return msgspec.convert(content, Request)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a request: {error}") from error


def fields_of(inputs: InputSchema) -> tuple[str, ...]:
    """Return the fields of a request that a run with these inputs reads, `subscriber` left out.

    >>> fields_of(InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False))
    ('attributes', 'exclude', 'top_k')
    """
    months = ("months", "as_of") if inputs.takes == "months" else ()
    held = ("plan_held", "last_recommended", "commitment_ends") if inputs.asks_held else ()
    return ("attributes", *months, *held, "exclude", "top_k")


def json_of(request: Request, fields: Iterable[str]) -> bytes:
    """Return these fields of a request as JSON.

    >>> json_of(read_request({"attributes": {}, "top_k": 1}), ["top_k", "exclude"])
    b'{"top_k":1,"exclude":[]}'
    """
    return msgspec.json.encode({name: getattr(request, name) for name in fields})
