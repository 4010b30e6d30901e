"""Both views of a subscriber side by side: usage itself, and what it would cost on every plan."""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from planrec.catalogue import Catalogue
from planrec.contracts import FeatureSet
from planrec.features.bills import BillsFeatures, BillsTransformer
from planrec.features.columns_input import NamedColumns, check_present, columns_from
from planrec.features.usage import UsageFeatures, UsageTransformer


class UsageAndBillsFeatures(FeatureSet):
    """The features of `usage`, then those of `bills`."""

    needs_usage: ClassVar[bool] = True
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["usage_and_bills"]
    usage: UsageFeatures
    bills: BillsFeatures

    @property
    def reads_held(self) -> bool:
        """Whether the transformer reads the plan held."""
        return self.bills.reads_held

    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Return an unfitted `UsageAndBillsTransformer`. Raises ConfigError without a catalogue."""
        return UsageAndBillsTransformer(usage=self.usage.build(catalogue), bills=self.bills.build(catalogue))


class UsageAndBillsTransformer(NamedColumns, TransformerMixin, BaseEstimator):
    """Put the features of two transformers side by side.

    scikit-learn's `FeatureUnion` does the same and takes milliseconds for one row.

    Attributes:
        usage_, bills_: the fitted transformers.
    """

    def __init__(self, *, usage: UsageTransformer, bills: BillsTransformer) -> None:
        self.usage = usage
        self.bills = bills

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit both. Raises DataError where either lacks a column."""
        columns = columns_from(X)
        self.usage_ = clone(self.usage).fit(columns)
        self.bills_ = clone(self.bills).fit(columns)
        read = dict.fromkeys([*self.usage_.feature_names_in_, *self.bills_.feature_names_in_])
        self.n_features_in_ = len(read)
        self.feature_names_in_ = np.array(list(read), dtype=object)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Shape (n, n_features), C-contiguous float64.

        Raises:
            DataError: names every column that either transformer needs and that is missing.
        """
        check_is_fitted(self, "bills_")
        columns = columns_from(X)
        check_present(columns, self.feature_names_in_)
        return np.concatenate([self.usage_.matrix(columns), self.bills_.matrix(columns)], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Such as `data_mib_mean` and `bill_gap_6@mini`."""
        check_is_fitted(self, "bills_")
        _check_feature_names_in(self, input_features)
        parts = (self.usage_, self.bills_)
        return np.concatenate([part.get_feature_names_out() for part in parts])
