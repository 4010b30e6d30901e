"""Functions over the out-of-fold table. A new metric is one function and one line in METRICS (named.py)."""

from planrec.metrics.gates import check_gates, known_gate
from planrec.metrics.intervals import MetricValue, evaluate, value_of
from planrec.metrics.named import METRICS, Metric, broken_guards, known_metric
from planrec.metrics.paired import (
    Draws,
    Estimate,
    draws_of,
    mean_estimate,
    metric_draws,
    paired_difference,
    paired_ratio,
)
from planrec.metrics.reliability import ReliabilityBin, reliability, reliability_of_cheaper, scored_model
from planrec.metrics.scored import Scored
from planrec.plugins import plugin_metrics

# Last, since a plug-in imports the names above.
METRICS.update(plugin_metrics(METRICS, Metric))

__all__ = [
    "METRICS",
    "Draws",
    "Estimate",
    "Metric",
    "MetricValue",
    "ReliabilityBin",
    "Scored",
    "broken_guards",
    "check_gates",
    "draws_of",
    "evaluate",
    "known_gate",
    "known_metric",
    "mean_estimate",
    "metric_draws",
    "paired_difference",
    "paired_ratio",
    "reliability",
    "reliability_of_cheaper",
    "scored_model",
    "value_of",
]
