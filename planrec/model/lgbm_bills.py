"""Model `lgbm_bills`: corrections of re-rated bills, learned with LightGBM."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits, required_catalogue
from planrec.model.drawn_bills import costs_of, shares_best
from planrec.model.lightgbm_settings import REPEATABLE
from planrec.schema.predictions import PastBills

if TYPE_CHECKING:
    from lightgbm import LGBMRegressor

N_ERRORS = 256
"Errors of training rows that bills are shifted by, for the probability of the best plan."
N_LEVELS = 16
"Groups of equal size that the errors come from, by the bills forecast: heavy users have larger errors."


class LgbmBills(Model):
    """Re-rated bills, corrected for each plan by their learned distance from the later bills.

    Usage grows, has seasons and returns to its mean, which past months alone do not show.
    """

    traits: ClassVar[ModelTraits] = ModelTraits(
        encoding="codes",
        needs_catalogue=True,
        needs_bills=True,
        forecasts_bills=True,
        takes_calibration=False,
        trusted_types=(
            "collections.OrderedDict",
            "lightgbm.basic.Booster",
            "lightgbm.sklearn.LGBMRegressor",
            "planrec.model.lgbm_bills.BillCorrection",
        ),
        importance_meaning="gain of the splits, all plans together",
    )

    kind: Literal["lgbm_bills"]
    n_estimators: PositiveInt
    "Trees per plan."
    learning_rate: PositiveFloat
    num_leaves: Annotated[int, Ge(2)]
    "Most leaves of a tree."
    min_child_samples: PositiveInt
    "Fewest training rows in a leaf."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `BillCorrection`, a regressor per plan behind the interface of a classifier."""
        plans = required_catalogue(catalogue, self.kind)
        options = self.model_dump(exclude={"kind"})
        return BillCorrection(catalogue=plans.json_text, seed=seed, n_jobs=1, **options)


class BillCorrection(ClassifierMixin, BaseEstimator):
    """Re-rated bills plus a correction learned by LightGBM, never below the plan's fee.

    The probability of being the best plan comes from the remaining errors on training rows with similar
    bills. Each of some hundred errors shifts the bills of all plans together. The probability is the share of
    shifts in which the plan is the cheapest.
    """

    def __init__(
        self,
        catalogue: str,
        seed: int,
        n_jobs: int,
        n_estimators: int,
        learning_rate: float,
        num_leaves: int,
        min_child_samples: int,
    ) -> None:
        """Keep the catalogue as JSON, the seed and the parameters of LightGBM."""
        self.catalogue = catalogue
        self.seed = seed
        self.n_jobs = n_jobs
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples

    def fit(self, X: np.ndarray, y: np.ndarray, past: PastBills, came: np.ndarray) -> Self:
        """Fit on a matrix (n, n_features) and the mean monthly bills that came, shape (n, J).

        The labels are not read. A plan whose corrections are all equal gets a constant.
        """
        X = np.ascontiguousarray(X, np.float64)
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.arange(came.shape[1])
        correction = came - self._past(past)
        self.constant_ = correction[0]
        self.regressors_ = [self._regressor(X, correction[:, plan]) for plan in self.classes_]
        bills = self._bills(X, past)
        level = bills.sum(axis=1)
        self.level_edges_ = np.quantile(level, np.arange(1, N_LEVELS) / N_LEVELS)
        group = np.searchsorted(self.level_edges_, level, side="right")
        rng = np.random.default_rng(self.seed)
        self.errors_ = np.stack([_some(came - bills, group == number, rng) for number in range(N_LEVELS)])
        return self

    def correct_bills(self, X: np.ndarray, past: PastBills) -> dict[str, np.ndarray]:
        """Compute `bill_mean` and `probability`, shape (n, J) each."""
        bills = self._bills(np.ascontiguousarray(X, np.float64), past)
        return {"bill_mean": bills, "probability": self._chances(bills, past)}

    def importance(self) -> np.ndarray | None:
        """Sum the gain of each feature, summed over all trees; None if no plan's bills are corrected."""
        gains = [
            regressor.booster_.feature_importance(importance_type="gain")
            for regressor in self.regressors_
            if regressor is not None
        ]
        return np.asarray(np.sum(gains, axis=0), np.float64) if gains else None

    def contributions(self, X: np.ndarray) -> np.ndarray:
        """Compute exact contributions (TreeSHAP) to the correction of each plan's re-rated bill."""
        scores = np.zeros((len(X), len(self.classes_), X.shape[1] + 1))
        for plan, regressor in enumerate(self.regressors_):
            if regressor is None:
                scores[:, plan, -1] = self.constant_[plan]
            else:
                scores[:, plan] = regressor.booster_.predict(X, pred_contrib=True, num_threads=1)
        return scores

    def _regressor(self, X: np.ndarray, correction: np.ndarray) -> "LGBMRegressor | None":
        """Fit a regressor; None if all corrections are equal."""
        if np.ptp(correction) == 0:
            return None
        from lightgbm import LGBMRegressor

        return LGBMRegressor(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_child_samples,
            random_state=self.seed,
            n_jobs=self.n_jobs,
            **REPEATABLE,
        ).fit(X, correction)

    def _bills(self, X: np.ndarray, past: PastBills) -> np.ndarray:
        """Correct bills, shape (n, J), the currency's major unit a month."""
        bills = self._past(past)
        for plan, regressor in enumerate(self.regressors_):
            if regressor is None:
                bills[:, plan] += self.constant_[plan]
            else:
                # One thread: more cost more than they save on one row.
                bills[:, plan] += regressor.booster_.predict(X, num_threads=1)
        return np.maximum(bills, self._fees())

    def _past(self, past: PastBills) -> np.ndarray:
        """Copy the re-rated bills; the fee if no month is known, as in `rerate`."""
        return np.where(np.isnan(past.mean), self._fees(), past.mean)

    def _fees(self) -> np.ndarray:
        return np.array([float(plan.fee.recurring) for plan in self._plans.plans])

    def _chances(self, bills: np.ndarray, past: PastBills) -> np.ndarray:
        """Compute the share of the errors with which a plan is the cheapest, shape (n, J)."""
        level = np.searchsorted(self.level_edges_, bills.sum(axis=1), side="right")
        unit = past.horizon * 10**self._plans.exponent
        shares = [np.empty((0, len(self.classes_)))]
        for start in range(0, len(bills), N_ERRORS):
            rows = slice(start, start + N_ERRORS)
            shifted = np.maximum(bills[rows, None] + self.errors_[level[rows]], self._fees())
            drawn = np.rint(shifted * unit).astype(np.int64).transpose(2, 0, 1)
            held, fee = past.held[rows], None if past.exit_fee is None else past.exit_fee[rows]
            shares.append(shares_best(costs_of(drawn, self._plans, held, fee), self._plans, held))
        return np.concatenate(shares)

    @property
    def _plans(self) -> Catalogue:
        return Catalogue.from_json(self.catalogue)


def _some(errors: np.ndarray, of_group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `N_ERRORS` of the errors of a group, or of all if the group is empty, shifted to mean 0."""
    from_rows = np.flatnonzero(of_group) if of_group.any() else np.arange(len(errors))
    some = errors[np.resize(rng.permutation(from_rows), N_ERRORS)]
    return some - some.mean(axis=0)
