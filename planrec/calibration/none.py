"""No calibration: the default."""

from typing import Literal

from planrec.contracts import Calibration


class NoCalibration(Calibration):
    """Probabilities of the model, unchanged."""

    kind: Literal["none"]

    def build(self) -> None:
        """Return None: nothing is fitted."""
        return
