"""Contract of a calibration."""

from abc import ABC, abstractmethod
from typing import ClassVar

from sklearn.base import BaseEstimator

from planrec.schema.config_model import Config


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
