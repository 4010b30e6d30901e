"""Answer requests: one decision table for all of them.

No answer depends on the other requests.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from planrec.catalogue.menu import Refusal, why_not_offered
from planrec.catalogue.monthly_cost import expected_cost
from planrec.recommending.amounts import month_figures, plan_figures
from planrec.recommending.answer import (
    Answer,
    CatalogueName,
    Current,
    DecisionCode,
    Item,
    ModelName,
    NotOffered,
    UsageBasis,
)
from planrec.recommending.assumptions import assumptions_of
from planrec.recommending.recommender import Recommender
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable
from planrec.sentences import Language


def answers_of(
    recommender: Recommender,
    requests: Mapping[str, Request],
    model: ModelName,
    language: Language = "en",
) -> list[Answer]:
    """Answer requests whose values were checked, in their order.

    Args:
        recommender: the run that answers.
        requests: by `recommendation_id`, the only part of an answer that does not follow from the request,
            the run and the language.
        model: the name of the run in the answers.
        language: the language of the sentences.

    Raises:
        RequestError: the catalogue has no answer for some of the requests.
    """
    if not requests:
        return []
    table = recommender.table(list(requests.values()))
    parts = [table]
    if not recommender.model.traits.is_exact_by_row:
        parts = [table.take(np.array([row])) for row in range(len(table))]
    named = iter(requests.items())
    return [
        results.answer(row, name, model, request)
        for results in (_Results(recommender, part, language) for part in parts)
        for row, (name, request) in enumerate(islice(named, len(results.table)))
    ]


class _Results:
    """The results for all requests of a call, as lists: single entries of arrays are slow."""

    def __init__(self, recommender: Recommender, table: DecisionTable, language: Language) -> None:
        past = recommender.past_usage(table)
        prediction, decisions = recommender.recommend(table, past)
        n = len(table)
        self.recommender, self.table = recommender, table
        self.has_bills = prediction.bill_mean is not None
        self.bill_basis = past.bill_basis if past is not None and self.has_bills else None
        self.catalogue = None if recommender.catalogue is None else CatalogueName.of(recommender.catalogue)
        self.reasons = recommender.reasons(table, language, past)
        self.sentences = self.reasons.of_decisions(prediction, decisions)
        self.decision: list[DecisionCode] = decisions.decision.tolist()
        self.reason: list[str] = decisions.reason.tolist()
        self.ranking: list[list[int]] = decisions.ranking.tolist()
        self.probability: list[list[float]] = prediction.probability.tolist()
        self.figures = plan_figures(table, prediction, recommender.catalogue)
        bills = prediction.bill_mean
        self.cost: list[list[float]] | None = None if bills is None else expected_cost(bills, table).tolist()
        self.months = month_figures(table)
        self.menu: list[list[bool]] = table.menu.tolist()
        self.held: list[int] = [-1] * n if table.held is None else table.held.tolist()
        self.assumptions = assumptions_of(recommender, table, prediction)
        self.as_of: list[str | None] = [None] * n
        if table.as_of is not None:
            self.as_of = table.as_of.astype(str).tolist()

    def answer(self, row: int, name: str, model: ModelName, request: Request) -> Answer:
        """Return the answer to one request."""
        catalogue = self.recommender.catalogue
        usage = self._usage_basis(row)
        knows_usage = usage is not None and usage.whose == "subscriber"
        items = self._items(row, request.top_k)
        return Answer(
            recommendation_id=name,
            as_of=self.as_of[row],
            currency=catalogue.currency if catalogue is not None and self.has_bills else None,
            usage_basis=usage,
            bill_basis=self.bill_basis if knows_usage else None,
            assumptions=self.assumptions[row],
            current=self._current(row),
            decision=self.decision[row],
            advised=self.table.plans[self.ranking[row][0]] if self.decision[row] == "recommend" else None,
            reason=self.reason[row],
            sentence=self.sentences[row].full,
            sentence_short=self.sentences[row].short,
            items=items,
            not_offered=self._not_offered(row, request.exclude),
            model=model,
            catalogue=self.catalogue,
        )

    def _items(self, row: int, most: int | None) -> list[Item]:
        menu, probability, figures = self.menu[row], self.probability[row], self.figures[row]
        plans, of_plan = self.table.plans, self.reasons.of_plan
        ranked = list(enumerate([plan for plan in self.ranking[row] if menu[plan]][:most], start=1))
        if self.cost is not None:
            cost = self.cost[row]
            # Stable: equally cheap plans, and those of a row without bills (NaN), stay in the order of ranks.
            ranked.sort(key=lambda rank_and_plan: cost[rank_and_plan[1]])
        return [
            Item(rank, plans[plan], probability[plan], *figures[plan], of_plan(row, plan))
            for rank, plan in ranked
        ]

    def _current(self, row: int) -> Current | None:
        held = self.held[row]
        return Current(self.table.plans[held], *self.figures[row][held][:5]) if held >= 0 else None

    def _not_offered(self, row: int, excluded: Sequence[str]) -> list[NotOffered]:
        menu = self.menu[row]
        return [
            NotOffered(plan, "excluded" if plan in excluded else self._refusal(row, position))
            for position, plan in enumerate(self.table.plans)
            if not menu[position]
        ]

    def _refusal(self, row: int, plan: int) -> Refusal:
        catalogue, as_of = self.recommender.catalogue, self.table.as_of
        if catalogue is None or as_of is None:
            raise ValueError("without a catalogue only an exclusion takes a plan off the menu")
        longest_months = self.recommender.policy.commitment_rules.longest_months
        return why_not_offered(catalogue, plan, as_of[row], longest_months)

    def _usage_basis(self, row: int) -> UsageBasis | None:
        if self.months is None:
            return None
        n_known, mean = self.months[row]
        window = self.table.inputs.window
        whose: Literal["subscriber", "population"] = "subscriber" if n_known else "population"
        return UsageBasis(n_known, window, whose, mean or None, "domestic_chargeable")
