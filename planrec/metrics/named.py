"""METRICS: every metric by name. A new metric is one function and one line here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planrec.metrics.decision import accuracy, f1, macro_f1
from planrec.metrics.probability import brier, ece, log_loss
from planrec.metrics.ranking import auc, mrr, top_2, top_3
from planrec.metrics.scored import Scored


@dataclass(frozen=True)
class Metric:
    """A metric and what a reader must know to rank by it."""

    function: Callable[[Scored, np.ndarray], np.ndarray]
    """Takes the rows of one model and weights, shape (n_subscribers, B): how often each subscriber counts in
    each of B draws. Returns shape (B,), or (J, B) where `per_plan`; NaN where a draw does not define it."""
    higher_is_better: bool
    unit: str
    needs_probability: bool = False
    "True where a rule that names one plan would be judged on probabilities that it never claimed."
    per_plan: bool = False


METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, higher_is_better=True, unit="share"),
    "macro_f1": Metric(macro_f1, higher_is_better=True, unit="score"),
    "f1": Metric(f1, higher_is_better=True, unit="score", per_plan=True),
    "auc": Metric(auc, higher_is_better=True, unit="probability"),
    "log_loss": Metric(log_loss, higher_is_better=False, unit="nats", needs_probability=True),
    "brier": Metric(brier, higher_is_better=False, unit="squared error, 0 to 2", needs_probability=True),
    "ece": Metric(ece, higher_is_better=False, unit="probability", needs_probability=True),
    "top_2": Metric(top_2, higher_is_better=True, unit="share"),
    "top_3": Metric(top_3, higher_is_better=True, unit="share"),
    "mrr": Metric(mrr, higher_is_better=True, unit="score"),
}
