"""One run as its section of the page needs it, read from its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planrec.choice import ChoiceFacts
from planrec.contracts import Explainable
from planrec.metrics import METRICS, JudgedRows, MetricValue, judged_rows_of
from planrec.runs.read import SavedRun, load_run, read_choice_facts, read_out_of_fold, read_record

if TYPE_CHECKING:
    from planrec.recommending.recommender import Recommender

Importances = tuple[tuple[str, float], ...]
"Features with their shares of all importance, the largest first."


@dataclass(frozen=True)
class RunView:
    """A run with its model, its out-of-fold rows and its feature importances."""

    saved: SavedRun
    judged: JudgedRows
    "The out-of-fold rows of the run's own model."
    importances: Importances | None
    "Shares that sum to 1; None if the model defines no importances."
    model_bytes: int
    "Size of the model file."
    choice: ChoiceFacts | None
    "Facts of a choice model; None for other models."

    @property
    def model(self) -> str:
        """Return the name of the model in metrics."""
        return self.saved.config.model.kind

    def values(self, metric: str, model: str) -> list[MetricValue]:
        """Return one value, or one per group; an empty list if the run has none."""
        metrics = self.saved.manifest.metrics
        return [value for value in metrics if (value.metric, value.model) == (metric, model)]

    def figures(self) -> dict[str, float]:
        """Return the metrics of the run's own model that have one value."""
        return {name: value.value for name, value in self.saved.manifest.own_values.items()}

    def references(self) -> list[str]:
        """Return the baselines to draw beside the model.

        These are `stay` and the best baseline that forecasts bills; if there is neither, the first baseline.
        """
        baselines = self.saved.config.baselines
        judged = {value.model for value in self.saved.manifest.metrics}
        forecasting = [
            name for name, model in baselines.items() if model.traits.forecasts_bills and name in judged
        ]
        first = self.saved.manifest.metrics[0].metric
        sign = -1 if METRICS[first].higher_is_better else 1
        forecasting.sort(key=lambda name: sign * self.values(first, name)[0].value)
        stay = [name for name in baselines if name == "stay" and name in judged]
        return stay + forecasting[:1] or [name for name in baselines if name in judged][:1]


def read_run_view(folder: Path) -> RunView:
    """Read a complete run.

    Raises:
        RunError: the run cannot be read.
    """
    saved, record = load_run(folder), read_record(folder)
    model = saved.config.model.kind
    return RunView(
        saved=saved,
        judged=judged_rows_of(read_out_of_fold(record, [model]), model),
        importances=importances(saved.recommender),
        model_bytes=record.model_bytes,
        choice=read_choice_facts(record),
    )


def importances(recommender: "Recommender") -> Importances | None:
    """Return each feature's share of all importance, the largest first; None if the model defines none."""
    pipeline = recommender.pipeline
    estimator = recommender.estimator
    weights = estimator.importance() if isinstance(estimator, Explainable) else None
    if weights is None or not np.isfinite(weights).all() or weights.sum() <= 0:
        return None
    names = [str(name) for name in pipeline[:-1].get_feature_names_out()]
    shares = weights / weights.sum()
    order = np.argsort(-shares, kind="stable")
    return tuple((names[at], float(shares[at])) for at in order)
