"""The out-of-fold table: one row per decision, repeat and model, decided in the order of time."""

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
    """Prediction of one fold's model for the test rows of the fold."""

    number: int
    fold: Fold
    policy: Policy
    "Policy for these rows; its threshold may be chosen on the fold's training rows."
    prediction: Prediction
    chances: np.ndarray | None = None
    "Shape (n, J, 2): P(bill < the bill that came), P(bill <= it); None if the model has no distribution."


def out_of_fold_table(
    model: str, table: DecisionTable, predicted: Sequence[FoldPrediction]
) -> "pd.DataFrame":
    """Decide the predicted rows, and return the table of one model."""
    import pandas as pd

    repeats = sorted({part.fold.repeat for part in predicted})
    parts = [
        pd.DataFrame(
            _repeat_columns(model, table, [part for part in predicted if part.fold.repeat == repeat])
        )
        for repeat in repeats
    ]
    return pd.concat(parts, ignore_index=True)


def _repeat_columns(
    model: str, table: DecisionTable, parts: Sequence[FoldPrediction]
) -> dict[str, np.ndarray | int | str]:
    """Build the columns of the folds of one repeat."""
    rows = np.concatenate([part.fold.test for part in parts])
    n_rows = [len(part.fold.test) for part in parts]
    tested = table.take(rows)
    prediction = Prediction.joined([part.prediction for part in parts])
    policies, policy_of_row = [part.policy for part in parts], np.repeat(np.arange(len(parts)), n_rows)
    decided, last = decide_in_time(policies, policy_of_row, tested, prediction)
    columns: dict[str, np.ndarray | int | str] = {
        OutOfFold.DECISION_ID: rows,
        OutOfFold.REPEAT: parts[0].fold.repeat,
        OutOfFold.FOLD: np.repeat([part.number for part in parts], n_rows),
        OutOfFold.MODEL: model,
    }
    columns |= _decision_columns(tested, last) | _prediction_columns(table.plans, prediction, decided)
    chances = [part.chances for part in parts if part.chances is not None]
    if len(chances) == len(parts):
        columns |= _chance_columns(table.plans, np.concatenate(chances))
    decile = usage_decile(table)
    if decile is not None:
        columns[OutOfFold.USAGE_DECILE] = decile[rows]
    return columns


def decide_in_time(
    policies: Sequence[Policy], policy_of_row: np.ndarray, table: DecisionTable, prediction: Prediction
) -> tuple[Decisions, np.ndarray | None]:
    """Decide each subscriber's rows in the order of as_of, so that each decision knows the advice before it.

    Args:
        policies: the policies of the folds.
        policy_of_row: position in `policies` of the policy of each row, shape (n,).
        table: the decisions.
        prediction: their predictions.

    Returns:
        The decisions, and the advice before each of them, shape (n,), -1 for the first. It has no
        advice (None) if the plan held is not part of the table, because advice is compared with it.
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
    """Write the decisions of these rows into `decided`."""
    for number in np.unique(policy_of_row[rows]):
        own = rows[policy_of_row[rows] == number]
        now = policies[number].decide(prediction.take(own), table.take(own))
        for field in fields(Decisions):
            getattr(decided, field.name)[own] = getattr(now, field.name)


def usage_decile(table: DecisionTable) -> np.ndarray | None:
    """Compute the decile of mean MiB in the known months, shape (n,), 1 to 10; None without usage."""
    lags = [
        name for ago in range(1, table.inputs.window + 1) if (name := lag(Usage.DATA_MIB, ago)) in table.X
    ]
    if not lags:
        return None
    total = sum(np.nan_to_num(table.X[name]) for name in lags)
    mean = total / np.maximum(known_months(table.X), 1)
    return 1 + np.argsort(np.argsort(mean, kind="stable"), kind="stable") * 10 // len(table)


def _decision_columns(table: DecisionTable, last: np.ndarray | None) -> dict[str, np.ndarray | int]:
    """Build the columns of each decision and its outcome."""
    plans = np.array([*table.plans, None], dtype=object)  # index -1, no plan, reads the last entry
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


def _prediction_columns(
    plans: tuple[str, ...], prediction: Prediction, decided: Decisions
) -> dict[str, np.ndarray | int]:
    """Build the columns of predictions and decisions."""
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


def _chance_columns(plans: tuple[str, ...], chances: np.ndarray) -> dict[str, np.ndarray]:
    """Build the columns of P(bill < the bill that came) and P(bill <= it)."""
    return {
        prefix + plan: chances[:, index, side]
        for side, prefix in enumerate((OutOfFold.BELOW, OutOfFold.UPTO))
        for index, plan in enumerate(plans)
    }
