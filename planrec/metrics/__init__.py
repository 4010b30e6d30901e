"""Metrics: functions over the out-of-fold table.

A new metric is one function and one line in `METRICS` (registry.py).
"""

from planrec.metrics.gates import check_gates, judged_by_gates, known_gate
from planrec.metrics.intervals import DrawnMetrics, MetricValue, draw_metrics, evaluate, value_of
from planrec.metrics.judged_rows import JudgedRows, judged_rows_of, required
from planrec.metrics.paired import (
    Difference,
    Estimate,
    SubscriberDraws,
    differences_to_first,
    draws_of,
    mean_estimate,
    metric_draws,
    paired_difference,
    paired_ratio,
)
from planrec.metrics.registry import METRICS, Metric, broken_guards, known_metric
from planrec.metrics.reliability import ReliabilityBin, reliability, reliability_of_cheaper

__all__ = [
    "METRICS",
    "Difference",
    "DrawnMetrics",
    "Estimate",
    "JudgedRows",
    "Metric",
    "MetricValue",
    "ReliabilityBin",
    "SubscriberDraws",
    "broken_guards",
    "check_gates",
    "differences_to_first",
    "draw_metrics",
    "draws_of",
    "evaluate",
    "judged_by_gates",
    "judged_rows_of",
    "known_gate",
    "known_metric",
    "mean_estimate",
    "metric_draws",
    "paired_difference",
    "paired_ratio",
    "reliability",
    "reliability_of_cheaper",
    "required",
    "value_of",
]
