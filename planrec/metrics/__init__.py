"""Functions over the out-of-fold table. A new metric is one function and one line in METRICS (named.py)."""

from planrec.metrics.intervals import MetricValue, evaluate
from planrec.metrics.named import METRICS, Metric, broken_guards, known_metric
from planrec.metrics.paired import Draws, Estimate, draws_of, metric_draws, paired_difference, paired_ratio

__all__ = [
    "METRICS",
    "Draws",
    "Estimate",
    "Metric",
    "MetricValue",
    "broken_guards",
    "draws_of",
    "evaluate",
    "known_metric",
    "metric_draws",
    "paired_difference",
    "paired_ratio",
]
