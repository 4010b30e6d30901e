"""Recommend the most probable plan."""

from typing import ClassVar, Literal

import numpy as np

from planrec.contracts import Policy
from planrec.policy.narrow_menu import with_reasons_of_menu
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable


class MostProbable(Policy):
    """A policy that advises the most probable plan, or to stay if the subscriber holds it."""

    needs_bills: ClassVar[bool] = False

    kind: Literal["most_probable"]

    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Rank by probability, ties in plan order, plans outside the menu last.

        Reason codes: most_probable, already_held (stay), and those of `with_reasons_of_menu`.
        """
        score = np.where(table.menu, prediction.probability, -np.inf)
        ranking = np.argsort(-score, axis=1, kind="stable")
        recommended = ranking[:, 0].copy()
        decision = np.full(len(recommended), "recommend", dtype=object)
        reason = np.full(len(recommended), "most_probable", dtype=object)
        if table.held is not None:
            stay = recommended == table.held
            decision[stay], reason[stay] = "stay", "already_held"
        empty = ~table.menu.any(axis=1)
        recommended[empty], decision[empty], reason[empty] = -1, "abstain", "empty_menu"
        return with_reasons_of_menu(Decisions(recommended, decision, reason, ranking), table)
