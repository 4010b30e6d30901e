"""The advice that each outcome belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from planrec.monitoring.outcomes.advice_given import (
    AdvisingRuns,
    Given,
    given_by_name,
    given_by_subscriber,
    label_months,
)
from planrec.monitoring.outcomes.outcome import NO_MONTH, Event, Outcome, encoded
from planrec.monitoring.outcomes.outcome_table import Row, stored_rows
from planrec.schema.decision_rows import month_number
from planrec.serving.decision_log import Keys
from planrec.serving.decision_log.database import Connection

Reason = Literal["no_advice", "no_month", "other_months", "no_run", "unknown_plan", "conflict"]
REASONS: dict[Reason, str] = {
    "no_advice": "the decision log has no advice with this id, or to this subscriber",
    "no_month": "accepted, declined and left need the month in which they happened, such as 2026-03, or a"
    " recommendation_id: without them, it is unknown to which advice to the subscriber they belong",
    "other_months": "the month is not one that judges the advice: it was before the decision, or too late",
    "no_run": "the run that gave the advice is not in the folder of runs, so its horizon is unknown",
    "unknown_plan": "no run that answered knows the plan held",
    "conflict": "the same event of the same month is stored with another content, which stays",
}
"Why an outcome was not stored."


@dataclass(frozen=True)
class Matching:
    """Outcomes, and the advice that they may belong to."""

    connection: Connection
    runs: AdvisingRuns
    key_file: Path
    outcomes: Sequence[Outcome]

    def rows_of(self, outcome: Outcome) -> list[Row] | Reason:
        """Return the rows of an outcome, one or one per pseudonym of the subscriber; or why it has none."""
        advice = self._advice_of(outcome)
        if not isinstance(advice, list):
            return advice
        plan = outcome.content.plan_held
        if plan is not None and not self._knows(plan, advice):
            return "unknown_plan"
        content = encoded(outcome.content)
        rows = [Row(given.recommendation_id, outcome.event, outcome.month, content) for given in advice]
        first = [
            self._first.setdefault((given.subscriber, outcome.event, outcome.month), row)
            for given, row in zip(advice, rows, strict=True)
            if given.subscriber is not None
        ]
        # A corrected month may come after later advice: a second row of the month would be ignored.
        is_one = outcome.event == "month" or outcome.recommendation_id is None
        return "conflict" if is_one and any(row.content != content for row in first) else rows

    def _advice_of(self, outcome: Outcome) -> list[Given] | Reason:
        if outcome.recommendation_id is not None:
            named = self._by_name.get(outcome.recommendation_id)
            found = [[named]] if named else []
        elif outcome.month == NO_MONTH:
            return "no_month"
        else:
            names = self._pseudonyms[outcome.subscriber or ""]
            found = [self._by_subscriber[name] for name in names if name in self._by_subscriber]
        if not found:
            return "no_advice"
        belongs = [self._one_of(answers, outcome) for answers in found]
        if advice := [given for given in belongs if given is not None]:
            return advice
        lost = all(self._horizon(given) is None for answers in found for given in answers)
        return "no_run" if lost else "other_months"

    def _one_of(self, answers: Sequence[Given], outcome: Outcome) -> Given | None:
        """Return the answer that has the outcome already, or else the latest one that it fits.

        Only offers are accepted or declined: an answer after the offer, such as `stay`, comes second.
        """
        first = self._first.get((answers[0].subscriber, outcome.event, outcome.month))
        stored = (given for given in answers if first and given.recommendation_id == first.recommendation_id)
        fitting = [given for given in answers if self._fits(outcome, given)]
        if outcome.event in ("accepted", "declined"):
            fitting.sort(key=lambda given: not given.is_offer)
        return next(stored, None) or next(iter(fitting), None)

    def _fits(self, outcome: Outcome, given: Given) -> bool:
        """Return whether advice may have this outcome."""
        if outcome.event != "month" and outcome.recommendation_id is not None:
            return True
        if given.as_of is None:
            return False
        if outcome.event != "month":
            return given.as_of[:7] <= outcome.month
        horizon = self._horizon(given)
        return horizon is not None and month_number(outcome.month) in label_months(given.as_of, horizon)

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
        """The pseudonyms, under all keys, of the subscribers whose advice is searched."""
        named = {o.subscriber for o in self.outcomes if o.subscriber and o.recommendation_id is None}
        keys = Keys.read(self.key_file) if named else None
        return {name: keys.pseudonyms(name) for name in named} if keys is not None else {}

    @cached_property
    def _by_subscriber(self) -> Mapping[str, list[Given]]:
        names = {name for pseudonyms in self._pseudonyms.values() for name in pseudonyms}
        of_months = {o.recommendation_id for o in self.outcomes if o.event == "month"} - {None}
        named = {given.subscriber for name, given in self._by_name.items() if name in of_months}
        return given_by_subscriber(self.connection, [*names, *(name for name in named - names if name)])

    @cached_property
    def _first(self) -> dict[tuple[str | None, Event, str], Row]:
        """Pseudonym, event and month -> the row that is stored, or that came first."""
        answers = [given for of_one in self._by_subscriber.values() for given in of_one]
        owners = {given.recommendation_id: given.subscriber for given in answers}
        first: dict[tuple[str | None, Event, str], Row] = {}
        for row in stored_rows(self.connection, owners):
            first.setdefault((owners[row.recommendation_id], row.event, row.month), row)
        return first
