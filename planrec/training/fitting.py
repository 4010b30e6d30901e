"""Fitting of one recommender, with all choices on inner folds of its training decisions."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from planrec.catalogue import Catalogue
from planrec.catalogue.monthly_cost import monthly_cost
from planrec.catalogue.past_usage import PastUsage
from planrec.config.run_config import RunConfig
from planrec.contracts import Blend, BlendModel, Demand, Model, RoundsModel, SizedModel
from planrec.model.estimator_parameters import set_everywhere
from planrec.recommending.recommender import Recommender, model_input, past_bills
from planrec.schema.tables import DecisionTable
from planrec.training.cross_fit import calibrated, held_out_prediction, inner_folds
from planrec.training.early_stopping import stopped_early
from planrec.training.ensemble_weights import weighted_members
from planrec.training.harm_guard import guarded
from planrec.training.reweighing import sample_weights


@dataclass(frozen=True)
class Chosen:
    """Choices of one fit on inner folds of its training rows; None or empty: no choice."""

    model: str
    "The model's name in the out-of-fold table."
    fold: int | None
    "Number of the fold; None: the final fit."
    rounds: int | None
    "Rounds of boosting."
    weights: dict[str, float]
    "Weight of each member of an ensemble."
    least_saving: float | None
    "Saving a month, major unit, below which no move is advised; None: not chosen."
    risk_price: float | None = None
    "The same for a move that surely costs more; it counts times P(costs more). None: not chosen."

    @property
    def demand(self) -> Demand | None:
        """The saving that the policy demands of a move; None: the policy is as configured."""
        if self.least_saving is None and self.risk_price is None:
            return None
        return Demand(self.least_saving or 0.0, self.risk_price or 0.0)

    def __str__(self) -> str:
        """Return the choices in words.

        Examples:
            >>> str(Chosen("lgbm", None, rounds=23, weights={}, least_saving=5.128))
            '23 rounds, least saving 5.13 a month'
        """
        shares = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        words = [
            f"{self.rounds} rounds" if self.rounds is not None else "",
            f"weights {shares}" if shares else "",
            f"least saving {self.least_saving:.2f} a month" if self.least_saving is not None else "",
            f"least saving {self.risk_price:.2f} a month times P(costs more)" if self.risk_price else "",
        ]
        return ", ".join(part for part in words if part)


@dataclass(frozen=True)
class FitLog:
    """Times and choices of many fits."""

    seconds: dict[str, float] = field(default_factory=dict)
    "Mean wall time of one fit, by model."
    chosen: list[Chosen] = field(default_factory=list)


def choices_of(config: RunConfig, recommender: Recommender, name: str, fold: int | None) -> list[Chosen]:
    """Return the choices of this recommender's fit: one entry, or none if nothing was chosen."""
    model, blend = recommender.model, recommender.estimator
    rounds = model.most_rounds if isinstance(model, RoundsModel) and model.stop_early else None
    weights = dict(zip(blend.names, blend.weights, strict=True)) if isinstance(blend, Blend) else {}
    # With too few subscribers the policy is the configured one, with all of its thresholds.
    demand = None if recommender.policy == config.policy else recommender.policy.demand
    least_saving = None if demand is None or demand.risk_price else demand.least_saving
    risk_price = None if demand is None or not demand.risk_price else demand.risk_price
    chose = rounds is not None or weights or demand is not None
    return [Chosen(name, fold, rounds, weights, least_saving, risk_price)] if chose else []


def fitted_recommender(
    config: RunConfig, model: Model, train: DecisionTable, table: DecisionTable, threads: int
) -> Recommender:
    """Fit on `train`; plans and inputs are those of the whole `table`, never those of one fold.

    If the policy limits harm, its threshold is chosen on out-of-fold predictions. It is left unchanged if the
    subscribers cannot fill two folds.
    """
    fit = partial(_fitted, config, model, table=table, threads=threads)
    recommender = fit(train)
    if config.policy.harm_limit is None:
        return recommender
    folds = inner_folds(train, config.seed)
    if folds is None:
        return recommender
    prediction = held_out_prediction(train, folds, fit)
    return replace(recommender, policy=guarded(config.policy, train, prediction))


def build_pipeline(config: RunConfig, model: Model, catalogue: Catalogue | None) -> Pipeline:
    """Build features and model as one unfitted scikit-learn Pipeline."""
    estimator = model.build(config.seed, catalogue)
    if model.traits.reads == "history":
        return Pipeline([("model", estimator)])
    features = config.features.build(catalogue)
    set_everywhere(features, "encoding", model.traits.encoding)
    return Pipeline([("features", features), ("model", estimator)])


def _fitted(
    config: RunConfig, model: Model, train: DecisionTable, table: DecisionTable, threads: int
) -> Recommender:
    """Choose size and rounds, fit features and model (or the members of an ensemble), and calibrate."""
    sized = model
    if isinstance(model, SizedModel) and train.inputs.takes == "attributes":
        sized = model.sized(len(np.unique(train.subscriber)))
    fitted = stopped_early(config, sized, train)
    if fitted is not sized and isinstance(model, RoundsModel) and isinstance(fitted, RoundsModel):
        model = model.with_rounds(fitted.most_rounds)
    recommender = Recommender(
        pipeline=Pipeline([]),
        features=config.features,
        model=model,
        policy=config.policy,
        plans=table.plans,
        inputs=table.inputs,
        horizon=table.horizon,
        catalogue=config.catalogue.open(),
    )
    if isinstance(model, BlendModel):
        fits = {
            name: partial(_fitted, config, member, table=table, threads=threads)
            for name, member in model.blend.items()
        }
        return replace(recommender, pipeline=weighted_members(model.n_picks, train, fits, config.seed))
    fit = partial(_fitted_pipeline, config, fitted, threads=threads)
    return replace(recommender, pipeline=calibrated(config, fitted, train, fit))


def _fitted_pipeline(config: RunConfig, model: Model, rows: DecisionTable, threads: int) -> Pipeline:
    catalogue = config.catalogue.open()
    pipeline = clone(build_pipeline(config, model, catalogue))
    set_everywhere(pipeline, "n_jobs", threads)
    with threadpool_limits(threads):
        parameters = _fit_parameters(model, rows, catalogue)
        if (weights := sample_weights(config, model, rows)) is not None:
            parameters["model__sample_weight"] = weights
        pipeline.fit(model_input(config.features, model, rows), rows.y, **parameters)
    # One thread when serving: more cost more than they save on one row.
    set_everywhere(pipeline, "n_jobs", 1)
    return pipeline


def _fit_parameters(model: Model, train: DecisionTable, catalogue: Catalogue | None) -> dict[str, object]:
    """Return what `fit` of this model needs besides features and labels, as arguments of the pipeline."""
    parameters: dict[str, object] = {}
    if model.traits.needs_horizon:
        parameters["model__horizon"] = max(train.horizon, 1)
    if model.traits.needs_subscribers:
        parameters["model__subscriber"] = train.subscriber
    if model.traits.needs_bills and catalogue is not None and train.future_bills is not None:
        came = monthly_cost(train.future_bills, 0, train.horizon, train.minor_units)
        past = past_bills(train, PastUsage(train.X, catalogue))
        parameters |= {"model__past": past, "model__came": came}
    return parameters
