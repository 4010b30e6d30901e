"""Decisions of trained recommenders, and of the baselines, on one table with known outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planrec.config.run_config import RunConfig
from planrec.contracts import Fold
from planrec.cv.fold_assignment import complements, folds_of_subscribers, most_folds_of_subscribers
from planrec.errors import DataError
from planrec.features.columns_input import all_missing, kind_of
from planrec.recommending.recommender import Recommender
from planrec.schema.columns import Columns, InputSchema, lag
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import predict_out_of_fold
from planrec.training.out_of_fold import FoldPrediction, out_of_fold_table
from planrec.wording import did_you_mean, shown

if TYPE_CHECKING:
    import pandas as pd

N_FOLDS = 5
"Folds of subscribers in which baselines are fitted."
KINDS = {"number": "number", "boolean": "number", "date": "date", "text": "text"}
"Kind of an input column -> content of its array."


def evaluated_table(
    runs: Mapping[str, Recommender], table: DecisionTable, config: RunConfig
) -> "pd.DataFrame":
    """Decide every row of a table with each recommender as it is, and with the baselines of a config.

    Decisions of a subscriber follow each other in time, as in training. Baselines are fitted on the decisions
    of other subscribers of the table: most learn nothing, and `popular` counts plans.

    Args:
        runs: name in the table -> recommender.
        table: decisions with labels; its plans are those of every recommender.
        config: names the baselines, and the policy that decides for them.

    Returns:
        The columns of `OutOfFold`; one row per decision and model, those of the first recommender first.

    Raises:
        DataError: the table lacks inputs of a recommender, or has other plans.
    """
    import pandas as pd

    parts = [_decided(name, recommender, table) for name, recommender in runs.items()]
    folds = _folds(table, config.seed)
    if folds and config.baselines:
        baselines = {name: [model] * len(folds) for name, model in config.baselines.items()}
        parts.append(predict_out_of_fold(config, baselines, table, folds))
    return pd.concat(parts, ignore_index=True)


def with_plans(table: DecisionTable, plans: Sequence[str]) -> DecisionTable:
    """Return a table whose labels are numbered by the plans of a run.

    A table with bills has the plans of its catalogue, which must be those of the run.

    Raises:
        DataError: the table has plans that the run does not know, or bills of other plans.
    """
    if tuple(plans) == table.plans:
        return table
    place = np.array([plans.index(name) if name in plans else -1 for name in table.plans], np.int64)
    labels = place[table.labels]
    unknown = sorted({table.plans[label] for label in table.labels[labels < 0]})
    if unknown or table.future_bills is not None:
        raise DataError(
            "the plans of the data must be plans of the run",
            [
                f"{name!r} in {int((table.labels == table.plans.index(name)).sum())} rows"
                f"{did_you_mean(name, plans)}; the run knows {shown(plans)}; rename it with data.plan_names,"
                " or train a run that knows it"
                for name in unknown
            ]
            or [f"the data has {shown(table.plans)}, the run {shown(plans)}"],
        )
    menu = np.ones((len(table), len(plans)), bool)
    return replace(table, plans=tuple(plans), menu=menu, excluded=None, y=labels)


def check_inputs(runs: Mapping[str, Recommender], table: DecisionTable) -> None:
    """Check that a table has the inputs of every recommender.

    Raises:
        DataError: lists every column that is missing or of another kind, by run.
    """
    problems = [
        f"{name}: {problem}"
        for name, recommender in runs.items()
        for problem in _input_problems(recommender.inputs, table.X)
    ]
    if problems:
        raise DataError("the data lacks inputs that the runs were trained on", problems)


def _decided(name: str, recommender: Recommender, table: DecisionTable) -> "pd.DataFrame":
    check_inputs({name: recommender}, table)
    if recommender.plans != table.plans:
        raise DataError(f"{name} knows the plans {shown(recommender.plans)}, got {shown(table.plans)}")
    own = replace(table, X=_inputs_of(recommender.inputs, table), inputs=recommender.inputs)
    every_row = Fold(np.arange(0), np.arange(len(table)), 0)
    prediction, chances = recommender.predict(own), recommender.bill_chances(own)
    predicted = FoldPrediction(0, every_row, recommender.policy, prediction, chances)
    return out_of_fold_table(name, table, [predicted])


def _folds(table: DecisionTable, seed: int) -> list[Fold]:
    """Return folds of subscribers; none if no plan has two subscribers."""
    n_folds = min(N_FOLDS, most_folds_of_subscribers(table))
    if n_folds < 2:
        return []
    return list(complements([folds_of_subscribers(table, n_folds, np.random.default_rng(seed))]))


def _columns_of(inputs: InputSchema) -> dict[str, str]:
    """Return the content of each column of X that a recommender was trained on, in their order."""
    lags = [lag(usage, ago) for usage in inputs.usage for ago in range(1, inputs.window + 1)]
    return dict.fromkeys(lags, "number") | {column.becomes: KINDS[column.kind] for column in inputs.columns}


def _input_problems(inputs: InputSchema, X: Columns) -> list[str]:
    wanted = _columns_of(inputs)
    shown_names = {column.becomes: column.name for column in inputs.columns}
    missing = [
        f"{shown_names.get(name, name)!r} is missing{did_you_mean(shown_names.get(name, name), X)}"
        for name in wanted
        if name not in X
    ]
    return missing + [
        f"{shown_names.get(name, name)!r} must be {kind}, as in training, got {kind_of(X[name])}"
        for name, kind in wanted.items()
        if name in X and kind_of(X[name]) != kind and not all_missing(X[name])
    ]


def _inputs_of(inputs: InputSchema, table: DecisionTable) -> Columns:
    """Return the columns that a recommender was trained on, in their order; blank ones get their own kind."""
    blank = {
        "number": np.full(len(table), np.nan),
        "date": np.full(len(table), np.datetime64("NaT"), "datetime64[s]"),
        "text": np.full(len(table), None, object),
    }
    return {
        name: table.X[name] if kind_of(table.X[name]) == kind else blank[kind]
        for name, kind in _columns_of(inputs).items()
    }
