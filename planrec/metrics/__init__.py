"""Functions over the out-of-fold table. A new metric is one function and one line in METRICS (named.py)."""

from planrec.metrics.intervals import MetricValue, check_known, evaluate
from planrec.metrics.named import METRICS, Metric

__all__ = ["METRICS", "Metric", "MetricValue", "check_known", "evaluate"]
