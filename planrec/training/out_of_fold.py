"""The out-of-fold table: decisions in the order of time, one row per decision, repeat and model."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from planrec.contracts import Fold, Policy
from planrec.schema.columns import Usage, lag
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, OutOfFold, Prediction
from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    import pandas as pd

PER_PLAN = {
    OutOfFold.PROBABILITY: "probability",
    OutOfFold.BILL: "bill_mean",
    OutOfFold.P10: "bill_p10",
    OutOfFold.P90: "bill_p90",
    OutOfFold.CHEAPER: "prob_cheaper",
}
"Column prefix -> field of Prediction."


@dataclass(frozen=True)
class FoldPrediction:
    """What one fold's model said about the rows that it never saw."""

    number: int
    fold: Fold
    policy: Policy
    "What decides about these rows: its threshold may have been chosen on the fold's training rows."
    prediction: Prediction
    chances: np.ndarray | None = None
    "Shape (n, J, 2): P(bill < what came), P(bill <= what came); None where the model cannot say."


def out_of_fold_table(
    model: str, table: DecisionTable, predicted: Sequence[FoldPrediction]
) -> "pd.DataFrame":
    """Decide what was predicted, and write it down."""
    import pandas as pd

    decile = usage_decile(table)
    parts = []
    for repeat in sorted({part.fold.repeat for part in predicted}):
        of_repeat = [part for part in predicted if part.fold.repeat == repeat]
        rows = np.concatenate([part.fold.test for part in of_repeat])
        number = np.repeat([part.number for part in of_repeat], [len(part.fold.test) for part in of_repeat])
        prediction = Prediction.joined([part.prediction for part in of_repeat])
        part_of_row = np.repeat(np.arange(len(of_repeat)), [len(part.fold.test) for part in of_repeat])
        policies = [part.policy for part in of_repeat]
        decided, last = decide_in_time(policies, part_of_row, table.take(rows), prediction)
        columns: dict[str, np.ndarray | int | str] = {
            OutOfFold.DECISION_ID: rows,
            OutOfFold.REPEAT: repeat,
            OutOfFold.FOLD: number,
            OutOfFold.MODEL: model,
        }
        columns |= _known(table.take(rows), last) | _said(table.plans, prediction, decided)
        if all(part.chances is not None for part in of_repeat):
            columns |= _chances(table.plans, np.concatenate([part.chances for part in of_repeat]))
        if decile is not None:
            columns[OutOfFold.USAGE_DECILE] = decile[rows]
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def decide_in_time(
    policies: Sequence[Policy], policy_of_row: np.ndarray, table: DecisionTable, prediction: Prediction
) -> tuple[Decisions, np.ndarray | None]:
    """Decide each subscriber's rows by as_of, each knowing the advice before it.

    `policy_of_row`, shape (n,): the position in `policies` of what decides about a row.

    Returns the decisions and that advice, shape (n,), -1 for the first; None where the plan held, which
    advice is compared with, plays no part.
    """
    n, width = table.menu.shape
    decided = Decisions(
        np.empty(n, np.int64), np.empty(n, object), np.empty(n, object), np.empty((n, width), np.int64)
    )
    if table.held is None or table.as_of is None:
        _decide(decided, policies, policy_of_row, table, prediction, np.arange(n))
        return decided, None
    who = np.unique(table.subscriber, return_inverse=True)[1]
    advice = np.full(len(table), -1, np.int64)
    before = np.full(len(table), -1, np.int64)
    for instant in np.unique(table.as_of):
        rows = np.flatnonzero(table.as_of == instant)
        before[rows] = advice[who[rows]]
        now = replace(table, last_recommended=before)
        _decide(decided, policies, policy_of_row, now, prediction, rows)
        advised = rows[decided.recommended[rows] >= 0]
        advice[who[advised]] = decided.recommended[advised]
    return decided, before


def _decide(
    decided: Decisions,
    policies: Sequence[Policy],
    policy_of_row: np.ndarray,
    table: DecisionTable,
    prediction: Prediction,
    rows: np.ndarray,
) -> None:
    """Write the decisions about these rows into `decided`."""
    for number in np.unique(policy_of_row[rows]):
        own = rows[policy_of_row[rows] == number]
        now = policies[number].decide(prediction.take(own), table.take(own))
        for field in fields(Decisions):
            getattr(decided, field.name)[own] = getattr(now, field.name)


def usage_decile(table: DecisionTable) -> np.ndarray | None:
    """1 to 10, shape (n,), by the mean MiB of the known months; None without usage."""
    lags = [
        name for ago in range(1, table.inputs.window + 1) if (name := lag(Usage.DATA_MIB, ago)) in table.X
    ]
    if not lags:
        return None
    total = sum(np.nan_to_num(table.X[name]) for name in lags)
    mean = total / np.maximum(known_months(table.X), 1)
    return 1 + np.argsort(np.argsort(mean, kind="stable"), kind="stable") * 10 // len(table)


def _known(table: DecisionTable, last: np.ndarray | None) -> dict[str, np.ndarray | int]:
    """What is known of each decision, and what turned out."""
    plans = np.array([*table.plans, None], dtype=object)  # the last one answers index -1: none
    columns: dict[str, np.ndarray | int] = {
        OutOfFold.SUBSCRIBER: table.subscriber,
        OutOfFold.Y: plans[table.y],
    }
    if table.as_of is not None:
        columns[OutOfFold.AS_OF] = table.as_of.astype("datetime64[s]")
    if table.held is not None:
        columns[OutOfFold.HELD] = plans[table.held]
        columns[OutOfFold.HORIZON] = table.horizon
    if last is not None:
        columns[OutOfFold.LAST_RECOMMENDED] = plans[last]
    money = {
        OutOfFold.FUTURE: table.future_bills,
        OutOfFold.SWITCHING: table.switching_cost,
        OutOfFold.HIDDEN: table.hidden_bills,
    }
    for index, plan in enumerate(table.plans):
        columns[OutOfFold.MENU + plan] = table.menu[:, index]
        columns |= {
            prefix + plan: bills[:, index] / table.minor_units
            for prefix, bills in money.items()
            if bills is not None
        }
    return columns | {OutOfFold.SEGMENT + name: values for name, values in table.segments.items()}


def _said(plans: tuple[str, ...], prediction: Prediction, decided: Decisions) -> dict[str, np.ndarray | int]:
    """What was predicted and decided."""
    named = np.array([*plans, None], dtype=object)
    columns: dict[str, np.ndarray | int] = {
        OutOfFold.RECOMMENDED: named[decided.recommended],
        OutOfFold.DECISION: decided.decision,
        OutOfFold.REASON: decided.reason,
    }
    for prefix, name in PER_PLAN.items():
        values = getattr(prediction, name)
        if values is not None:
            columns |= {prefix + plan: values[:, index] for index, plan in enumerate(plans)}
    return columns


def _chances(plans: tuple[str, ...], chances: np.ndarray) -> dict[str, np.ndarray]:
    """Where what came lies among what was thought possible."""
    return {
        prefix + plan: chances[:, index, side]
        for side, prefix in enumerate((OutOfFold.BELOW, OutOfFold.UPTO))
        for index, plan in enumerate(plans)
    }
