"""The one code path: evaluation, batch files and the API all call `Recommender.recommend`."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from sklearn.pipeline import Pipeline

from planrec.calibration import Calibrated
from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.commands.advice import typed
from planrec.contracts import (
    BillCorrector,
    BillDistribution,
    BillForecaster,
    Blend,
    BlendModel,
    Classifier,
    FeatureSet,
    Model,
    ModelInput,
    Policy,
)
from planrec.errors import DataError
from planrec.input_drift import Profile, UnlikeTraining
from planrec.recommending.request_table import table_of
from planrec.recommending.table_builder import TableBuilder
from planrec.schema.columns import AS_OF, EXIT_FEE, HELD, Columns, InputSchema, lag
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, PastBills, Prediction
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable
from planrec.sentences import Language, Reasons


@dataclass(frozen=True, repr=False)
class Recommender:
    """A fitted pipeline, and the policy that turns its predictions into decisions."""

    pipeline: Pipeline
    features: FeatureSet
    model: Model
    "The option that built the estimator."
    policy: Policy
    plans: tuple[str, ...]
    inputs: InputSchema
    horizon: int
    "Months after the decision that an expected bill is the mean of; 0 if no target looks ahead."
    catalogue: Catalogue | None
    profile: Profile | None = None
    "Counts of the training decisions; None before the run is saved, and for runs without one."

    def __repr__(self) -> str:
        return f"<Recommender: model={self.model.kind} policy={self.policy.kind}, {len(self.plans)} plans>"

    @cached_property
    def estimator(self) -> Classifier:
        """The fitted estimator of the model: the last step of the pipeline, without its calibration."""
        _, last = self.pipeline.steps[-1]
        estimator: Classifier = last.estimator if isinstance(last, Calibrated) else last
        return estimator

    def recommend(self, table: DecisionTable, past: PastUsage | None = None) -> tuple[Prediction, Decisions]:
        """Predict and decide. The answer for a row never depends on the other rows.

        `past` is `past_usage` of the table; callers that need `reasons` too pass it to compute it once.
        """
        prediction = self.predict(table, past)
        return prediction, self.policy.decide(prediction, table)

    def past_usage(self, table: DecisionTable) -> PastUsage | None:
        """Rate the last months on every plan; None without a catalogue or plans held."""
        if self.catalogue is None or table.held is None:
            return None
        return PastUsage(table.X, self.catalogue)

    def predict(self, table: DecisionTable, past: PastUsage | None = None) -> Prediction:
        """Predict probabilities over the menu, and bills if there are a catalogue and plans held."""
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
        """Copy the recommender for the plans of another catalogue, without training.

        Raises:
            DataError: the model ranks only plans that it was trained on.
        """
        if not self.model.traits.ranks_unseen_plans:
            raise DataError(
                f"model={self.model.kind} ranks only plans that it was trained on: train it again"
            )
        name, estimator = self.pipeline.steps[-1]
        if isinstance(estimator, Calibrated):
            raise DataError(
                f"a calibration knows only the plans that it was fitted on: type {typed(calibration='none')}"
            )
        changed = copy(estimator).set_params(catalogue=catalogue.json_text)
        changed.classes_ = np.arange(len(catalogue.plans))
        pipeline = Pipeline([*self.pipeline.steps[:-1], (name, changed)])
        return replace(self, pipeline=pipeline, plans=tuple(catalogue.plan_ids), catalogue=catalogue)

    def bill_chances(self, table: DecisionTable) -> np.ndarray | None:
        """Compute P(bill < b) and P(bill <= b) of the bills b that came, (n, J, 2); None if unknown."""
        if not isinstance(self.estimator, BillDistribution) or table.future_bills is None:
            return None
        X = self._transformed(model_input(self.features, self.model, table))
        return self.estimator.bill_chances(X, table.future_bills)

    def table(self, requests: Sequence[Request]) -> DecisionTable:
        """Return the decision table of requests whose values were checked."""
        return table_of(requests, self.table_builder)

    @cached_property
    def table_builder(self) -> TableBuilder:
        """The builder of the decision tables that this recommender reads."""
        rules = self.policy.commitment_rules
        return TableBuilder(self.inputs, self.plans, self.horizon, self.catalogue, rules)

    @cached_property
    def unlike_training(self) -> UnlikeTraining | None:
        """The finder of inputs unlike those of training; None without a profile."""
        if self.profile is None:
            return None
        inputs = self.inputs
        months = [lag(name, ago) for name in inputs.usage for ago in range(1, inputs.window + 1)]
        return UnlikeTraining(self.profile, (*months, *(column.becomes for column in inputs.columns)))

    def reasons(self, table: DecisionTable, language: Language, past: PastUsage | None = None) -> Reasons:
        """Explain the plans and decisions of a table from the subscribers' own months."""
        return Reasons(table, self.catalogue, past or self.past_usage(table), language)

    # Cached, because `isinstance` of a protocol takes a large part of the time of one answer.
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
        """Average the predictions: the weighted mean of the members' predictions."""
        predictions = [member.predict(table, past) for member in members.recommenders]
        answer = blended(predictions, members.weights)
        return replace(answer, ranks_by_bill=answer.ranks_by_bill and members.all_forecast)

    @cached_property
    def _forecaster(self) -> BillForecaster | None:
        return self.estimator if isinstance(self.estimator, BillForecaster) else None

    @cached_property
    def _corrector(self) -> BillCorrector | None:
        return self.estimator if isinstance(self.estimator, BillCorrector) else None

    def _bills(
        self, X: ModelInput, table: DecisionTable, past: PastUsage | None
    ) -> dict[str, np.ndarray] | None:
        """Return the model's own bills; None if it has none, or if there is no catalogue or plan held."""
        if past is None:
            return None
        if self._corrector is not None:
            return self._corrector.correct_bills(X, past_bills(table, past))
        return None if self._forecaster is None else self._forecaster.predict_bills(X)

    def _transformed(self, X: Columns) -> ModelInput:
        """Compute the input of the last step; a loop, because slicing a Pipeline is slow."""
        transformed: ModelInput = X
        for _, step in self.pipeline.steps[:-1]:
            transformed = step.transform(transformed)
        return transformed

    def _probability(
        self, table: DecisionTable, X: ModelInput, of_classes: np.ndarray | None = None
    ) -> np.ndarray:
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
        # If all probability is outside the menu, the plans inside are equally likely.
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
    """Average the predictions: the weighted mean of the fields that all predictions have; weights sum to 1.

    Quantiles are averaged as well (Vincent averaging). They are not quantiles of a mixture, but are between
    those of the members.
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
    """Replace bills by NaN if no month is known: they would describe no particular subscriber."""
    unknown = known_months(table.X) == 0
    if not unknown.any():
        return bills
    return {name: np.where(unknown[:, None], np.nan, values) for name, values in bills.items()}


def past_bills(table: DecisionTable, past: PastUsage) -> PastBills:
    """Build the input of models that correct re-rated bills."""
    held = np.full(len(table), -1) if table.held is None else table.held
    return PastBills(past.expected_bill, held, max(table.horizon, 1), table.exit_fee)


def model_input(features: FeatureSet, model: Model, table: DecisionTable) -> Columns:
    """Build the input of a pipeline: X, with the plan held and the instant if they are read."""
    read = dict(table.X)
    if (model.traits.reads == "history" or features.reads_held) and table.held is not None:
        read[HELD] = np.where(table.held >= 0, table.held, np.nan).astype(np.float64)
    if model.traits.reads == "history" and table.exit_fee is not None:
        read[EXIT_FEE] = table.exit_fee.astype(np.float64)
    if model.traits.reads == "history" and table.as_of is not None:
        read[AS_OF] = table.as_of.astype("datetime64[s]")
    return read
