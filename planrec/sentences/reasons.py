"""Reasons for the decisions and plans of a table, in sentences.

`PastUsage` and the prediction have the numbers; here they become codes, values and sentences.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences.decision_figures import figures_of
from planrec.sentences.decision_writer import Decision, Wording, sentence_of
from planrec.sentences.locale_formats import Language
from planrec.sentences.plan_reasons import PlanReasons
from planrec.sentences.reason_builder import Reason
from planrec.sentences.short_sentences import short_sentence_of


class Sentences(NamedTuple):
    """A decision in words."""

    full: str
    short: str
    "At most 160 units of text messages; see `short_sentence_of`."


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

    def of_decisions(self, prediction: Prediction, decisions: Decisions) -> list[Sentences]:
        """Explain the decision of each row by the figures that it was taken from."""
        wording = self._wording
        return [
            Sentences(sentence_of(decision, wording), short_sentence_of(decision, wording))
            for decision in self._decisions(prediction, decisions)
        ]

    def _decisions(self, prediction: Prediction, decisions: Decisions) -> list[Decision]:
        n, names = len(self.table), self._names
        # With a single plan there is no second one, and no sentence that names it.
        first, following = decisions.ranking[:, [0, min(1, len(names) - 1)]].T.tolist() if n else ([], [])
        held = [-1] * n if self.table.held is None else self.table.held.tolist()
        excluded = np.zeros((n, 1), bool) if self.table.excluded is None else self.table.excluded
        has_exclusions: np.ndarray = np.logical_or.reduce(excluded, axis=1)
        # Counting the months of a table takes long, and only abstaining sentences name them.
        months = self._known_months.tolist() if (decisions.decision == "abstain").any() else [0] * n
        figures = figures_of(self.table, prediction, decisions, self.past)
        return [
            Decision(code, reason, names[plan], names[after], names[own], *rest)
            for code, reason, plan, after, own, *rest in zip(
                decisions.decision.tolist(),
                decisions.reason.tolist(),
                first,
                following,
                held,
                months,
                has_exclusions.tolist(),
                figures,
                strict=True,
            )
        ]

    @property
    def _wording(self) -> Wording:
        catalogue = self.catalogue
        return Wording(
            self.language,
            "" if catalogue is None else catalogue.currency,
            0 if catalogue is None else catalogue.exponent,
            self.table.horizon,
            is_exact=self.past is None or self.past.bill_basis == "exact",
            knows_usage=self.table.inputs.takes == "months",
        )

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


@lru_cache(maxsize=64)
def _names_in(catalogue: Catalogue, plans: tuple[str, ...]) -> tuple[str, ...]:
    names = {plan.id: plan.name for plan in catalogue.plans}
    return tuple(names.get(plan, plan) for plan in plans)
