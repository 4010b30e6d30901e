"""Contract of a model option: its traits, and what some options can do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.errors import ConfigError
from planrec.schema.config_model import Config


def required_catalogue(catalogue: Catalogue | None, model: str) -> Catalogue:
    """Return the catalogue for a kind of model that cannot be built without one.

    Raises:
        ConfigError: there is no catalogue.
    """
    if catalogue is None:
        raise ConfigError(f"model={model} needs a plan catalogue: type {typed(catalogue='ladder')}")
    return catalogue


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """Inputs and needs of a model, and operations that a run may apply to it. Every trait has a default."""

    reads: Literal["features", "history"] = "features"
    "Input of `fit`: the matrix of the feature set, or the `Columns` themselves with `held` and `as_of`."
    encoding: Literal["codes", "one_hot"] = "one_hot"
    "Form of text columns: integer codes (trees) or one column per category."
    probabilistic: bool = True
    "False for rules that name one plan: they have no log-loss, Brier score or ECE."
    needs_catalogue: bool = False
    needs_horizon: bool = False
    "True if `fit` has an argument `horizon`: the months after the decision that a bill is the mean of."
    needs_subscribers: bool = False
    "True if `fit` has an argument `subscriber`, shape (n,): rows of one subscriber are not independent."
    needs_bills: bool = False
    "True if `fit` needs the bills that came: the estimator is a `BillCorrector`."
    forecasts_bills: bool = False
    "True if the estimator is a `BillForecaster` or a `BillCorrector`."
    takes_calibration: bool = True
    "Whether a calibration may come between `predict_proba` and the policy."
    knows_population: bool = False
    "True if bills of a subscriber without any known month are those of the population's usage."
    is_exact_by_row: bool = True
    """False if the last digits of a row's answer depend on the other rows of the call, because BLAS sums in
    another order. Answers must repeat bit for bit in a replay, so they are then computed one by one."""
    ranks_unseen_plans: bool = False
    """True if nothing that is learned belongs to single plans: the estimator's parameter `catalogue` and its
    `classes_`, the positions of all plans, may be replaced after `fit`."""
    trusted_types: tuple[str, ...] = ()
    "Types beyond skops' own list that a saved pipeline of this model holds; never read from a file."
    importance_meaning: str = ""
    "Unit of `Explainable.importance`, in a few words for a reader; empty without importances."


class Model(Config, ABC):
    """A way to learn probabilities."""

    traits: ClassVar[ModelTraits] = ModelTraits()

    kind: str

    @property
    def takes_weights(self) -> bool:
        """Whether `fit` of the estimator takes `sample_weight`, shape (n,)."""
        return False

    @abstractmethod
    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted scikit-learn classifier over integer classes, with `predict_proba`.

        NaN in the matrix is legal: imputing, scaling and the like belong to the model. The run sets threads
        through the estimator's `n_jobs` parameters, if it has any. The estimator may also be a
        `BillForecaster`, `BillCorrector`, `BillDistribution` or `Explainable`.
        """


@runtime_checkable
class RoundsModel(Protocol):
    """A model option that builds a `StagedClassifier`, so that inner folds can choose its rounds."""

    @property
    def stop_early(self) -> bool | None:
        """Whether inner folds choose the rounds, up to `most_rounds`; None as False."""

    @property
    def most_rounds(self) -> int:
        """Rounds of boosting that are fitted, or the most if `stop_early`."""

    def with_rounds(self, rounds: int) -> Model:
        """Copy the model with another number of rounds."""


@runtime_checkable
class SizedModel(Protocol):
    """A model option whose size depends on the number of subscribers in a table of single rows."""

    def sized(self, n_subscribers: int) -> Model:
        """Copy the model with the size for this number of subscribers."""


@runtime_checkable
class BlendModel(Protocol):
    """A model option that blends other models; it builds a `Blend`."""

    @property
    def n_picks(self) -> int:
        """Times that a member is picked when the weights are chosen."""

    @property
    def blend(self) -> Mapping[str, Model]:
        """The members by name."""
