"""Functions over the out-of-fold table. A new metric is one function and one line in METRICS (named.py)."""

from planrec.metrics.intervals import MetricValue, evaluate, paired_ratio
from planrec.metrics.named import METRICS, Metric, broken_guards, known_metric
from planrec.metrics.reliability import ReliabilityBin, reliability, scored_model
from planrec.metrics.scored import Scored

__all__ = [
    "METRICS",
    "Metric",
    "MetricValue",
    "ReliabilityBin",
    "Scored",
    "broken_guards",
    "evaluate",
    "known_metric",
    "paired_ratio",
    "reliability",
    "scored_model",
]
