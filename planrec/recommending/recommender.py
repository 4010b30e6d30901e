"""The one code path: evaluation, batch files and the API all ask `Recommender.recommend`."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from planrec.calibration import Calibrated
from planrec.catalogue import Catalogue
from planrec.catalogue.monthly_cost import expected_cost
from planrec.catalogue.past_usage import PastUsage
from planrec.contracts import (
    BillCorrector,
    BillDistribution,
    BillForecaster,
    Blend,
    BlendModel,
    Classifier,
    FeatureSet,
    Model,
    Policy,
)
from planrec.errors import DataError
from planrec.policy import Language, Reasons
from planrec.recommending.request_table import table_of
from planrec.schema.columns import AS_OF, HELD, Columns, InputSchema
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, PastBills, Prediction
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Recommender:
    """A fitted pipeline and the policy that turns what it predicts into decisions."""

    pipeline: Pipeline
    features: FeatureSet
    model: Model
    "The options that built the pipeline: what it reads and can."
    policy: Policy
    plans: tuple[str, ...]
    inputs: InputSchema
    horizon: int
    "Months after the decision that an expected bill is the mean of; 0 where nothing looks ahead."
    catalogue: Catalogue | None

    @cached_property
    def estimator(self) -> Classifier:
        """The fitted estimator of the model: the last step of the pipeline, without its calibration."""
        _, last = self.pipeline.steps[-1]
        estimator: Classifier = last.estimator if isinstance(last, Calibrated) else last
        return estimator

    def recommend(self, table: DecisionTable, past: PastUsage | None = None) -> tuple[Prediction, Decisions]:
        """Predict and decide. The answer for a row never depends on the other rows.

        `past` is `past_usage` of the table, for callers that ask for `reasons` too.
        """
        prediction = self.predict(table, past)
        return prediction, self.policy.decide(prediction, table)

    def past_usage(self, table: DecisionTable) -> PastUsage | None:
        """What the last months were on every plan; None where nobody asks: no catalogue, or no plan held."""
        if self.catalogue is None or table.held is None:
            return None
        return PastUsage(table.X, self.catalogue)

    def predict(self, table: DecisionTable, past: PastUsage | None = None) -> Prediction:
        """Probabilities over the menu, and bills where there is a catalogue and a plan held."""
        past = past or self.past_usage(table)
        if self._members is not None:
            return self._blended(self._members, table, past)
        X = self._transformed(model_input(self.features, self.model, table))
        bills = self._bills(X, table, past)
        if bills is None:
            bill_mean = None if past is None else past.expected_bill
            return Prediction(self._probability(table, X), bill_mean=bill_mean)
        probability = self._probability(table, X, bills.pop("probability", None))
        if not self.model.traits.knows_population:
            bills = _of_the_known(bills, table)
        return Prediction(probability, **bills, ranks_by_bill=True)

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same recommender over the plans of another catalogue, without training.

        Raises:
            DataError: the model ranks no plan that it has not learned.
        """
        if not self.model.traits.ranks_unseen_plans:
            raise DataError(
                f"model={self.model.kind} ranks only plans that it was trained on: train it again"
            )
        name, estimator = self.pipeline.steps[-1]
        if isinstance(estimator, Calibrated):
            raise DataError("a calibration knows only the plans that it was fitted on: calibration=none")
        asked_anew = copy(estimator).set_params(catalogue=catalogue.json_text)
        asked_anew.classes_ = np.arange(len(catalogue.plans))
        pipeline = Pipeline([*self.pipeline.steps[:-1], (name, asked_anew)])
        return replace(self, pipeline=pipeline, plans=tuple(catalogue.plan_ids), catalogue=catalogue)

    def bill_chances(self, table: DecisionTable) -> np.ndarray | None:
        """P(bill < what came) and P(bill <= what came), shape (n, J, 2); None where nobody can say."""
        if not isinstance(self.estimator, BillDistribution) or table.future_bills is None:
            return None
        X = self._transformed(model_input(self.features, self.model, table))
        return self.estimator.bill_chances(X, table.future_bills)

    def table(self, requests: Sequence[Request]) -> DecisionTable:
        """Return the decision table of requests whose values were checked."""
        return table_of(requests, self.inputs, self.plans, self.horizon, self.catalogue)

    def reasons(self, table: DecisionTable, language: Language, past: PastUsage | None = None) -> Reasons:
        """Why these plans and decisions, from the subscribers' own months: made once per table."""
        return Reasons(table, self.catalogue, past or self.past_usage(table), language)

    # Kept: an `isinstance` of a protocol takes as long as a good part of one answer.
    @cached_property
    def _members(self) -> "_Members | None":
        """The members of a blend and their weights; None for a single model."""
        blend, model = self.estimator, self.model
        if not isinstance(blend, Blend) or not isinstance(model, BlendModel):
            return None
        recommenders = [
            replace(self, pipeline=pipeline, model=model.blend[name])
            for name, pipeline in zip(blend.names, blend.pipelines, strict=True)
        ]
        # Ask all members, not only those with a weight: other folds may have kept others.
        all_forecast = all(member.traits.forecasts_bills for member in model.blend.values())
        return _Members(recommenders, blend.weights, all_forecast)

    def _blended(self, members: "_Members", table: DecisionTable, past: PastUsage | None) -> Prediction:
        """Return the weighted mean of the members' predictions."""
        predictions = [member.predict(table, past) for member in members.recommenders]
        answer = blended(predictions, members.weights)
        return replace(answer, ranks_by_bill=answer.ranks_by_bill and members.all_forecast)

    @cached_property
    def _forecaster(self) -> BillForecaster | None:
        return self.estimator if isinstance(self.estimator, BillForecaster) else None

    @cached_property
    def _corrector(self) -> BillCorrector | None:
        return self.estimator if isinstance(self.estimator, BillCorrector) else None

    def _bills(self, X: Any, table: DecisionTable, past: PastUsage | None) -> dict[str, np.ndarray] | None:
        """Return the model's own bills; None if it has none, or if there is no catalogue or plan held."""
        if past is None:
            return None
        if self._corrector is not None:
            return self._corrector.correct_bills(X, past_bills(table, past))
        return None if self._forecaster is None else self._forecaster.predict_bills(X)

    def _transformed(self, X: Columns) -> Any:
        """What the last step of the pipeline is given: step by step, as a Pipeline's slice takes its time."""
        given: Any = X
        for _, step in self.pipeline.steps[:-1]:
            given = step.transform(given)
        return given

    def _probability(self, table: DecisionTable, X: Any, of_classes: np.ndarray | None = None) -> np.ndarray:
        """Return probabilities over all plans, shape (n, J), 0 outside the menu; rows sum to 1.

        `of_classes`, shape (n, n_classes), are those of the estimator if they are known already.
        """
        if of_classes is None:
            of_classes = self.estimator.predict_proba(X)
        _, last = self.pipeline.steps[-1]
        if isinstance(last, Calibrated):
            of_classes = last.calibrator.transform(of_classes)
        probability = np.zeros(table.menu.shape)
        probability[:, self.estimator.classes_] = of_classes
        probability *= table.menu
        total = probability.sum(axis=1, keepdims=True)
        if (total > 0).all():
            return probability / total
        # All the mass outside the menu: nothing is known about the plans inside.
        equal = table.menu / np.maximum(table.menu.sum(axis=1, keepdims=True), 1)
        return np.where(total > 0, probability / np.where(total > 0, total, 1.0), equal)


@dataclass(frozen=True)
class _Members:
    """The members of a blend, ready to predict."""

    recommenders: list[Recommender]
    weights: list[float]
    all_forecast: bool
    "Whether every member forecasts bills."


def blended(predictions: Sequence[Prediction], weights: Sequence[float] | np.ndarray) -> Prediction:
    """The weighted mean of what all of them can say; weights sum to 1.

    Quantiles are averaged as well (Vincent averaging): no quantiles of a mixture, but between the members'.
    """
    fields = set.intersection(*(set(prediction.arrays) for prediction in predictions))
    means = {}
    for name in sorted(fields):
        means[name] = sum(
            weight * getattr(prediction, name)
            for weight, prediction in zip(weights, predictions, strict=True)
            if weight
        )
    ranks_by_bill = all(prediction.ranks_by_bill for prediction in predictions)
    return Prediction(**means, ranks_by_bill=ranks_by_bill)


def _of_the_known(bills: dict[str, np.ndarray], table: DecisionTable) -> dict[str, np.ndarray]:
    """The bills with NaN where no month is known: what is told of nobody's months is nobody's bill."""
    unknown = known_months(table.X) == 0
    if not unknown.any():
        return bills
    return {name: np.where(unknown[:, None], np.nan, values) for name, values in bills.items()}


def past_bills(table: DecisionTable, past: PastUsage) -> PastBills:
    """What models start from that correct what the last months would have cost."""
    held = np.full(len(table), -1) if table.held is None else table.held
    return PastBills(past.expected_bill, held, max(table.horizon, 1))


def savings(table: DecisionTable, prediction: Prediction) -> np.ndarray | None:
    """What each plan is expected to save a month against the plan held, shape (n, J), major unit.

    The switching cost is spread over the horizon. NaN where the plan held is unknown; None without bills.
    """
    if prediction.bill_mean is None or table.held is None or table.switching_cost is None:
        return None
    cost = expected_cost(prediction.bill_mean, table)
    held = cost[np.arange(len(cost)), table.held]
    return np.where(table.held >= 0, held, np.nan)[:, None] - cost


def model_input(features: FeatureSet, model: Model, table: DecisionTable) -> Columns:
    """What `fit` and `predict_proba` of a pipeline get: X, and the plan held and the instant where read."""
    read = dict(table.X)
    if (model.traits.reads == "history" or features.reads_held) and table.held is not None:
        read[HELD] = np.where(table.held >= 0, table.held, np.nan).astype(np.float64)
    if model.traits.reads == "history" and table.as_of is not None:
        read[AS_OF] = table.as_of.astype("datetime64[s]")
    return read
