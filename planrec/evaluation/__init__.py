"""Evaluation of trained runs on other data: the metrics, baselines and intervals of training."""

from planrec.evaluation.evaluated_table import check_inputs, evaluated_table, with_plans
from planrec.evaluation.evaluation import Evaluation, evaluate
from planrec.evaluation.fresh_decisions import Excluded, TrainedOn, fresh_decisions, trained_on
from planrec.metrics import Difference

__all__ = [
    "Difference",
    "Evaluation",
    "Excluded",
    "TrainedOn",
    "check_inputs",
    "evaluate",
    "evaluated_table",
    "fresh_decisions",
    "trained_on",
    "with_plans",
]
