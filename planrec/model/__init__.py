"""Models: each option builds one unfitted scikit-learn classifier."""

from typing import TYPE_CHECKING

from planrec.contracts import Model
from planrec.model.cheapest_fee import CheapestFee
from planrec.model.conditional_logit import ConditionalLogit
from planrec.model.dummy import Dummy
from planrec.model.ensemble import Ensemble
from planrec.model.estimator import Estimator
from planrec.model.forecast import Forecast
from planrec.model.forest import Forest
from planrec.model.hist_boosting import HistBoosting
from planrec.model.lgbm import Lgbm
from planrec.model.lgbm_bills import LgbmBills
from planrec.model.logistic import Logistic
from planrec.model.popular import Popular
from planrec.model.rerate import Rerate
from planrec.model.stay import Stay
from planrec.plugins import union_on_access

_OWN = (
    CheapestFee,
    ConditionalLogit,
    Dummy,
    Ensemble,
    Estimator,
    Forecast,
    Forest,
    HistBoosting,
    Lgbm,
    LgbmBills,
    Logistic,
    Popular,
    Rerate,
    Stay,
)
if TYPE_CHECKING:
    ModelConfig = Model
else:
    __getattr__ = union_on_access("ModelConfig", "model", _OWN, Model)

TRUSTED_TYPES: tuple[str, ...] = tuple(
    sorted({name for model in _OWN for name in model.traits.trusted_types})
)
"Types that a saved pipeline of any model of this package may hold, beyond skops' own list."

__all__ = [
    "TRUSTED_TYPES",
    "CheapestFee",
    "ConditionalLogit",
    "Dummy",
    "Ensemble",
    "Estimator",
    "Forecast",
    "Forest",
    "HistBoosting",
    "Lgbm",
    "LgbmBills",
    "Logistic",
    "ModelConfig",
    "Popular",
    "Rerate",
    "Stay",
]
