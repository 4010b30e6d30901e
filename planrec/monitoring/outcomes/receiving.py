"""Outcomes come in: each is matched with advice of the decision log and stored once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from planrec.monitoring.outcomes.advice_given import (
    AdvisingRuns,
    Given,
    given_by_name,
    given_by_subscriber,
    label_months,
)
from planrec.monitoring.outcomes.outcome import NO_MONTH, Outcome, encoded
from planrec.monitoring.outcomes.outcome_table import Row, State, append
from planrec.schema.decision_rows import month_number
from planrec.serving.decision_log import Keys
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.session import session

Reason = Literal["no_advice", "other_months", "no_run", "unknown_plan", "conflict"]
REASONS: dict[Reason, str] = {
    "no_advice": "the decision log has no advice with this id, or to this subscriber",
    "other_months": "the month is not one that judges the advice: it was before the decision, or too late",
    "no_run": "the run that gave the advice is not in the folder of runs, so its horizon is unknown",
    "unknown_plan": "no run that answered knows the plan held",
    "conflict": "the same event of the same month is stored with another content, which stays",
}
"Why an outcome was not stored."


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


def receive(url: str, outputs: Path, key_file: Path, outcomes: Sequence[Outcome]) -> Received:
    """Store outcomes beside the advice that they belong to; those that are stored already are skipped.

    An outcome with a `recommendation_id` belongs to that answer. One that names a subscriber belongs to the
    latest advice whose label months contain its month, or to the latest advice if it has no month.

    Args:
        url: the decision log, see `Database`.
        outputs: folder in which the runs of the answers are looked for.
        key_file: key of the pseudonyms; read only if an outcome names a subscriber.
        outcomes: late and repeated ones are fine, in any order.

    Raises:
        LogError: the log cannot be read or written; outcomes of earlier transactions are stored.
    """
    with session(url, "write outcomes to") as connection:
        matching = _Matching(connection, AdvisingRuns(outputs), key_file, outcomes)
        found = [matching.rows_of(outcome) for outcome in outcomes]
        rows = [row for of_outcome in found if isinstance(of_outcome, list) for row in of_outcome]
        states = iter(append(connection, rows))
    return _received(outcomes, [_reason_or_states(each, states) for each in found])


_Found = list[Row] | Reason
"The rows of an outcome, or the reason for which it has none."


def _reason_or_states(found: _Found, states: Iterator[State]) -> Reason | State:
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


@dataclass(frozen=True)
class _Matching:
    """Outcomes, and the advice that they may belong to."""

    connection: Connection
    runs: AdvisingRuns
    key_file: Path
    outcomes: Sequence[Outcome]

    def rows_of(self, outcome: Outcome) -> _Found:
        """Return the rows of an outcome: one, or one per pseudonym of the subscriber."""
        advice = self._advice_of(outcome)
        if not isinstance(advice, list):
            return advice
        plan = outcome.content.plan_held
        if plan is not None and not self._knows(plan, advice):
            return "unknown_plan"
        content = encoded(outcome.content)
        return [Row(given.recommendation_id, outcome.event, outcome.month, content) for given in advice]

    def _advice_of(self, outcome: Outcome) -> list[Given] | Reason:
        if outcome.recommendation_id is not None:
            given = self._by_name.get(outcome.recommendation_id)
            found = [[given]] if given else []
        else:
            names = self._pseudonyms[outcome.subscriber or ""]
            found = [self._by_subscriber[name] for name in names if name in self._by_subscriber]
        if not found:
            return "no_advice"
        judged = [next((given for given in answers if self._fits(outcome, given)), None) for answers in found]
        if advice := [given for given in judged if given is not None]:
            return advice
        lost = all(self._horizon(given) is None for answers in found for given in answers)
        return "no_run" if lost else "other_months"

    def _fits(self, outcome: Outcome, given: Given) -> bool:
        """Return whether advice may have this outcome; without a month, or with an id, any event fits."""
        is_named = outcome.recommendation_id is not None and outcome.event != "month"
        if outcome.month == NO_MONTH or is_named:
            return True
        horizon = self._horizon(given)
        if horizon is None or given.as_of is None:
            return False
        return month_number(outcome.month) in label_months(given.as_of, horizon)

    def _horizon(self, given: Given) -> int | None:
        facts = self.runs.of(given.run_id, given.run_sha256)
        return None if facts is None else facts.horizon

    def _knows(self, plan: str, advice: Sequence[Given]) -> bool:
        """Return whether the run of the advice, or another run that answered, knows a plan."""
        facts = [self.runs.of(given.run_id, given.run_sha256) for given in advice]
        return any(each and plan in each.plans for each in facts) or plan in self._all_plans

    @cached_property
    def _all_plans(self) -> set[str]:
        return self.runs.plans(self.connection)

    @cached_property
    def _by_name(self) -> dict[str, Given]:
        return given_by_name(
            self.connection, (o.recommendation_id for o in self.outcomes if o.recommendation_id)
        )

    @cached_property
    def _pseudonyms(self) -> dict[str, list[str]]:
        """The pseudonyms, under all keys, of the subscribers that are named."""
        keys = Keys.read(self.key_file)
        return {
            o.subscriber: keys.pseudonyms(o.subscriber) for o in self.outcomes if o.subscriber is not None
        }

    @cached_property
    def _by_subscriber(self) -> Mapping[str, list[Given]]:
        names = [name for pseudonyms in self._pseudonyms.values() for name in pseudonyms]
        return given_by_subscriber(self.connection, names)
