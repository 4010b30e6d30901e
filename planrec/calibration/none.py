"""No calibration: the default."""

from typing import Literal

from planrec.contracts import Calibration


class NoCalibration(Calibration):
    """Takes the model's probabilities as they are."""

    kind: Literal["none"]

    def build(self) -> None:
        """Return None: there is nothing to fit."""
        return
