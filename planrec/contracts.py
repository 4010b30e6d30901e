"""What each replaceable part must do: one abstract class per config group, one verb each.

The option class holds the parameters and the verb. What a part can and needs are class attributes: ask the
object, never its type or name.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.schema import Config, Decisions, DecisionTable, Prediction, RowTable, UsageHistory


def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must rise, each edge above the one before")
    return edges


Bands = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_rising)] | None
"""Where the bands of a column begin: (30, 60) makes three. None: each value is a group, and numbers of more
than ten different values are cut at their quartiles."""


@dataclass(frozen=True)
class FileForm:
    """How files of a source differ from a request: what they call things, how they write plans and months."""

    columns: dict[str, str] = field(default_factory=dict)
    "`subscriber`, `month`, `plan_held` or a `Usage` column -> column of the file; others keep our name."
    plan_names: dict[str, str] = field(default_factory=dict)
    "Plan in the file -> plan id, where they differ."
    time_year: int | None = None
    "Year of month numbers 1 to 12."


class Source(Config, ABC):
    """Where the data comes from."""

    gives: ClassVar[Literal["rows", "history"]]
    "What `load` returns: a RowTable or a UsageHistory."
    needs_catalogue: ClassVar[bool] = False
    "True where `load` cannot do without a plan catalogue."

    kind: str
    drop_columns: tuple[str, ...]
    "Columns of the source that must not reach the features: leaks, ids, personal data."
    protected_columns: dict[str, Bands]
    """Columns that are never features and never asked for, but compared group by group: `{age: [30, 60]}` by
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
        """How files of this source are written, so that a run scores them as they are."""
        return FileForm()

    def hidden_bills(
        self, catalogue: Catalogue, subscriber: np.ndarray, as_of: np.ndarray, horizon: int
    ) -> np.ndarray | None:
        """`DecisionTable.hidden_bills` of these decisions; None where nobody knows the truth."""
        return None

    @abstractmethod
    def load(self, catalogue: Catalogue | None) -> RowTable | UsageHistory:
        """Read outside data and check it. Raises DataError with every offender."""


class Target(Config, ABC):
    """What to learn."""

    needs_history: ClassVar[bool]
    needs_catalogue: ClassVar[bool]

    kind: str
    window: PositiveInt
    "Months of history that a decision looks at."

    @abstractmethod
    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Turn what a source loaded into decisions with their label."""


class FeatureSet(Config, ABC):
    """Which features a model sees."""

    needs_usage: ClassVar[bool]
    "True where the features read `Usage` lag columns."
    needs_catalogue: ClassVar[bool] = False

    kind: str

    @property
    def reads_held(self) -> bool:
        """Whether the columns given to the transformer hold the plan held, `schema.HELD`, as well."""
        return False

    @abstractmethod
    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Return an unfitted transformer.

        `fit` and `transform` take `Columns` or a DataFrame of the same columns; `transform` returns a
        C-contiguous float64 matrix (n, n_features), NaN where an input is missing. A row's features never
        depend on the other rows of the call. A transformer that encodes text has a parameter `encoding`
        ("codes" | "one_hot"), which the model's `encoding` sets.
        """


class Model(Config, ABC):
    """How probabilities are learned."""

    reads: ClassVar[Literal["features", "history"]] = "features"
    "What `fit` is given: the feature set's matrix, or the `Columns` themselves with `held` and `as_of`."
    encoding: ClassVar[Literal["codes", "one_hot"]] = "one_hot"
    "How the model wants text columns: integer codes (trees) or one column per category."
    probabilistic: ClassVar[bool] = True
    "False for rules that name one plan: they show no log-loss, Brier or ECE."
    needs_catalogue: ClassVar[bool] = False
    forecasts_bills: ClassVar[bool] = False
    """True where the estimator has `predict_bills(X)`, which returns the fields of `Prediction` that it knows
    by name, `bill_mean` at least: shape (n, J) each. A `probability` among them is what `predict_proba`
    returns, which is then not asked for."""
    corrects_bills: ClassVar[bool] = False
    """True where the estimator starts from re-rated bills, `schema.PastBills`: `fit(X, y, past, came)`, with
    the mean monthly bills that came, shape (n, J), and `predict_bills(X, past)`."""
    takes_calibration: ClassVar[bool] = True
    "Whether a calibration can stand between `predict_proba` and the policy."
    knows_chances: ClassVar[bool] = False
    """True where the estimator has `bill_chances(X, bills)`: P(bill < b) and P(bill <= b), shape (n, J, 2),
    for sums of bills b, shape (n, J), in minor units."""
    needs_horizon: ClassVar[bool] = False
    "True where `fit` has an argument `horizon`: the months after the decision that a bill is the mean of."
    knows_population: ClassVar[bool] = False
    "True where bills can be told without any month of the subscriber: those of the population's usage."
    is_exact_by_row: ClassVar[bool] = True
    """False where a row alone and among others may differ in the last digits, as BLAS sums them in another
    order: answers, which a replay repeats bit for bit, are then computed one by one."""
    ranks_unseen_plans: ClassVar[bool] = False
    """True where what is learned says nothing about single plans: the estimator's parameter `catalogue` and
    its `classes_`, the positions of all plans, may be set anew after `fit`."""
    trusted_types: ClassVar[tuple[str, ...]] = ()
    "Types beyond skops' own list that a saved pipeline of this model holds; never read from a file."
    importance_is: ClassVar[str] = ""
    "What `importance` counts, in a few words for a reader; empty where it is always None."

    kind: str

    @property
    def takes_weights(self) -> bool:
        """Whether `fit` of what `build` returns takes `sample_weight`, shape (n,)."""
        return False

    def importance(self, estimator: BaseEstimator) -> np.ndarray | None:
        """How much each feature counts for what `build` returned, once fitted.

        Shape (n_features,), float64, >= 0, in a unit of the model's own. None where the model has no
        importances, or was fitted on nothing that it could tell apart.
        """
        return None

    rounds: ClassVar[str | None] = None
    "The field that holds the rounds of boosting; None where there is nothing to stop early."

    @property
    def stops_early(self) -> bool:
        """Whether `rounds` is only the most, and inner folds choose how many."""
        return False

    def staged(self, estimator: BaseEstimator, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """What `predict_proba` of the fitted estimator would say after each of these numbers of rounds.

        Without rounds it says the same after any number.
        """
        return (estimator.predict_proba(X) for _ in rounds)

    @property
    def members(self) -> "dict[str, Model]":
        """The models that this one blends, by name; empty where it is one model."""
        return {}

    @property
    def member_picks(self) -> int:
        """Times that a member is picked when the weights are chosen."""
        return 0

    def contributions(self, estimator: BaseEstimator, X: np.ndarray) -> np.ndarray | None:
        """What each feature of each row adds to the raw scores of what `build` returned, once fitted.

        Shape (n, n_scores, n_features + 1), float64: one score for two plans, else one for each class; last
        what every row begins with, so that the sum over the last axis is the raw score. None where the model
        cannot say it exactly.
        """
        return None

    @abstractmethod
    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return an unfitted classifier with `predict_proba`, over integer classes.

        NaN in the matrix is legal: imputing, scaling and the like belong to the model. Threads are set by
        the run through the estimator's `n_jobs` parameters, where it has them.
        """


@dataclass(frozen=True)
class Fold:
    """Row positions (not labels) of one train/test split."""

    train: np.ndarray
    test: np.ndarray
    repeat: int = 0


class Splitter(Config, ABC):
    """How decisions are divided into what is learned from and what is judged."""

    kind: str

    @property
    @abstractmethod
    def keeps_subscribers_whole(self) -> bool:
        """Whether nobody is both learned from and judged in one fold."""

    @property
    @abstractmethod
    def needs_time(self) -> bool:
        """Whether every decision must have an as_of."""

    @property
    def inner_splitter(self) -> "Splitter | None":
        """What splits each fold's training rows so that the model can be tuned on them; None: no tuning."""
        return None

    @abstractmethod
    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield folds. Raises DataError where the table is too small for the asked number of folds."""


class Calibration(Config, ABC):
    """How a model's probabilities are made to come true as often as they say."""

    trusted_types: ClassVar[tuple[str, ...]] = ()
    "Types beyond skops' own list that a saved calibrator holds; never read from a file."

    kind: str

    @property
    def cross_fit_folds(self) -> int:
        """Folds whose out-of-fold probabilities the calibrator is fitted on; 0 where nothing is fitted."""
        return 0

    @abstractmethod
    def build(self) -> BaseEstimator | None:
        """Return an unfitted calibrator, or None where probabilities stay as they are.

        `fit(probability, y)` takes probabilities (n, n_classes) whose rows sum to 1 and the right column of
        each row, (n,); any n, and any classes among the columns. `transform(probability)` returns the same
        shape, in [0, 1], rows sum to 1. A row's answer never depends on the other rows of the call.
        """


class Policy(Config, ABC):
    """How predictions become decisions."""

    needs_bills: ClassVar[bool]

    kind: str

    @property
    def needs_months(self) -> int:
        """Known months of usage below which the policy abstains."""
        return 0

    @property
    def harm_limit(self) -> float | None:
        """Largest share of decisions that may harm, which the run then keeps; None: not looked at."""
        return None

    @property
    def least_saving(self) -> float:
        """Saving a month, major unit, below which no move is advised."""
        return 0.0

    def demanding(self, least_saving: float) -> Self:
        """The same policy that advises a move only where it saves this much a month, major unit.

        A policy that knows no savings stays as it is.
        """
        return self

    @abstractmethod
    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Turn predictions into what to tell each subscriber."""
