"""The advice in the decision log, as it was given."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from planrec.schema.request import Request
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.logged_answer import LoggedRun
from planrec.serving.decision_log.search import Days

_COLUMNS = ("recommendation_id", "time", "subscriber", "request", "answer", *LoggedRun._fields)


class GivenItem(msgspec.Struct, gc=False):
    """The part of an item of an answer that is judged."""

    plan_id: str
    prob_cheaper: float | None = None


class GivenAnswer(msgspec.Struct, gc=False):
    """The part of an answer that is judged."""

    as_of: str | None
    decision: str
    advised: str | None
    reason: str
    items: list[GivenItem]


class PastAdvice(NamedTuple):
    """One logged answer and its request."""

    recommendation_id: str
    time: str
    subscriber: str | None
    "Pseudonym."
    run: LoggedRun
    request: Request
    answer: GivenAnswer

    @property
    def owner(self) -> str:
        """The subscriber; advice without one is on its own."""
        return self.subscriber or _alone(self.recommendation_id)

    @property
    def as_of(self) -> str:
        """Day of the decision; empty if the run takes single rows."""
        return self.answer.as_of or ""


class LoggedAdvice(NamedTuple):
    """The advice of some days."""

    advice: Sequence[PastAdvice]
    "In the order in which it was given."
    owners: Mapping[str, str]
    "recommendation_id -> `PastAdvice.owner`, of the advice of all days."
    unreadable: Sequence[str]
    "Ids of rows whose request or answer is not one that PlanRec wrote."


def read_advice(connection: Connection, days: Days) -> LoggedAdvice:
    """Read the advice whose decision is on these days."""
    statement = f"SELECT {', '.join(_COLUMNS)} FROM decisions ORDER BY time, recommendation_id"
    advice, owners, unreadable = list[PastAdvice](), dict[str, str](), list[str]()
    first, last = str(days.first), str(days.last)
    for each in _advice_in(connection.stream(statement)):
        if isinstance(each, str):
            unreadable.append(each)
            continue
        owners[each.recommendation_id] = each.owner
        if not each.as_of or first <= each.as_of <= last:
            advice.append(each)
    return LoggedAdvice(advice, owners, unreadable)


def read_advice_of(connection: Connection, run_sha256: str) -> LoggedAdvice:
    """Read the advice of one run, and all owners: months may belong to advice of another run."""
    found = connection.stream("SELECT recommendation_id, subscriber FROM decisions")
    owners = {name: subscriber or _alone(name) for name, subscriber in found}
    statement = (
        f"SELECT {', '.join(_COLUMNS)} FROM decisions WHERE run_sha256 = ? ORDER BY time, recommendation_id"
    )
    rows = connection.execute(statement, (run_sha256,)).fetchall()
    read = list(_advice_in(iter(rows)))
    advice = [each for each in read if isinstance(each, PastAdvice)]
    return LoggedAdvice(advice, owners, [each for each in read if isinstance(each, str)])


def _alone(recommendation_id: str) -> str:
    """Return the owner of advice without a subscriber."""
    return f"of {recommendation_id}"


def _advice_in(rows: Iterator[Sequence[str]]) -> Iterator[PastAdvice | str]:
    """Yield the advice in rows, or the id of a row that cannot be read."""
    requests, answers = msgspec.json.Decoder(Request), msgspec.json.Decoder(GivenAnswer)
    for name, time, subscriber, request, answer, *run in rows:
        try:
            yield PastAdvice(
                name, time, subscriber, LoggedRun(*run), requests.decode(request), answers.decode(answer)
            )
        except msgspec.MsgspecError:
            yield name
