"""Feature sets: the input of a model, as a float64 matrix."""

from typing import TYPE_CHECKING

from planrec.contracts import FeatureSet
from planrec.features.bills import BillsFeatures, BillsTransformer
from planrec.features.table import TableFeatures, TableTransformer
from planrec.features.usage import UsageFeatures, UsageTransformer
from planrec.features.usage_and_bills import UsageAndBillsFeatures, UsageAndBillsTransformer
from planrec.plugins import union_on_access

_OWN = (BillsFeatures, TableFeatures, UsageFeatures, UsageAndBillsFeatures)
if TYPE_CHECKING:
    FeaturesConfig = FeatureSet
else:
    __getattr__ = union_on_access("FeaturesConfig", "features", _OWN, FeatureSet)
"Values of `features=`."

TRUSTED_TYPES: tuple[str, ...] = tuple(
    f"{transformer.__module__}.{transformer.__qualname__}"
    for transformer in (BillsTransformer, TableTransformer, UsageTransformer, UsageAndBillsTransformer)
)
"Classes of this package that a saved run may hold; skops rejects every other class."
