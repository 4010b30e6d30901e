"""Reasons for the decisions and plans of a table, in sentences.

`PastUsage` computes the numbers; here they become codes, values and sentences.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.policy.plan_reasons import PlanReasons
from planrec.policy.reason_builder import CACHE_SIZE, Reason
from planrec.policy.reason_sentences import SENTENCES, Language, count_of, fill_sentence
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Reasons:
    """Reasons for the plans and decisions of one table; numbers are computed once, on first use."""

    table: DecisionTable
    catalogue: Catalogue | None
    "Gives the names of plans."
    past: PastUsage | None
    "None if there are no bills; then plans have no reasons, but decisions do."
    language: Language = "en"

    def of_plan(self, row: int, plan: int) -> list[Reason]:
        """Explain a plan (its index) by the last months, against the plan held if it is known."""
        return [] if self._plan_reasons is None else self._plan_reasons.of_plan(row, plan)

    def of_decisions(self, decisions: Decisions) -> list[str]:
        """Explain each row's decision: the rule that decided, and the past cost of the plan advised."""
        held = [-1] * len(self.table) if self.table.held is None else self.table.held.tolist()
        # With a single plan there is no second one, and no sentence that names it.
        best = decisions.ranking[:, [0, min(1, len(self._names) - 1)]].tolist()
        advised, reason = decisions.recommended.tolist(), decisions.reason.tolist()
        return [
            self._of_decision(row, reason[row], best[row], held[row]) + self._of_advice(row, advised[row])
            for row in range(len(self.table))
        ]

    def _of_decision(self, row: int, code: str, best: list[int], held: int) -> str:
        # Counting the months of a table takes longer than writing a sentence, and few sentences name them.
        months = int(self._known_months[row]) if code in _CODES_WITH_MONTHS else 0
        return _decision_sentence(code, self._names, best[0], best[1], held, months, self.language)

    def _of_advice(self, row: int, plan: int) -> str:
        if plan < 0 or self._plan_reasons is None:
            return ""
        return f" {self._plan_reasons.first(row, plan).sentence}"

    @cached_property
    def _plan_reasons(self) -> PlanReasons | None:
        if self.past is None or self.table.held is None:
            return None
        return PlanReasons(self.past, self.table.held, self.table.switching_cost, self.language)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Names of `table.plans`."""
        return self.table.plans if self.catalogue is None else _names_in(self.catalogue, self.table.plans)

    @cached_property
    def _known_months(self) -> np.ndarray:
        return known_months(self.table.X)


_CODES_WITH_MONTHS = frozenset(code for code, texts in SENTENCES.items() if "{months}" in texts["en"])


@lru_cache(maxsize=64)
def _names_in(catalogue: Catalogue, plans: tuple[str, ...]) -> tuple[str, ...]:
    names = {plan.id: plan.name for plan in catalogue.plans}
    return tuple(names.get(plan, plan) for plan in plans)


@lru_cache(maxsize=CACHE_SIZE)
def _decision_sentence(
    code: str, names: tuple[str, ...], first: int, following: int, held: int, months: int, language: Language
) -> str:
    numbers = {
        "plan": names[first],
        "next": names[following],
        "held": names[held] if held >= 0 else "",
        "months": count_of(months, "month", language),
    }
    return fill_sentence(code, numbers, language)
