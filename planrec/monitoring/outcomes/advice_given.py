"""The advice in the decision log to which outcomes may belong."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from planrec.errors import RunError
from planrec.runs.find import find_run
from planrec.runs.read import read_manifest
from planrec.schema.decision_rows import month_number
from planrec.serving.decision_log.database import Connection

MOST_NAMES = 250
"Names in one query; more of them are searched in a single pass over the log."
_COLUMNS = "recommendation_id, subscriber, time, run_id, run_sha256, answer"


class _AnswerPart(msgspec.Struct):
    """The part of an answer to which outcomes are matched."""

    as_of: str | None = None
    decision: str | None = None


class Given(NamedTuple):
    """One logged answer."""

    recommendation_id: str
    subscriber: str | None
    "Pseudonym."
    time: str
    run_id: str
    run_sha256: str
    as_of: str | None
    "Day of the decision; None if the run takes single rows."
    is_offer: bool
    "Whether it recommends a plan, which can be accepted or declined."

    @classmethod
    def of(cls, row: Sequence[str]) -> "Given":
        """Read the row of a query for `_COLUMNS`."""
        name, subscriber, time, run_id, run_sha256, answer = row
        try:
            part = msgspec.json.decode(answer, type=_AnswerPart)
        except msgspec.MsgspecError:
            part = _AnswerPart()
        return cls(
            name, subscriber, time, run_id, run_sha256, part.as_of, is_offer=part.decision == "recommend"
        )


class RunFacts(NamedTuple):
    """The facts of a run that the log does not hold."""

    horizon: int
    "Number of label months."
    plans: tuple[str, ...]


@dataclass(frozen=True)
class AdvisingRuns:
    """The runs that answered, read when they are needed."""

    outputs: Path
    "Folder in which runs are looked for."
    read: dict[str, RunFacts] = field(default_factory=dict)
    "sha256 of run.json -> its facts."
    missing: set[str] = field(default_factory=set)
    "Those of runs that are not there now."

    def looked_for_again(self) -> "AdvisingRuns":
        """Return the same runs, without those that were missing: they may be there now."""
        return replace(self, missing=set())

    def of(self, run_id: str, sha256: str) -> RunFacts | None:
        """Return the facts of a run; None if the run is not there."""
        if sha256 not in self.read and sha256 not in self.missing:
            try:
                manifest = read_manifest(find_run(self.outputs, run_id, sha256))
                self.read[sha256] = RunFacts(manifest.horizon, manifest.plans)
            except RunError:
                self.missing.add(sha256)
        return self.read.get(sha256)

    def plans(self, connection: Connection) -> set[str]:
        """Return the plans of all runs that answered and are there."""
        runs = connection.execute("SELECT DISTINCT run_id, run_sha256 FROM decisions").fetchall()
        return {plan for run in runs if (facts := self.of(*run)) for plan in facts.plans}


def label_months(as_of: str, horizon: int) -> range:
    """Return the months whose bills judge a decision, as months since January 1970.

    >>> label_months("1970-03-01", 2)
    range(2, 4)
    """
    first = month_number(as_of[:7])
    return range(first, first + horizon)


def given_by_name(connection: Connection, names: Iterable[str]) -> dict[str, Given]:
    """Return the answers with these ids."""
    return {given.recommendation_id: given for given in _given(connection, "recommendation_id", names)}


def given_by_subscriber(connection: Connection, pseudonyms: Iterable[str]) -> Mapping[str, list[Given]]:
    """Return the answers to subscribers by pseudonym, the latest decision first."""
    found = defaultdict(list)
    for given in _given(connection, "subscriber", pseudonyms):
        if given.subscriber is not None:
            found[given.subscriber].append(given)
    for answers in found.values():
        answers.sort(key=lambda given: (given.as_of or "", given.time), reverse=True)
    return found


def _given(connection: Connection, column: str, values: Iterable[str]) -> Iterator[Given]:
    # PostgreSQL refuses zero bytes, and no logged value has one.
    wanted = [value for value in dict.fromkeys(values) if "\0" not in value]
    if len(wanted) <= MOST_NAMES:
        marks = ", ".join("?" * len(wanted))
        # With a time, SQLite searches subscribers in the index, which begins with the time.
        statement = f"SELECT {_COLUMNS} FROM decisions WHERE {column} IN ({marks}) AND time >= ''"
        yield from map(Given.of, connection.execute(statement, wanted).fetchall() if wanted else ())
        return
    names, place = set(wanted), _COLUMNS.split(", ").index(column)
    for row in connection.stream(f"SELECT {_COLUMNS} FROM decisions"):
        if row[place] in names:
            yield Given.of(row)
