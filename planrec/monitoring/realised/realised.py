"""Metrics of the advice that was given, beside baselines, promises, and the advice that was accepted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.errors import ConfigError
from planrec.metrics import (
    METRICS,
    JudgedRows,
    MetricValue,
    ReliabilityBin,
    evaluate,
    judged_rows_of,
    reliability_of_cheaper,
    required,
)
from planrec.metrics.money import harmed
from planrec.monitoring.realised.bill_check import BillCheck, bill_check
from planrec.monitoring.realised.judged_run import ADVISED, RECOMMENDATION_ID, RUN, RUN_SHA256
from planrec.monitoring.realised.realised_table import RealisedTable, realised_table
from planrec.runs.read import SavedRun
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log.search import Days

if TYPE_CHECKING:
    import pandas as pd

ACCEPTED = "accepted"
"The model in which subscribers moved if they accepted, and stayed otherwise."
PROMISED = "promised"
"Begins the name of the offline metrics of a run; `promised by RUN` if several runs are judged."

OF_EACH_RUN = ("regret", "harm_rate", "harm_gap")
"Metrics of each run alone."

By = Literal["plan_held", "segment", "run"]


class Harm(NamedTuple):
    """Advice to move to a plan that cost more than the plan held."""

    recommendation_id: str
    run: str
    as_of: str
    plan_held: str
    advised: str
    extra: float
    "Extra cost a month, the currency's major unit, the cost of the move included."
    accepted: bool | None
    "None if it is not known."


class Moves(NamedTuple):
    """Advice to move, by the answer of the subscriber."""

    advised: int
    accepted: int
    declined: int
    left: int
    unknown: int


@dataclass(frozen=True)
class Realised:
    """The advice of some days, judged by the bills that came."""

    days: Days
    table: RealisedTable
    currency: str
    decided: str
    "Days of the first and the last decision that is judged."
    metrics: Sequence[MetricValue]
    """Of `advised`, of `accepted` if any answer of a subscriber is known, and of the baselines on the same
    decisions. Empty if no advice can be judged, as are the following fields."""
    promised: Sequence[MetricValue]
    "Offline metrics of the runs, of models whose names begin with PROMISED."
    by: Mapping[str, Sequence[MetricValue]]
    "Group -> metrics of its advice."
    reliability: Sequence[ReliabilityBin]
    "P(cheaper) that was given, and how often it came true."
    moves: Moves
    harmed: Sequence[Harm]
    "The largest extra cost first."
    bills: BillCheck
    of_runs: Mapping[str, Sequence[MetricValue]] = field(default_factory=dict)
    "sha256 of run.json -> OF_EACH_RUN of its own advice; `planrec watch` and the server's metrics read them."

    @property
    def harm_rate(self) -> MetricValue | None:
        """The share of advice that harmed; None if it was not measured."""
        found = (value for value in self.metrics if (value.model, value.metric) == (ADVISED, "harm_rate"))
        return next(found, None)


def realised(url: str, outputs: Path, days: Days | None = None, by: By | None = None) -> Realised:
    """Judge the advice in a decision log by the bills of the months that came.

    Args:
        url: the decision log, see `Database`.
        outputs: folder in which the runs that answered are looked for.
        days: days of the decisions (`as_of`); None for all.
        by: also judge each plan held, each group of the protected columns, or each run on its own.

    Raises:
        LogError: the log cannot be read.
        ConfigError: the runs bill in different currencies, or no outcome names a group.
    """
    days = days or Days()
    return judged_by_bills(realised_table(url, outputs, days), days, by)


def judged_by_bills(table: RealisedTable, days: Days, by: By | None = None) -> Realised:
    """Compute the metrics of a table; see `realised`."""
    nothing = Moves(0, 0, 0, 0, 0)
    if table.rows is None:
        return Realised(days, table, "", "", (), (), {}, (), nothing, (), bill_check(()))
    currency = _currency_of(table.runs)
    advised = table.rows[table.rows[OutOfFold.MODEL] == ADVISED]
    judged = judged_rows_of(advised, ADVISED)
    rows = _with_accepted(table, advised)
    with threadpool_limits(1):
        return Realised(
            days=days,
            table=table,
            currency=currency,
            decided=_days_of(advised),
            metrics=_metrics(table.runs, rows),
            promised=list(_promised(table.runs)),
            by={group: _metrics(table.runs, part) for group, part in _groups(advised, table.runs, by)},
            reliability=reliability_of_cheaper(judged),
            moves=_moves(table, advised),
            harmed=_harms(table, advised, judged),
            bills=bill_check(table.bill_differences.values()),
            of_runs={run.sha256: _of_run(run, advised) for run in table.runs},
        )


def _days_of(advised: "pd.DataFrame") -> str:
    as_of = advised[OutOfFold.AS_OF]
    return str(Days(as_of.min().date(), as_of.max().date()))


def _currency_of(runs: Sequence[SavedRun]) -> str:
    found = sorted({run.recommender.catalogue.currency for run in runs if run.recommender.catalogue})
    if len(found) > 1:
        raise ConfigError(
            f"the runs of this advice bill in {', '.join(found)}, whose amounts cannot be added: name days"
            " with --since and --until on which one of them advised"
        )
    return found[0]


def _metrics(runs: Sequence[SavedRun], rows: "pd.DataFrame") -> list[MetricValue]:
    """Compute the metrics of the runs, with the draws of the latest run."""
    latest = runs[-1].manifest
    names = [
        name
        for name in dict.fromkeys(n for run in runs for n in run.manifest.metric_names)
        if name in METRICS
    ]
    rules = [model for model in rows[OutOfFold.MODEL].unique() if model != ADVISED]
    return evaluate(rows, names, latest.seed, latest.n_bootstrap, rules)


def _promised(runs: Sequence[SavedRun]) -> Iterator[MetricValue]:
    names = _names_of(runs)
    for run in runs:
        name = PROMISED if len(runs) == 1 else f"{PROMISED} by {names[run.sha256]}"
        yield from (replace(value, model=name) for value in run.manifest.own_values.values())


def _names_of(runs: Sequence[SavedRun]) -> dict[str, str]:
    """Return sha256 of run.json -> id of the run; two runs with one id have a part of the hash, too."""
    ids = [run.run_id for run in runs]
    return {
        run.sha256: run.run_id if ids.count(run.run_id) == 1 else f"{run.run_id} ({run.sha256[:8]})"
        for run in runs
    }


def _groups(
    advised: "pd.DataFrame", runs: Sequence[SavedRun], by: By | None
) -> "Iterator[tuple[str, pd.DataFrame]]":
    """Yield name and rows of each group.

    Raises:
        ConfigError: no outcome names a group of a protected column.
    """
    columns = {
        None: [],
        "plan_held": [OutOfFold.HELD],
        "run": [RUN_SHA256],  # another run may have the same id
        "segment": [name for name in advised.columns if name.startswith(OutOfFold.SEGMENT)],
    }[by]
    if by is not None and not columns:
        raise ConfigError(
            "no outcome names a group: files of planrec outcomes must have the protected columns of the run"
        )
    names = _names_of(runs)
    for column in columns:
        prefix = f"{column.removeprefix(OutOfFold.SEGMENT)} " if by == "segment" else ""
        for group, part in advised.groupby(column, sort=True):
            yield f"{prefix}{names.get(str(group), group)}", part


def _with_accepted(table: RealisedTable, advised: "pd.DataFrame") -> "pd.DataFrame":
    """Add the rows of `accepted`, if the answer of any subscriber is known."""
    import pandas as pd

    if table.rows is None or not any(table.events.values()):
        return advised
    has_accepted = np.array([ACCEPTED in table.events[name] for name in advised[RECOMMENDATION_ID]], bool)
    accepted = advised.assign(**{OutOfFold.MODEL: ACCEPTED})
    followed = accepted[OutOfFold.RECOMMENDED].where(has_accepted, accepted[OutOfFold.HELD])
    accepted[OutOfFold.RECOMMENDED] = followed
    # Subscribers do not forecast: these columns would repeat the metrics of the advice.
    forecasts = (OutOfFold.CHEAPER, OutOfFold.BELOW, OutOfFold.UPTO)
    accepted[[name for name in accepted.columns if name.startswith(forecasts)]] = np.nan
    others = table.rows[table.rows[OutOfFold.MODEL] != ADVISED]
    return pd.concat([advised, accepted, others], ignore_index=True)


def _of_run(run: SavedRun, advised: "pd.DataFrame") -> list[MetricValue]:
    rows = advised[advised[RUN_SHA256] == run.sha256]  # another run may have the same id
    return evaluate(rows, OF_EACH_RUN, run.manifest.seed, run.manifest.n_bootstrap)


def _moves(table: RealisedTable, advised: "pd.DataFrame") -> Moves:
    moves = advised[advised[OutOfFold.DECISION] == "recommend"]
    events = [table.events[name] for name in moves[RECOMMENDATION_ID]]
    accepted, declined, left = (
        sum(event in each for each in events) for event in ("accepted", "declined", "left")
    )
    return Moves(len(events), accepted, declined, left, sum(not each for each in events))


def _harms(table: RealisedTable, advised: "pd.DataFrame", judged: JudgedRows) -> list[Harm]:
    costs = required(judged.costs)
    extra = costs.of_advised - costs.of_held
    rows = np.flatnonzero(harmed(judged))
    columns = (RECOMMENDATION_ID, RUN, OutOfFold.AS_OF, OutOfFold.HELD, OutOfFold.RECOMMENDED)
    named = advised.iloc[rows][list(columns)].itertuples(index=False, name=None)
    found = [
        Harm(
            name, run, f"{as_of:%Y-%m-%d}", held, plan, round(float(amount), 6), _accepted(table.events[name])
        )
        for (name, run, as_of, held, plan), amount in zip(named, extra[rows], strict=True)
    ]
    return sorted(found, key=lambda harm: (-harm.extra, harm.recommendation_id))


def _accepted(events: set[str]) -> bool | None:
    return True if "accepted" in events else False if "declined" in events else None
