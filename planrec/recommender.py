"""The one code path: evaluation, batch files and the API all ask `Recommender.recommend`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from planrec.catalogue import Catalogue
from planrec.contracts import Model, Policy
from planrec.history import decision_rows
from planrec.schema import (
    HELD,
    Columns,
    Decisions,
    DecisionTable,
    InputColumn,
    InputSchema,
    Prediction,
    UsageHistory,
    lag,
)


@dataclass(frozen=True)
class Recommender:
    """A fitted pipeline and the policy that turns what it predicts into decisions."""

    pipeline: Pipeline
    model: Model
    "The option that built the pipeline's last step: what it reads and can."
    policy: Policy
    plans: tuple[str, ...]
    inputs: InputSchema
    catalogue: Catalogue | None

    def recommend(self, table: DecisionTable) -> tuple[Prediction, Decisions]:
        """Predict and decide. The answer for a row never depends on the other rows."""
        prediction = Prediction(probability=self._probability(table))
        return prediction, self.policy.decide(prediction, table)

    def table(self, requests: Sequence[Mapping[str, Any]]) -> DecisionTable:
        """The decision table of requests whose values were checked: `attributes`, or `months` as well.

        A request is `{"attributes": {name: value}}` or `{"months": [{"month": "2018-09", usage: value ...}],
        "attributes": {...}}`; None is a missing value. The decision falls after the last month given.
        """
        attributes = _attribute_columns([request["attributes"] for request in requests], self.inputs.columns)
        if self.inputs.takes == "months":
            columns, as_of = _month_columns([request["months"] for request in requests], self.inputs)
        else:
            columns, as_of = {}, None
        n = len(requests)
        return DecisionTable(
            X=columns | attributes,
            subscriber=np.arange(n),
            has_subscribers=False,
            plans=self.plans,
            menu=np.ones((n, len(self.plans)), bool),
            inputs=self.inputs,
            as_of=as_of,
        )

    def requests(self, table: DecisionTable) -> list[dict[str, Any]]:
        """The requests that `table` would turn into these decisions."""
        histories = _histories(table, self.inputs) if self.inputs.takes == "months" else [{}] * len(table)
        values = {column.name: _plain(table.X[column.becomes], column) for column in self.inputs.columns}
        return [
            history | {"attributes": {name: column[row] for name, column in values.items()}}
            for row, history in enumerate(histories)
        ]

    def _probability(self, table: DecisionTable) -> np.ndarray:
        """Shape (n, J): over all plans, 0 outside the menu, rows sum to 1."""
        probability = np.zeros(table.menu.shape)
        probability[:, self.pipeline.classes_] = self.pipeline.predict_proba(model_input(self.model, table))
        probability *= table.menu
        total = probability.sum(axis=1, keepdims=True)
        # All the mass outside the menu: nothing is known about the plans inside.
        equal = table.menu / table.menu.sum(axis=1, keepdims=True)
        return np.where(total > 0, probability / np.where(total > 0, total, 1.0), equal)


def model_input(model: Model, table: DecisionTable) -> Columns:
    """What `fit` and `predict_proba` of a pipeline get: X, and the plan held for models that read history."""
    if model.reads == "features" or table.held is None:
        return table.X
    return table.X | {HELD: np.where(table.held >= 0, table.held, np.nan).astype(np.float64)}


def _attribute_columns(rows: Sequence[Mapping[str, Any]], inputs: Sequence[InputColumn]) -> Columns:
    return {column.becomes: _array([row[column.name] for row in rows], column) for column in inputs}


def _array(values: list[Any], column: InputColumn) -> np.ndarray:
    if column.kind == "text":
        return np.array(values, dtype=object)
    if column.kind == "date":
        return np.array(values, dtype="datetime64[s]")
    return np.array(values, dtype=np.float64)


def _plain(array: np.ndarray, column: InputColumn) -> list[Any]:
    """Values as JSON has them; the inverse of `_array`."""
    if column.kind == "text":
        return list(array.tolist())
    if column.kind == "date":
        return [None if np.isnat(value) else str(value) for value in array]
    plain = [None if np.isnan(value) else float(value) for value in array]
    return [None if v is None else bool(v) for v in plain] if column.kind == "boolean" else plain


def _histories(table: DecisionTable, inputs: InputSchema) -> list[dict[str, Any]]:
    """The months behind the lag columns of each decision, oldest first."""
    if table.as_of is None:
        raise ValueError("decisions over months need an as_of")
    last_month = table.as_of.astype("datetime64[M]") - np.timedelta64(1, "M")
    lags = {name: [table.X[lag(name, ago)] for ago in range(1, inputs.window + 1)] for name in inputs.usage}
    known = ~np.isnan(lags[inputs.usage[0]])
    return [
        {
            "months": [
                {"month": str(last_month[row] - np.timedelta64(ago, "M"))}
                | {name: float(lags[name][ago][row]) for name in lags}
                for ago in reversed(range(inputs.window))
                if known[ago][row]
            ]
        }
        for row in range(len(table))
    ]


def _month_columns(
    histories: Sequence[Sequence[Mapping[str, Any]]], inputs: InputSchema
) -> tuple[Columns, np.ndarray]:
    """Lag columns and as_of, one row per history; months inside a history that are not given are silent."""
    filled = [_window(months, inputs) for months in histories]
    length = np.array([len(months) for months in filled])
    history = UsageHistory(
        subscriber=np.repeat(np.arange(len(filled)), length),
        month=np.array([month["month"] for months in filled for month in months], "datetime64[M]"),
        plan_held=np.full(int(length.sum()), -1, np.int32),
        plans=(),
        usage={
            name: np.array([month[name] for months in filled for month in months], np.float64)
            for name in inputs.usage
        },
    )
    decisions = decision_rows(history, None, inputs.window)
    last = np.cumsum(length) - 1
    return {name: array[last] for name, array in decisions.columns.items()}, decisions.as_of[last]


def _window(months: Sequence[Mapping[str, Any]], inputs: InputSchema) -> list[Mapping[str, Any]]:
    """The last `window` months from the first one given on; one that was not given is silent."""
    given = {np.datetime64(month["month"], "M"): month for month in months}
    after_last = max(given) + np.timedelta64(1, "M")
    first = max(min(given), after_last - np.timedelta64(inputs.window, "M"))
    silent = dict.fromkeys(inputs.usage, 0.0)
    return [given.get(month, {"month": month, **silent}) for month in np.arange(first, after_last)]
