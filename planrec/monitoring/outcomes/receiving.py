"""Outcomes come in: each is matched with advice of the decision log and stored once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from planrec.monitoring.outcomes.advice_given import AdvisingRuns
from planrec.monitoring.outcomes.matching import REASONS, Matching, Reason
from planrec.monitoring.outcomes.outcome import Outcome
from planrec.monitoring.outcomes.outcome_table import Row, State, append
from planrec.serving.decision_log.session import session


class NotApplied(NamedTuple):
    """An outcome that was not stored."""

    place: str
    reason: Reason


@dataclass(frozen=True)
class Received:
    """The result of receiving outcomes."""

    n_new: int
    n_repeated: int
    "Outcomes that were stored before with the same content."
    not_applied: Sequence[NotApplied]
    "In the order of the outcomes."

    @property
    def counts(self) -> dict[Reason, int]:
        """The number of outcomes that were not stored, by reason."""
        found = [each.reason for each in self.not_applied]
        return {reason: found.count(reason) for reason in REASONS if reason in found}


def receive(url: str, runs: AdvisingRuns, key_file: Path, outcomes: Sequence[Outcome]) -> Received:
    """Store outcomes beside the advice that they belong to; those that are stored already are skipped.

    An outcome with a `recommendation_id` belongs to that answer. A month that names a subscriber belongs to
    the latest advice whose label months contain it, and another event to the latest advice up to its month:
    `accepted` and `declined` to the latest that recommends a plan, if there is one. But if an earlier advice
    to the subscriber has the same event and month, it is that one again. A month of a subscriber never has
    two contents.

    Args:
        url: the decision log, see `Database`.
        runs: the runs of the answers; a server keeps those that were read.
        key_file: key of the pseudonyms; read only if an outcome names a subscriber.
        outcomes: late and repeated ones are fine, in any order.

    Raises:
        LogError: the log cannot be read or written; outcomes of earlier transactions are stored.
    """
    with session(url, "write outcomes to") as connection:
        matching = Matching(connection, runs.looked_for_again(), key_file, outcomes)
        found = [matching.rows_of(outcome) for outcome in outcomes]
        rows = [row for of_outcome in found if isinstance(of_outcome, list) for row in of_outcome]
        states = iter(append(connection, rows))
    return _received(outcomes, [_reason_or_states(each, states) for each in found])


def _reason_or_states(found: list[Row] | Reason, states: Iterator[State]) -> Reason | State:
    """Return the reason, or the state of the rows: first a conflict, then a new row, then a repeated one."""
    if not isinstance(found, list):
        return found
    of_rows = [next(states) for _ in found]
    return next(state for state in ("conflict", "new", "repeated") if state in of_rows)


def _received(outcomes: Sequence[Outcome], results: Sequence[Reason | State]) -> Received:
    refused = [
        NotApplied(outcome.place, result)
        for outcome, result in zip(outcomes, results, strict=True)
        if result != "new" and result != "repeated"
    ]
    return Received(results.count("new"), results.count("repeated"), refused)
