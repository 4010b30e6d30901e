"""The contract of each replaceable part: one abstract class per config group, with one verb each.

An option class holds the parameters and the verb. What a model reads and needs is one frozen value, its
`traits`. What only some models can do is a small protocol: ask `isinstance(estimator, BillForecaster)` before
calling `predict_bills`, and the type checker knows the call.
"""

from planrec.contracts.abilities import (
    BillCorrector,
    BillDistribution,
    BillForecaster,
    Blend,
    Classifier,
    Explainable,
    ModelInput,
    StagedClassifier,
)
from planrec.contracts.calibration import Calibration
from planrec.contracts.features import FeatureSet
from planrec.contracts.model import BlendModel, Model, ModelTraits, RoundsModel, required_catalogue
from planrec.contracts.policy import Demand, Policy
from planrec.contracts.source import Bands, FileForm, Source, SourceWithTruth
from planrec.contracts.splitter import Fold, Splitter
from planrec.contracts.target import Target

__all__ = [
    "Bands",
    "BillCorrector",
    "BillDistribution",
    "BillForecaster",
    "Blend",
    "BlendModel",
    "Calibration",
    "Classifier",
    "Demand",
    "Explainable",
    "FeatureSet",
    "FileForm",
    "Fold",
    "Model",
    "ModelInput",
    "ModelTraits",
    "Policy",
    "RoundsModel",
    "Source",
    "SourceWithTruth",
    "Splitter",
    "StagedClassifier",
    "Target",
    "required_catalogue",
]
