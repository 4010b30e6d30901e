"""The contract of calibrations that fit a scaler."""

from typing import Annotated

from annotated_types import Ge

from planrec.contracts import Calibration


class Scaler(Calibration):
    """A calibration whose scaler is fitted on out-of-fold probabilities."""

    n_folds: Annotated[int, Ge(2)]
    "Folds of the training subscribers for the out-of-fold probabilities."

    @property
    def cross_fit_folds(self) -> int:
        """`n_folds`."""
        return self.n_folds
