"""Reasons of decisions that no policy had a choice in, because no other plan is on the menu."""

from dataclasses import replace

import numpy as np

from planrec.schema.predictions import Decisions
from planrec.schema.tables import DecisionTable

ALL_EXCLUDED, NO_OTHER_PLAN, EMPTY_MENU = "all_excluded", "no_other_plan", "empty_menu"


def with_reasons_of_menu(decisions: Decisions, table: DecisionTable) -> Decisions:
    """Name the menu as the reason to stay or to abstain if it has no plan but the one held.

    `all_excluded`: the caller excluded every other plan that was on offer. `no_other_plan`: none was, because
    of sale, validity or eligibility, or the catalogue has a single plan. A menu without any plan is
    `all_excluded` or `empty_menu`. Too short a history stays the reason of a decision that has it.
    """
    n_offered = table.menu.sum(axis=1)
    is_narrow = (decisions.decision == "stay") & (n_offered == 1) | (n_offered == 0)
    if not is_narrow.any():
        return decisions
    excluded = np.zeros(len(table), bool) if table.excluded is None else table.excluded.any(axis=1)
    reason = decisions.reason.copy()
    reason[is_narrow] = np.where(n_offered == 1, NO_OTHER_PLAN, EMPTY_MENU)[is_narrow]
    reason[is_narrow & excluded] = ALL_EXCLUDED
    return replace(decisions, reason=reason)
