"""The hash chain over the entries of a log: a changed or missing entry breaks it.

Each entry has a position, 1, 2, 3 ..., and a chain value: the SHA-256 of the chain value before it and of its
own content. Decisions and events are entries of one chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from planrec.serving.acting_user import acting_user

GENESIS = "0" * 64
"The chain value before the first entry."
LAST_POSITION = 2**62
"No log has so many entries."

EventKind = Literal[
    "opened",
    "pin",
    "replay",
    "export",
    "audit",
    "count",
    "delete",
    "prune",
    "rotate_key",
    "score",
    "realised",
]
Content = Mapping[str, object]


class Removed(NamedTuple):
    """Entries that were removed, which come one after the other: the stub that stays of them."""

    first: int
    last: int
    chain: str
    "Chain value of the last one, on which the next entry builds."


class LoggedEvent(NamedTuple):
    """A row of the table `decision_events`: something that was done with the log or the pin."""

    time: str
    "UTC, ISO 8601 with microseconds."
    event: EventKind
    actor: str
    "User and machine."
    content: str
    "JSON: what the event is about."

    @classmethod
    def of(cls, event: EventKind, content: Content) -> "LoggedEvent":
        """Return an event of now, by the user of this process."""
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        return cls(time, event, acting_user(), msgspec.json.encode(content).decode())

    @property
    def facts(self) -> "ChainFacts | None":
        """The facts of the content about the chain; None if the content is not readable."""
        try:
            return msgspec.json.decode(self.content, type=ChainFacts)
        except (TypeError, msgspec.MsgspecError):
            return None

    @property
    def removed(self) -> Sequence[Removed]:
        """The stubs of the entries that this event removed."""
        return () if self.facts is None else self.facts.removed

    @property
    def unchained(self) -> int:
        """Rows without a chain value: found when the chain began, or removed since."""
        number = 0 if self.facts is None else self.facts.unchained
        return number if self.event == "opened" else -number


class ChainFacts(msgspec.Struct, frozen=True):
    """The part of an event's content that `verify` reads."""

    removed: Sequence[Removed] = ()
    unchained: int = 0


def digest(entry: Sequence[object]) -> bytes:
    r"""Return the SHA-256 of the values of an entry, written as a MessagePack array.

    MessagePack is as unambiguous as JSON, and takes half the time because it escapes nothing. A None at the
    end is left out: that is a `trace_id`, a column that rows of earlier builds lack.

    >>> digest(["a", None, 1.0]) == sha256(b"\x93\xa1a\xc0\xcb?\xf0" + bytes(6)).digest()
    True
    >>> digest(["a", None]) == digest(["a"])
    True
    """
    hashed = entry[:-1] if entry and entry[-1] is None else entry
    return sha256(msgspec.msgpack.encode(hashed)).digest()


def chained(chain: str, digests: Sequence[bytes]) -> Iterator[str]:
    """Yield the chain values of entries that follow each other.

    >>> one, two = chained(GENESIS, [digest(["a"]), digest(["b"])])
    >>> next(chained(one, [digest(["b"])])) == two
    True
    """
    for each in digests:
        chain = sha256(chain.encode() + each).hexdigest()
        yield chain
