"""Calibration: corrections of a model's probabilities towards observed frequencies."""

from typing import TYPE_CHECKING

from planrec.calibration.calibrated import CALIBRATED, Calibrated
from planrec.calibration.isotonic import Isotonic
from planrec.calibration.none import NoCalibration
from planrec.calibration.sigmoid import Sigmoid
from planrec.calibration.temperature import Temperature
from planrec.contracts import Calibration
from planrec.plugins import union_on_access

_OWN = (Isotonic, NoCalibration, Sigmoid, Temperature)
if TYPE_CHECKING:
    CalibrationConfig = Calibration
else:
    __getattr__ = union_on_access("CalibrationConfig", "calibration", _OWN, Calibration)

TRUSTED_TYPES: tuple[str, ...] = (
    CALIBRATED,
    *sorted({name for option in _OWN for name in option.trusted_types}),
)
"Types that a saved pipeline with a calibration may hold, beyond those of its model."

__all__ = [
    "TRUSTED_TYPES",
    "Calibrated",
    "CalibrationConfig",
    "Isotonic",
    "NoCalibration",
    "Sigmoid",
    "Temperature",
]
