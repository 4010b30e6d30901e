"""Why this plan: what the subscriber's own last months say about it, in words.

What is said is `PastUsage`; here it becomes codes, numbers and sentences, of those rows that are asked for.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.policy.reason_builder import MOST_REMEMBERED, Reason, Words, words_of
from planrec.policy.reason_sentences import SENTENCES, Language, counted, sentence
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Reasons:
    """Reasons for the plans and decisions of one table; facts are computed once, when they are asked for."""

    table: DecisionTable
    catalogue: Catalogue | None
    "What plans are called."
    past: PastUsage | None
    "None: there are no bills, hence no reasons for plans; decisions have theirs."
    language: Language = "en"

    def of_plan(self, row: int, plan: int) -> list[Reason]:
        """What the last months say about a plan (its index), against the plan held where it is known."""
        if self.past is None:
            return []
        words, facts = self._words, self._facts
        held, months = facts.held[row], facts.months[row]
        reasons = []
        if months:
            reasons = [self._bill(row, plan), *self._of_held(row)]
            if plan != held:
                if covered := facts.covered[row][plan]:
                    reasons.append(words.covered(plan, covered, months))
                reasons += self._over(row, plan, "offered")
        reasons.append(words.fee(plan, -1 if held == plan else held))
        if facts.switching_cost is not None and (cost := facts.switching_cost[row][plan]) > 0:
            reasons.append(words.switching_cost(plan, cost))
        return reasons

    def of_decisions(self, decisions: Decisions) -> list[str]:
        """Why each row's decision: what decided, and what the plan advised would have cost."""
        rows = range(len(self.table))
        held = [-1] * len(self.table) if self.table.held is None else self.table.held.tolist()
        # Of a single plan there is no second one, which no sentence then asks for.
        best = decisions.ranking[:, [0, min(1, len(self._names) - 1)]].tolist()
        advised, reason = decisions.recommended.tolist(), decisions.reason.tolist()
        return [
            self._decided(row, reason[row], best[row], held[row])
            + (f" {self._first(row, advised[row]).sentence}" if advised[row] >= 0 and self.past else "")
            for row in rows
        ]

    def _decided(self, row: int, code: str, best: list[int], held: int) -> str:
        # Counting the months of a table costs more than all of the sentence: few sentences name them.
        months = int(self._known_months[row]) if code in _NAMES_MONTHS else 0
        return _decision_sentence(code, self._names, best[0], best[1], held, months, self.language)

    def _first(self, row: int, plan: int) -> Reason:
        """The first of the reasons for a plan."""
        if self._facts.months[row]:
            return self._bill(row, plan)
        held = self._facts.held[row]
        return self._words.fee(plan, -1 if held == plan else held)

    @cached_property
    def _words(self) -> Words:
        assert self.past is not None
        return words_of(self.past.catalogue, self.language, self.past.bill_basis == "exact")

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """What to call `table.plans`."""
        return self.table.plans if self.catalogue is None else _names_in(self.catalogue, self.table.plans)

    @cached_property
    def _known_months(self) -> np.ndarray:
        return known_months(self.table.X)

    @cached_property
    def _facts(self) -> "_Facts":
        assert self.past is not None
        return _Facts(self.past, self.table)

    @cached_property
    def _said_of_held(self) -> dict[int, list[Reason]]:
        return {}

    def _of_held(self, row: int) -> list[Reason]:
        """What speaks against the plan held: the same beside every plan."""
        found = self._said_of_held.get(row)
        if found is None:
            held = self._facts.held[row]
            found = [] if held < 0 else self._over(row, held, "held") + self._unused(row, held)
            self._said_of_held[row] = found
        return found

    def _bill(self, row: int, plan: int) -> Reason:
        facts = self._facts
        bills, held, months = facts.mean_bill[row], facts.held[row], facts.months[row]
        if held < 0 or held == plan:
            return self._words.bill(plan, bills[plan], months)
        return self._words.bill_against(plan, bills[plan], held, bills[held], months)

    def _over(self, row: int, plan: int, role: str) -> list[Reason]:
        words, over, months = self._words, self._facts.over[row], self._facts.months[row]
        return [words.over(place, role, over[place], months) for place in words.places[plan] if over[place]]

    def _unused(self, row: int, held: int) -> list[Reason]:
        words, used, months = self._words, self._facts.used[row], self._facts.months[row]
        return [
            words.unused(place, used[place], months)
            for place in words.places[held]
            # An allowance is called unused where the mean usage is below half of it.
            if 2 * used[place] < months * words.metered[place].included
        ]


class _Facts:
    """What is said in words, row by row: lists, because single entries of arrays are slow."""

    def __init__(self, past: PastUsage, table: DecisionTable) -> None:
        assert table.held is not None
        self._past = past
        self.held: list[int] = table.held.tolist()
        self.months: list[int] = past.months.tolist()
        self.mean_bill: list[list[int]] = past.mean_bill.tolist()
        self._costs = table.switching_cost

    @cached_property
    def switching_cost(self) -> list[list[int]] | None:
        return None if self._costs is None else self._costs.tolist()

    @cached_property
    def over(self) -> list[list[int]]:
        return self._past.months_over.tolist()

    @cached_property
    def covered(self) -> list[list[int]]:
        return self._past.months_covered.tolist()

    @cached_property
    def used(self) -> list[list[int]]:
        return self._past.used.tolist()


_NAMES_MONTHS = frozenset(code for code, texts in SENTENCES.items() if "{months}" in texts["en"])


@lru_cache(maxsize=64)
def _names_in(catalogue: Catalogue, plans: tuple[str, ...]) -> tuple[str, ...]:
    names = {plan.id: plan.name for plan in catalogue.plans}
    return tuple(names.get(plan, plan) for plan in plans)


@lru_cache(maxsize=MOST_REMEMBERED)
def _decision_sentence(
    code: str, names: tuple[str, ...], first: int, following: int, held: int, months: int, language: Language
) -> str:
    numbers = {
        "plan": names[first],
        "next": names[following],
        "held": names[held] if held >= 0 else "",
        "months": counted(months, "month", language),
    }
    return sentence(code, numbers, language)
