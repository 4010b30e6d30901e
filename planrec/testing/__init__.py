"""Contract tests as functions: what every option of a group must do.

PlanRec's own tests run them over every option in conf/, and a plug-in runs them over its own:

    from planrec.testing import check_model

    def test_my_model():
        check_model(MyModel(kind="my_model", prior_count=1.0))

A check returns nothing, or raises AssertionError. `planrec.testing.strategies` has Hypothesis strategies for
every legal table (`pip install "planrec[testing]"`).
"""

from planrec.testing.calibration_checks import CALIBRATION_CHECKS, check_calibration
from planrec.testing.feature_checks import FEATURE_CHECKS, check_features
from planrec.testing.metric_checks import METRIC_CHECKS, check_metric
from planrec.testing.model_checks import MODEL_CHECKS, check_model
from planrec.testing.option_checks import check_option
from planrec.testing.policy_checks import POLICY_CHECKS, check_policy
from planrec.testing.splitter_checks import SPLITTER_CHECKS, check_splitter

__all__ = [
    "CALIBRATION_CHECKS",
    "FEATURE_CHECKS",
    "METRIC_CHECKS",
    "MODEL_CHECKS",
    "POLICY_CHECKS",
    "SPLITTER_CHECKS",
    "check_calibration",
    "check_features",
    "check_metric",
    "check_model",
    "check_option",
    "check_policy",
    "check_splitter",
]
