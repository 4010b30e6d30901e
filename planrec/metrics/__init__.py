"""Functions over the out-of-fold table. A new metric is one function and one line in METRICS (named.py)."""

from planrec.metrics.intervals import MetricValue, evaluate, paired_ratio, value_of
from planrec.metrics.named import METRICS, Metric, broken_guards, known_metric

__all__ = [
    "METRICS",
    "Metric",
    "MetricValue",
    "broken_guards",
    "evaluate",
    "known_metric",
    "paired_ratio",
    "value_of",
]
