"""The conditional logit as a scikit-learn classifier over the columns of a choice table."""

from collections.abc import Iterable
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.choice.fit import Coefficients, fit_coefficients
from planrec.choice.likelihood import Cases, Nesting, Shares, shares_of, softmax, utility_of
from planrec.choice.plan_columns import PlanColumns
from planrec.choice.specification import Specification
from planrec.errors import DataError
from planrec.schema.columns import Columns

PLAN_CONSTANT = "constant "
"Beginning of the name of a plan's constant."


class ConditionalLogitClassifier(ClassifierMixin, BaseEstimator):
    """Chances of the plans of a menu, from utilities that are sums of weighted terms.

    Data without columns of plans, `ATTRIBUTE@PLAN`, have constants only: the shares of the plans.
    """

    def __init__(self, specification: Specification) -> None:
        """Keep the specification."""
        self.specification = specification

    def fit(self, X: Columns, y: np.ndarray, subscriber: np.ndarray | None = None) -> Self:
        """Find the coefficients; plans that no case chose are left out of the menus.

        Under independence of irrelevant alternatives this does not bias the coefficients. If plans have
        constants, those of such plans are set to the lowest of the others.

        Raises:
            DataError: the specification names things that the data lacks, or a choice was unavailable.
        """
        self.columns_ = PlanColumns.of(X)
        if not self.columns_.plans:
            self.classes_, count = np.unique(y, return_counts=True)
            self.shares_ = count / count.sum()
            return self
        self.specification.check(X, self.columns_)
        self.classes_ = np.arange(len(self.columns_.plans))
        is_chosen = np.isin(self.classes_, y)
        names, design, available = self._design(X)
        if not available[np.arange(len(y)), y].all():
            raise DataError("every case must choose a plan that was available to it")
        available &= is_chosen
        cases = Cases(design * available, available, y)
        owners = np.arange(len(y)) if subscriber is None else subscriber
        all_names = (*names, *self.specification.scale_names())
        self.coefficients_ = fit_coefficients(cases, all_names, self._nesting, owners)
        self._lower_unlearned(np.array(self.columns_.plans)[~is_chosen])
        return self

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Compute chances, shape (n, J), 0 for unavailable plans; equal chances if all are unavailable."""
        if not self.columns_.plans:
            return np.tile(self.shares_, (len(next(iter(X.values()))), 1))
        probability = self.shares(X).probability
        is_empty = probability.sum(axis=1) == 0
        probability[is_empty] = 1 / probability.shape[1]
        return probability

    def predict(self, X: Columns) -> np.ndarray:
        """Name the most probable plan, shape (n,), int64."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def shares(self, X: Columns, estimates: np.ndarray | None = None) -> Shares:
        """Compute chances and expected utilities, also under other coefficients than those learned."""
        _, design, available = self._design(X)
        estimates = self.coefficients_.estimates if estimates is None else estimates
        utility = utility_of(design, estimates[: len(design)])
        if self._nesting is None:
            probability, logsum = softmax(utility, available)
            return Shares(probability, logsum, probability, utility, probability)
        scales = self._nesting.scales(estimates[len(design) :])
        return shares_of(utility, available, self._nesting, scales)

    @property
    def _nesting(self) -> Nesting | None:
        return self.specification.nesting(self.columns_)

    def _design(self, X: Columns) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return names of terms, their values (K, n, J), 0 if unavailable, and the available plans (n, J)."""
        available = self.columns_.available(X)
        terms = list(self.specification.terms(X, self.columns_))
        design = np.zeros((len(terms), *available.shape))
        for position, (_, values) in enumerate(terms):
            design[position] = np.where(available, values, 0.0)
        return [name for name, _ in terms], design, available

    def _lower_unlearned(self, plans: Iterable[str]) -> None:
        """Give plans that no training case chose the lowest constant that was learned."""
        found: Coefficients = self.coefficients_
        unlearned = [f"{PLAN_CONSTANT}{plan}" for plan in plans]
        of_plans = [name.startswith(PLAN_CONSTANT) and name not in unlearned for name in found.names]
        lowest = found.estimates[of_plans].min(initial=0.0)
        found.estimates[np.isin(found.names, unlearned)] = lowest
