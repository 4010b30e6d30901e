"""Requests -> answers: one decision table for all of them, and no answer depends on the other requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Literal, Self

import numpy as np

from planrec.answers.answer import (
    Answer,
    CatalogueName,
    Current,
    Item,
    ModelName,
    NotOffered,
    UsageBasis,
)
from planrec.answers.figures import PlanFigures, month_figures, plan_figures
from planrec.menu import why_not_offered
from planrec.policy import Language, Reasons
from planrec.recommender import Recommender
from planrec.schema import Decisions, DecisionTable, Prediction


def answers_of(
    recommender: Recommender,
    requests: Mapping[str, Mapping[str, Any]],
    model: ModelName,
    language: Language = "en",
) -> list[Answer]:
    """Answer requests whose values were checked, in their order.

    `requests` by `recommendation_id`, the only thing in an answer that does not follow from the request, the
    run and the language; `planrec.request_table` says what a request holds, and one may have `top_k` as well:
    the most items to name.

    Raises:
        RequestError: requests that the catalogue has no answer for.
    """
    if not requests:
        return []
    table = recommender.table(list(requests.values()))
    parts = [table]
    if not recommender.model.is_exact_by_row:
        parts = [table.take(np.array([row])) for row in range(len(table))]
    named = iter(requests.items())
    return [
        asked.answer(row, name, model, request)
        for asked in (_Asked.of(recommender, part, language) for part in parts)
        for row, (name, request) in enumerate(islice(named, len(asked.table)))
    ]


@dataclass(frozen=True)
class _Asked:
    """What was computed for all requests of a call."""

    recommender: Recommender
    table: DecisionTable
    prediction: Prediction
    decisions: Decisions
    reasons: Reasons

    @classmethod
    def of(cls, recommender: Recommender, table: DecisionTable, language: Language) -> Self:
        """Recommend to every row of a table."""
        past = recommender.past_use(table)
        prediction, decisions = recommender.recommend(table, past)
        return cls(recommender, table, prediction, decisions, recommender.reasons(table, language, past))

    def answer(self, row: int, name: str, model: ModelName, request: Mapping[str, Any]) -> Answer:
        """What one request is told."""
        catalogue = self.recommender.catalogue
        usage = self._usage_basis(row)
        knows_usage = usage is not None and usage.whose == "subscriber"
        return Answer(
            recommendation_id=name,
            as_of=self._as_of[row],
            currency=catalogue.currency if catalogue is not None and self._has_bills else None,
            usage_basis=usage,
            bill_basis=self._bill_basis if knows_usage else None,
            current=self._current(row),
            decision=self.decisions.decision[row],
            reason=self.decisions.reason[row],
            sentence=self._sentences[row],
            items=self._items(row, request.get("top_k")),
            not_offered=self._not_offered(row, request),
            model=model,
            catalogue=self._catalogue_name,
        )

    def _items(self, row: int, most: int | None) -> list[Item]:
        menu, probability, figures = self._menu[row], self._probability[row], self._figures[row]
        plans, of_plan = self.table.plans, self.reasons.of_plan
        ranked = [plan for plan in self._ranking[row] if menu[plan]][:most]
        return [
            Item(rank, plans[plan], probability[plan], *figures[plan], of_plan(row, plan))
            for rank, plan in enumerate(ranked, start=1)
        ]

    def _current(self, row: int) -> Current | None:
        held = self._held[row]
        return Current(self.table.plans[held], *self._figures[row][held][:3]) if held >= 0 else None

    def _not_offered(self, row: int, request: Mapping[str, Any]) -> list[NotOffered]:
        menu, excluded = self._menu[row], request.get("exclude") or ()
        return [
            NotOffered(plan, "excluded" if plan in excluded else self._refusal(row, position))
            for position, plan in enumerate(self.table.plans)
            if not menu[position]
        ]

    def _refusal(self, row: int, plan: int) -> Literal["not_sellable", "not_valid", "not_eligible"]:
        catalogue, as_of = self.recommender.catalogue, self.table.as_of
        if catalogue is None or as_of is None:
            raise ValueError("without a catalogue nothing but an exclusion takes a plan off the menu")
        return why_not_offered(catalogue.plans[plan], as_of[row])

    def _usage_basis(self, row: int) -> UsageBasis | None:
        if self._months is None:
            return None
        n_known, mean = self._months[row]
        return UsageBasis(
            n_known, self.table.inputs.window, "subscriber" if n_known else "population", mean or None
        )

    @cached_property
    def _has_bills(self) -> bool:
        return self.prediction.bill_mean is not None

    @cached_property
    def _bill_basis(self) -> Literal["exact", "approximate"] | None:
        return self.recommender.bill_basis(self.table) if self._has_bills else None

    @cached_property
    def _sentences(self) -> list[str]:
        return self.reasons.of_decisions(self.decisions)

    @cached_property
    def _as_of(self) -> list[str] | list[None]:
        as_of = self.table.as_of
        return [None] * len(self.table) if as_of is None else np.datetime_as_string(as_of).tolist()

    @cached_property
    def _held(self) -> list[int]:
        return [-1] * len(self.table) if self.table.held is None else self.table.held.tolist()

    @cached_property
    def _catalogue_name(self) -> CatalogueName | None:
        catalogue = self.recommender.catalogue
        return None if catalogue is None else CatalogueName.of(catalogue)

    @cached_property
    def _menu(self) -> list[list[bool]]:
        return self.table.menu.tolist()

    @cached_property
    def _ranking(self) -> list[list[int]]:
        return self.decisions.ranking.tolist()

    @cached_property
    def _probability(self) -> list[list[float]]:
        return self.prediction.probability.tolist()

    @cached_property
    def _figures(self) -> list[list[PlanFigures]]:
        return plan_figures(self.table, self.prediction)

    @cached_property
    def _months(self) -> list[tuple[int, dict[str, float]]] | None:
        return month_figures(self.table)
