"""Requests -> answers: one decision table for all of them, and no answer depends on the other requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from planrec.answers.amounts import decimals, numbers
from planrec.answers.answer import (
    Answer,
    CatalogueName,
    Current,
    Item,
    ItemReason,
    ModelName,
    NotOffered,
    UsageBasis,
)
from planrec.menu import why_not_offered
from planrec.policy import Language, Reason, decision_sentence
from planrec.recommender import Recommender, savings
from planrec.schema import Decisions, DecisionTable, Prediction, Usage, lag


def answers_of(
    recommender: Recommender,
    requests: Mapping[str, Mapping[str, Any]],
    model: ModelName,
    language: Language = "en",
) -> list[Answer]:
    """Answer requests whose values were checked, in their order.

    `requests` by `recommendation_id`, which is the only thing in an answer that the same request need not
    repeat; `planrec.request_table` says what a request holds, and one may have `top_k` as well.

    Raises:
        RequestError: requests that the catalogue has no answer for.
    """
    if not requests:
        return []
    table = recommender.table(list(requests.values()))
    prediction, decisions = recommender.recommend(table)
    asked = _Asked(recommender, table, prediction, decisions, language)
    return [asked.answer(row, name, model, request) for row, (name, request) in enumerate(requests.items())]


@dataclass(frozen=True)
class _Asked:
    """What was computed for all requests of a call."""

    recommender: Recommender
    table: DecisionTable
    prediction: Prediction
    decisions: Decisions
    language: Language

    def answer(self, row: int, name: str, model: ModelName, request: Mapping[str, Any]) -> Answer:
        """What one request is told."""
        as_of, decisions = self.table.as_of, self.decisions
        items = [
            self._item(rank, row, plan)
            for rank, plan in enumerate(self._menu_in_order(row)[: request.get("top_k")], start=1)
        ]
        return Answer(
            recommendation_id=name,
            as_of=None if as_of is None else str(as_of[row]),
            currency=self._currency,
            usage_basis=self._usage_basis(row),
            bill_basis=self._bill_basis,
            current=self._current(row),
            decision=decisions.decision[row],
            reason=decisions.reason[row],
            sentence=self._sentence(row, items),
            items=items,
            not_offered=self._not_offered(row, request),
            model=model,
            catalogue=self._catalogue,
        )

    def _menu_in_order(self, row: int) -> list[int]:
        menu = self._menu[row]
        return [plan for plan in self._ranking[row] if menu[plan]]

    def _item(self, rank: int, row: int, plan: int) -> Item:
        return Item(
            rank,
            self.table.plans[plan],
            self._probability[row][plan],
            *(None if values is None else values[row][plan] for values in self._money_and_chances),
            [
                _item_reason(reason)
                for reason in self.recommender.reasons(self.table, row, plan, self.language)
            ],
        )

    def _sentence(self, row: int, items: list[Item]) -> str:
        """Why this decision, and what the plan advised would have cost."""
        decided = decision_sentence(self.table, row, self.decisions, self._plan_names, self.language)
        advised = items[0].reasons[:1] if self.decisions.recommended[row] >= 0 else []
        return " ".join([decided, *(reason.sentence for reason in advised)])

    def _current(self, row: int) -> Current | None:
        held = -1 if self.table.held is None else int(self.table.held[row])
        if held < 0:
            return None
        bills = (None if values is None else values[row][held] for values in self._money_and_chances[:3])
        return Current(self.table.plans[held], *bills)

    def _not_offered(self, row: int, request: Mapping[str, Any]) -> list[NotOffered]:
        menu = self._menu[row]
        if all(menu):
            return []
        excluded, plans = request.get("exclude") or (), self.table.plans
        return [
            NotOffered(plan, "excluded" if plan in excluded else self._refusal(row, position))
            for position, plan in enumerate(plans)
            if not menu[position]
        ]

    def _refusal(self, row: int, plan: int) -> Any:
        catalogue, as_of = self.recommender.catalogue, self.table.as_of
        assert catalogue is not None
        assert as_of is not None, "without a catalogue nothing leaves the menu but what was excluded"
        return why_not_offered(catalogue.plans[plan], as_of[row])

    def _usage_basis(self, row: int) -> UsageBasis | None:
        if not self._usage:
            return None
        known = [ago for ago, value in enumerate(next(iter(self._usage.values()))[row]) if value == value]
        n = len(known)
        mean = {
            name: round(sum(values[row][ago] for ago in known) / n, 2)
            for name, values in self._usage.items()
            if n
        }
        whose = "subscriber" if n else "population"
        return UsageBasis(n, self.table.inputs.window, whose, mean or None)

    @cached_property
    def _has_bills(self) -> bool:
        return self.recommender.catalogue is not None and self.prediction.bill_mean is not None

    @cached_property
    def _currency(self) -> str | None:
        catalogue = self.recommender.catalogue
        return catalogue.currency if catalogue is not None and self._has_bills else None

    @cached_property
    def _bill_basis(self) -> Any:
        return self.recommender.bill_basis(self.table) if self._has_bills else None

    @cached_property
    def _catalogue(self) -> CatalogueName | None:
        catalogue = self.recommender.catalogue
        return catalogue and CatalogueName(catalogue.catalogue_id, catalogue.version, catalogue.sha256)

    @cached_property
    def _plan_names(self) -> list[str]:
        catalogue = self.recommender.catalogue
        return list(self.table.plans) if catalogue is None else [plan.name for plan in catalogue.plans]

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
    def _money_and_chances(self) -> tuple[list[list[Any]] | None, ...]:
        """The fields of `Item` from `expected_bill` to `prob_cheaper`."""
        found, saving = self.prediction, savings(self.table, self.prediction)
        amounts = (found.bill_mean, found.bill_p10, found.bill_p90, saving)
        amounts += (found.saving_p10, found.saving_p50, found.saving_p90)
        money = [decimals(amount, self.table.minor_units) for amount in amounts]
        return (*money, numbers(found.prob_cheaper))

    @cached_property
    def _usage(self) -> dict[str, list[list[float]]]:
        """Usage column -> its months by row, the latest first."""
        reach = range(1, self.table.inputs.window + 1)
        columns = {
            name: [self.table.X[lag(name, ago)] for ago in reach if lag(name, ago) in self.table.X]
            for name in Usage.ALL
        }
        return {name: np.stack(months, axis=1).tolist() for name, months in columns.items() if months}


def _item_reason(reason: Reason) -> ItemReason:
    return ItemReason(reason.code, str(reason.value), reason.unit, reason.sentence)
