"""Contract of a feature set."""

from abc import ABC, abstractmethod
from typing import ClassVar

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.schema.config_model import Config


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
