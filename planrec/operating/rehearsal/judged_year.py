"""The advice of both sides as out-of-fold tables, judged by the bills that came and by the hidden truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planrec.metrics import Estimate, draws_of, metric_draws
from planrec.metrics.intervals import interval_of
from planrec.operating.rehearsal.advice import DayOfAdvice
from planrec.operating.rehearsal.month_files import name_of
from planrec.operating.rehearsal.setting import HORIZON
from planrec.operating.rehearsal.world import World
from planrec.schema.predictions import OutOfFold

REGRET, HIDDEN, HARM = "regret", "regret_hidden", "harm_rate"
ON, OFF = "on", "off"
MONTH = "month"


@dataclass(frozen=True)
class MonthlyFigures:
    """One metric of a month, or of the whole rehearsal, on both sides."""

    metric: str
    month: str | None
    "None for the whole rehearsal."
    on: Estimate
    off: Estimate
    ratio: Estimate
    "On divided by off, paired."
    n_decisions: int


def table_of(world: World, side: str, advice: Sequence[DayOfAdvice]) -> pd.DataFrame:
    """Make the rows of one side, those left out whose subscriber left before the last judged month.

    A plan that cannot be bought on the day is no advice: the subscriber stays.
    """
    parts = [_rows_of(world, day) for day in advice]
    rows = pd.concat(parts, ignore_index=True)
    rows[OutOfFold.DECISION_ID] = np.arange(len(rows))
    rows[OutOfFold.MODEL] = side
    gone = world.leaves[rows[OutOfFold.SUBSCRIBER].to_numpy() - 1] < rows["ends"].to_numpy()
    return rows[~gone].drop(columns="ends")


def _rows_of(world: World, day: DayOfAdvice) -> pd.DataFrame:
    plans, who = np.array([*world.plans.plan_ids, None], object), day.subscriber
    offered = world.offered(day.month, day.held)
    follows = np.where((day.advised >= 0) & offered[np.arange(len(who)), day.advised], day.advised, -1)
    window = slice(day.month, day.month + HORIZON)
    columns: dict[str, object] = {
        OutOfFold.SUBSCRIBER: who + 1,
        OutOfFold.REPEAT: 0,
        OutOfFold.AS_OF: np.datetime64(f"{name_of(day.month)}-{day.day:02d}", "s"),
        OutOfFold.HELD: plans[day.held],
        OutOfFold.RECOMMENDED: plans[follows],
        OutOfFold.HORIZON: HORIZON,
        MONTH: name_of(day.month),
        "ends": day.month + HORIZON,
    }
    realised, hidden = (bills[who, window].sum(axis=1) for bills in (world.bills, world.hidden_bills))
    columns[OutOfFold.Y] = plans[np.where(offered, realised, np.inf).argmin(axis=1)]
    for index, plan in enumerate(world.plans.plan_ids):
        columns[OutOfFold.PROBABILITY + plan] = (follows == index).astype(float)
        columns[OutOfFold.MENU + plan] = offered[:, index]
        columns[OutOfFold.FUTURE + plan] = realised[:, index]
        columns[OutOfFold.HIDDEN + plan] = hidden[:, index]
        columns[OutOfFold.SWITCHING + plan] = 0.0  # the ladder charges nothing for a change
    return pd.DataFrame(columns)


def figures_of(tables: Mapping[str, pd.DataFrame], seed: int, n_bootstrap: int) -> list[MonthlyFigures]:
    """Compute every metric of the whole rehearsal, then by month, with intervals over subscribers."""
    months: list[str | None] = [None, *sorted(set(tables[ON][MONTH]))]
    return [
        _figures(metric, month, tables, (seed, n_bootstrap))
        for metric in (REGRET, HIDDEN, HARM)
        for month in months
    ]


def _figures(
    metric: str, month: str | None, tables: Mapping[str, pd.DataFrame], draws: tuple[int, int]
) -> MonthlyFigures:
    rows = {side: table if month is None else table[table[MONTH] == month] for side, table in tables.items()}
    drawn = draws_of(rows[ON], *draws)
    on, off = (metric_draws(rows[side], metric, drawn) for side in (ON, OFF))
    ratio = np.divide(on, off, out=np.full_like(on, np.nan), where=off != 0)
    return MonthlyFigures(metric, month, estimate(on), estimate(off), estimate(ratio), len(rows[ON]))


def estimate(draws: np.ndarray) -> Estimate:
    """Return the value, which is the first draw, with its interval.

    Examples:
        >>> estimate(np.array([0.5, 0.0, 1.0]))
        Estimate(value=0.5, low=0.025, high=0.975)
    """
    return Estimate(float(draws[0]), *interval_of(draws))
