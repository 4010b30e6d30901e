"""Promotions by retraining, judged by the hidden truth, which no gate can see."""

from dataclasses import dataclass

import numpy as np

from planrec.operating.rehearsal.month_files import MonthStore, name_of
from planrec.operating.rehearsal.setting import HORIZON
from planrec.operating.rehearsal.world import World
from planrec.recommending.recommender import Recommender
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Promotion:
    """A challenger that was pinned, beside the champion that it replaced."""

    date: str
    hidden_regret: float
    "Mean over all subscribers of the month, by true expected bills."
    of_champion: float
    margin: float

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse by more than the margin.

        Examples:
            >>> Promotion("2019-02-01", hidden_regret=1.5, of_champion=1.2, margin=0.2).is_worse
            True
        """
        return self.hidden_regret > self.of_champion + self.margin


def hidden_regret(
    world: World, recommender: Recommender, store: MonthStore, held: np.ndarray, month: int
) -> float:
    """Compute the mean regret of advising all subscribers of a month, by their true expected bills."""
    who, plans = world.present(month), world.plans.plan_ids
    table = _table(recommender, store, [(one, plans[held[one]]) for one in who.tolist()], month)
    _, decisions = recommender.recommend(table)
    position = np.array([*(plans.index(plan) for plan in recommender.plans), -1])
    advised = position[decisions.recommended]
    bills = world.hidden_bills[who, month : month + HORIZON].mean(axis=1)
    offered = world.offered(month, held[who])
    rows = np.arange(len(who))
    followed = np.where((advised >= 0) & offered[rows, advised], advised, held[who])
    return float((bills[rows, followed] - np.where(offered, bills, np.inf).min(axis=1)).mean())


def _table(
    recommender: Recommender, store: MonthStore, asked: list[tuple[int, str]], month: int
) -> DecisionTable:
    """Return the decisions of a month; plans that the run does not know are unknown."""
    requests = [
        Request(
            attributes={},
            months=store.window(who, month),
            as_of=f"{name_of(month)}-01",
            plan_held=held if held in recommender.plans else None,
        )
        for who, held in asked
    ]
    return recommender.table(requests)
