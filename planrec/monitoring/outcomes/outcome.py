"""One outcome: something that came after advice."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import msgspec
from msgspec import Struct

from planrec.errors import LogError
from planrec.schema.request import Month

Event = Literal["month", "accepted", "declined", "left"]
EVENTS: tuple[Event, ...] = get_args(Event)
NO_MONTH = ""
"The month of an event that is not about a month: part of a unique key, which NULL could not be."


class Content(Struct, frozen=True, omit_defaults=True):
    """The facts of an outcome: empty for `accepted`, `declined` and `left`."""

    usage: Month | None = None
    plan_held: str | None = None
    "Plan held in the month."
    bill: str | None = None
    "The bill that the operator sent, a decimal in the currency's major unit."
    groups: Mapping[str, str] = {}
    "Protected column -> group of the subscriber."


class Outcome(NamedTuple):
    """An outcome as it arrives: for one recommendation, or for advice to a subscriber."""

    place: str
    "Its place in messages: a line of a file, or a JSON pointer."
    recommendation_id: str | None
    subscriber: str | None
    "Read only without `recommendation_id`; never stored."
    event: Event
    month: str
    "Such as 2026-03; NO_MONTH if the event is not about a month."
    content: Content = Content()


def encoded(content: Content) -> str:
    """Return the content as JSON: equal contents have equal texts.

    >>> encoded(Content(plan_held="smart"))
    '{"plan_held":"smart"}'
    """
    return msgspec.json.encode(content, order="sorted").decode()


def decoded(text: str) -> Content:
    """Return the content in a row of the table.

    Raises:
        LogError: the row was changed.

    >>> decoded('{"bill":"12.50"}').bill
    '12.50'
    """
    try:
        return msgspec.json.decode(text, type=Content)
    except msgspec.MsgspecError as error:
        raise LogError(f"the content of an outcome is not one that PlanRec wrote: {error}") from None
