"""Reasons for single plans: the subscriber's own last months as codes, numbers and sentences."""

from functools import cached_property

import numpy as np

from planrec.catalogue.past_usage import PastUsage
from planrec.sentences.locale_formats import Language
from planrec.sentences.reason_builder import Reason, reason_builder


class PlanReasons:
    """Reasons for the plans of one table, written only for the rows that are asked for.

    Args:
        past: the last months of the table's subscribers.
        held: index of the plan held, shape (n,); -1 if unknown.
        switching_cost: shape (n, J), minor units; None if unknown.
        language: language of the sentences.
    """

    def __init__(
        self, past: PastUsage, held: np.ndarray, switching_cost: np.ndarray | None, language: Language
    ) -> None:
        self._builder = reason_builder(past.catalogue, language, is_exact=past.bill_basis == "exact")
        self._facts = _Facts(past, held, switching_cost)
        self._held_reasons: dict[int, list[Reason]] = {}

    def of_plan(self, row: int, plan: int) -> list[Reason]:
        """Explain a plan (its index) by the last months, against the plan held if it is known."""
        builder, facts = self._builder, self._facts
        held, months = facts.held[row], facts.months[row]
        reasons = []
        if months:
            reasons = [self._bill(row, plan), *self._against_held(row)]
            if plan != held:
                if covered := facts.covered[row][plan]:
                    reasons.append(builder.covered(plan, covered, months))
                reasons += self._over(row, plan, "offered")
        reasons.append(builder.fee(plan, -1 if held == plan else held))
        if facts.switching_cost is not None and (cost := facts.switching_cost[row][plan]) > 0:
            reasons.append(builder.switching_cost(plan, cost))
        if plan != held and builder.plans[plan].contract.commitment_months:
            reasons.append(builder.commitment(plan))
        return reasons

    def _against_held(self, row: int) -> list[Reason]:
        """Collect the reasons against the plan held, which are the same beside every plan."""
        found = self._held_reasons.get(row)
        if found is None:
            held = self._facts.held[row]
            found = [] if held < 0 else self._over(row, held, "held") + self._unused(row, held)
            self._held_reasons[row] = found
        return found

    def _bill(self, row: int, plan: int) -> Reason:
        facts = self._facts
        bills, held, months = facts.mean_bill[row], facts.held[row], facts.months[row]
        if held < 0 or held == plan:
            return self._builder.bill(plan, bills[plan], months)
        return self._builder.bill_against(plan, bills[plan], held, bills[held], months)

    def _over(self, row: int, plan: int, role: str) -> list[Reason]:
        builder, over, months = self._builder, self._facts.over[row], self._facts.months[row]
        return [
            builder.over(place, role, over[place], months) for place in builder.places[plan] if over[place]
        ]

    def _unused(self, row: int, held: int) -> list[Reason]:
        builder, used, months = self._builder, self._facts.used[row], self._facts.months[row]
        return [
            builder.unused(place, used[place], months)
            for place in builder.places[held]
            # An allowance counts as unused if the mean usage is below half of it.
            if 2 * used[place] < months * builder.metered[place].included
        ]


class _Facts:
    """The numbers behind reasons as lists, because reading single entries of arrays is slow."""

    def __init__(self, past: PastUsage, held: np.ndarray, switching_cost: np.ndarray | None) -> None:
        self._past = past
        self._switching_cost = switching_cost
        self.held: list[int] = held.tolist()
        self.months: list[int] = past.months.tolist()
        self.mean_bill: list[list[int]] = past.mean_bill.tolist()

    @cached_property
    def switching_cost(self) -> list[list[int]] | None:
        return None if self._switching_cost is None else self._switching_cost.tolist()

    @cached_property
    def over(self) -> list[list[int]]:
        return self._past.months_over.tolist()

    @cached_property
    def covered(self) -> list[list[int]]:
        return self._past.months_covered.tolist()

    @cached_property
    def used(self) -> list[list[int]]:
        return self._past.used.tolist()
