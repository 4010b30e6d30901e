"""The contract of each replaceable part: one abstract class per config group, with one verb each.

An option class holds the parameters and the verb. What a model reads and needs is one frozen value, its
`traits`. What only some models can do is a small protocol: ask `isinstance(estimator, BillForecaster)` before
calling `predict_bills`, and the type checker knows the call.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from pydantic import AfterValidator, Field, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.errors import ConfigError
from planrec.schema.columns import Columns
from planrec.schema.config_model import Config
from planrec.schema.predictions import Decisions, PastBills, Prediction
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def required_catalogue(catalogue: Catalogue | None, model: str) -> Catalogue:
    """Return the catalogue for a kind of model that cannot be built without one.

    Raises:
        ConfigError: There is no catalogue.
    """
    if catalogue is None:
        raise ConfigError(f"model={model} needs a plan catalogue: type catalogue=ladder")
    return catalogue


def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must rise, each edge above the one before")
    return edges


Bands = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_rising)] | None
"""Edges of the bands of a column: (30, 60) makes three bands. None: each value is a group, and a column of
more than ten different numbers is cut at its quartiles."""


@dataclass(frozen=True)
class FileForm:
    """How the files of a source differ from a request: names of columns and plans, spelling of months."""

    columns: dict[str, str] = field(default_factory=dict)
    "`subscriber`, `month`, `plan_held` or a `Usage` column -> column of the file; others keep our name."
    plan_names: dict[str, str] = field(default_factory=dict)
    "Plan in the file -> plan id, if they differ."
    time_year: int | None = None
    "Year of month numbers 1 to 12."


class Source(Config, ABC):
    """A source of data."""

    gives: ClassVar[Literal["rows", "history"]]
    "What `load` returns: a RowTable or a UsageHistory."
    needs_catalogue: ClassVar[bool] = False
    "True if `load` needs a plan catalogue."

    kind: str
    drop_columns: tuple[str, ...]
    "Columns of the source that must not reach the features: leaks, ids, personal data."
    protected_columns: dict[str, Bands]
    """Columns that are never features and never requested, but compared group by group: `{age: [30, 60]}` by
    band, `{sex: null}` by value."""

    @property
    def has_usage(self) -> bool:
        """Whether features can read `Usage` lag columns."""
        return self.gives == "history"

    @property
    def has_time(self) -> bool:
        """Whether every decision has an as_of, so that `cv=rolling` can split."""
        return self.gives == "history"

    @property
    def file_form(self) -> FileForm:
        """The form of this source's files, so that a run can score them unchanged."""
        return FileForm()

    @abstractmethod
    def load(self, catalogue: Catalogue | None) -> RowTable | UsageHistory:
        """Read outside data and check it.

        Raises:
            DataError: The data breaks a rule; the message names every offender.
        """


@runtime_checkable
class SourceWithTruth(Protocol):
    """A source that knows the expected bills behind its data, as a simulator does."""

    def hidden_bills(
        self, catalogue: Catalogue, subscriber: np.ndarray, as_of: np.ndarray, horizon: int
    ) -> np.ndarray:
        """Return `DecisionTable.hidden_bills` of these decisions: shape (n, J), float64, minor units."""


class Target(Config, ABC):
    """What to learn."""

    needs_history: ClassVar[bool]
    needs_catalogue: ClassVar[bool]

    kind: str
    window: PositiveInt
    "Months of history that a decision looks at."

    @abstractmethod
    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Turn the data of a source into labelled decisions."""


class FeatureSet(Config, ABC):
    """The features that a model sees."""

    needs_usage: ClassVar[bool]
    "True if the features read `Usage` lag columns."
    needs_catalogue: ClassVar[bool] = False

    kind: str

    @property
    def reads_held(self) -> bool:
        """Whether the transformer also reads the plan held, in the column `schema.HELD`."""
        return False

    @abstractmethod
    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted transformer.

        `fit` and `transform` take `Columns` or a DataFrame of the same columns; `transform` returns a
        C-contiguous float64 matrix (n, n_features), NaN for missing inputs. The features of a row never
        depend on the other rows of the call. A transformer that encodes text has a parameter `encoding`
        ("codes" | "one_hot"), which the run sets to the model's `encoding`.
        """


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """What a model reads and needs, and what a run may do with it. Every trait has a default."""

    reads: Literal["features", "history"] = "features"
    "Input of `fit`: the matrix of the feature set, or the `Columns` themselves with `held` and `as_of`."
    encoding: Literal["codes", "one_hot"] = "one_hot"
    "Form of text columns: integer codes (trees) or one column per category."
    probabilistic: bool = True
    "False for rules that name one plan: they have no log-loss, Brier score or ECE."
    needs_catalogue: bool = False
    needs_horizon: bool = False
    "True if `fit` has an argument `horizon`: the months after the decision that a bill is the mean of."
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
    def stop_early(self) -> bool:
        """Whether inner folds choose the rounds, up to `most_rounds`."""

    @property
    def most_rounds(self) -> int:
        """Rounds of boosting that are fitted, or the most if `stop_early`."""

    def with_rounds(self, rounds: int) -> Model:
        """Copy the model with another number of rounds."""


@runtime_checkable
class BlendModel(Protocol):
    """A model option that blends other models; it builds a `Blend`."""

    @property
    def n_picks(self) -> int:
        """Times that a member is picked when the weights are chosen."""

    @property
    def blend(self) -> Mapping[str, Model]:
        """The members by name."""


ModelInput = np.ndarray | Columns
"""The matrix of the feature set, or the `Columns` of models that read histories."""


class Classifier(Protocol):
    """The estimator of a model, fitted."""

    classes_: np.ndarray
    "Shape (n_classes,): positions of plans, ascending."

    def predict_proba(self, X: ModelInput) -> np.ndarray:
        """Predict the probability of each of `classes_`, shape (n, n_classes); rows sum to 1."""


@runtime_checkable
class StagedClassifier(Protocol):
    """An estimator that knows its predictions after fewer rounds of boosting."""

    def staged(self, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """Yield `predict_proba` after each of these numbers of rounds, which rise."""


@runtime_checkable
class BillForecaster(Protocol):
    """An estimator that forecasts bills."""

    def predict_bills(self, X: ModelInput) -> dict[str, np.ndarray]:
        """Compute fields of `Prediction` by name, shape (n, J) each, `bill_mean` among them.

        If `probability` is among them, it equals `predict_proba`, which is then not called.
        """


@runtime_checkable
class BillCorrector(Protocol):
    """An estimator that corrects the re-rated bills of past months.

    Its `fit` takes `(X, y, past, came)`; `came`, shape (n, J), are the mean monthly bills after the decision.
    """

    def correct_bills(self, X: ModelInput, past: PastBills) -> dict[str, np.ndarray]:
        """Compute fields of `Prediction` by name, as `BillForecaster.predict_bills` does."""


@runtime_checkable
class BillDistribution(Protocol):
    """An estimator that knows how probable each bill is."""

    def bill_chances(self, X: ModelInput, bills: np.ndarray) -> np.ndarray:
        """Compute P(bill < b) and P(bill <= b), shape (n, J, 2).

        `bills` b, shape (n, J), are sums over the horizon in minor units.
        """


@runtime_checkable
class Explainable(Protocol):
    """An estimator that knows how much its features count."""

    def importance(self) -> np.ndarray | None:
        """Compute the weight of each feature, shape (n_features,), float64, >= 0; None if there are none.

        `ModelTraits.importance_meaning` names the unit.
        """

    def contributions(self, X: np.ndarray) -> np.ndarray | None:
        """Compute the exact part of each feature in the raw scores; None if it is not known.

        Shape (n, n_scores, n_features + 1), float64: one score for two plans, else one for each class. The
        last column is the constant, so that the sum over the last axis is the raw score.
        """


@runtime_checkable
class Blend(Protocol):
    """An estimator that blends the predictions of fitted pipelines."""

    names: list[str]
    "Names of the members with a weight; keys of `BlendModel.blend`."
    pipelines: "list[Pipeline]"
    weights: list[float]
    "Sum 1."


@dataclass(frozen=True)
class Fold:
    """Row positions (not labels) of one train/test split."""

    train: np.ndarray
    test: np.ndarray
    repeat: int = 0


class Splitter(Config, ABC):
    """A division of decisions into training and test rows."""

    kind: str

    @property
    @abstractmethod
    def keeps_subscribers_whole(self) -> bool:
        """Whether no subscriber has rows in both parts of a fold."""

    @property
    @abstractmethod
    def needs_time(self) -> bool:
        """Whether every decision must have an as_of."""

    @property
    def inner_splitter(self) -> "Splitter | None":
        """The splitter of each fold's training rows, for tuning the model; None: no tuning."""
        return None

    @abstractmethod
    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield folds.

        Raises:
            DataError: The table is too small for this number of folds.
        """


class Calibration(Config, ABC):
    """A correction of a model's probabilities towards observed frequencies."""

    trusted_types: ClassVar[tuple[str, ...]] = ()
    "Types beyond skops' own list that a saved calibrator holds; never read from a file."

    kind: str

    @property
    def cross_fit_folds(self) -> int:
        """Folds whose out-of-fold probabilities the calibrator is fitted on; 0 if nothing is fitted."""
        return 0

    @abstractmethod
    def build(self) -> BaseEstimator | None:
        """Build an unfitted calibrator, or None to leave probabilities unchanged.

        `fit(probability, y)` takes probabilities (n, n_classes) whose rows sum to 1 and the right column of
        each row, (n,); any n, and any classes among the columns. `transform(probability)` returns the same
        shape, in [0, 1], rows sum to 1. The answer for a row never depends on the other rows of the call.
        """


class Policy(Config, ABC):
    """A rule that turns predictions into decisions."""

    needs_bills: ClassVar[bool]

    kind: str

    @property
    def needs_months(self) -> int:
        """Known months of usage below which the policy abstains."""
        return 0

    @property
    def harm_limit(self) -> float | None:
        """Largest share of decisions that may harm, which the run then keeps; None: no limit."""
        return None

    @property
    def least_saving(self) -> float:
        """Saving a month, major unit, below which no move is advised."""
        return 0.0

    def demanding(self, least_saving: float) -> Self:
        """Copy the policy so that it advises a move only if it saves this much a month, major unit.

        A policy that knows no savings is returned unchanged.
        """
        return self

    @abstractmethod
    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Turn predictions into advice for each subscriber."""
