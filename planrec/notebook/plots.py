"""Charts of a run as matplotlib axes: `run.plot.regret()`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import ConfigError
from planrec.metrics import (
    METRICS,
    Estimate,
    ReliabilityBin,
    draws_of,
    judged_rows_of,
    metric_draws,
    reliability,
    reliability_of_cheaper,
)
from planrec.metrics.intervals import interval_of
from planrec.notebook.plot_axes import interval_axes, new_axes
from planrec.runs.read import config_of, read_out_of_fold, read_record
from planrec.schema.predictions import OutOfFold
from planrec.training.verdict_table import models_shown, shown_metrics
from planrec.wording import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from planrec.notebook.trained_run import TrainedRun

COLUMNS = {"plan_held": OutOfFold.HELD, "usage_decile": OutOfFold.USAGE_DECILE, "best_plan": OutOfFold.Y}
"Groups that every run over bills has -> their columns."


@dataclass(frozen=True)
class RunPlots:
    """The charts of a run. Each method returns the axes that it drew on, for titles and sizes of your own."""

    run: "TrainedRun"

    def regret(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the deciding metric of the model and its baselines, with 95 % intervals.

        The metric is the regret, or the macro F1 of a run that learns a plan without later bills.

        Args:
            ax: axes to draw on; None makes new ones.
        """
        verdict, metrics = self.run.verdict, self.run.manifest.metrics
        metric = shown_metrics(verdict)[0]
        values = {value.model: value for value in metrics if value.metric == metric and value.group is None}
        models = [model for model in models_shown(metrics, verdict) if model in values]
        estimates = [Estimate(values[name].value, values[name].low, values[name].high) for name in models]
        axes = interval_axes(models, estimates, new_axes(ax))
        axes.set_xlabel(f"{metric} ({METRICS[metric].unit})")
        axes.set_title(f"{metric} of {verdict.model} and its baselines")
        return axes

    def calibration(self, ax: "Axes | None" = None) -> "Axes":
        """Draw how often predicted probabilities come true, in bins of equal mass.

        They are the probabilities of being cheaper than the plan held, if the model forecasts bills; else
        those of the most probable plan.

        Args:
            ax: axes to draw on; None makes new ones.

        Raises:
            ConfigError: the model names a plan without probabilities.
        """
        model = config_of(self.run.manifest, self.run.folder).model
        if not model.traits.probabilistic:
            raise ConfigError(f"{self.run.verdict.model} gives no probabilities, so it has no calibration")
        judged = judged_rows_of(self._rows(), self.run.manifest.model_kind)
        cheaper = reliability_of_cheaper(judged)
        what = "P(cheaper than the plan held)" if cheaper else "probability of the most probable plan"
        return _draw_bins(cheaper or reliability(judged), f"predicted {what}", new_axes(ax))

    def harm_by(self, column: str, ax: "Axes | None" = None) -> "Axes":
        """Draw the share of subscribers who would pay more, for each group, with 95 % intervals.

        Args:
            column: `plan_held`, `usage_decile`, `best_plan`, or a protected column of the data.
            ax: axes to draw on; None makes new ones.

        Raises:
            ConfigError: there is no such column, or the run has no bills to judge by.
        """
        rows = self._rows()
        if judged_rows_of(rows, self.run.manifest.model_kind).costs is None:
            raise ConfigError("harm is measured by bills after the decision, and this run has none")
        harm = _harm_by(rows, _column_of(column, rows), self.run)
        axes = interval_axes(list(harm), list(harm.values()), new_axes(ax))
        guard = METRICS["harm_rate"].at_most
        if guard is not None:
            axes.axvline(guard, linestyle=":", color="tab:red", label=f"guard: {guard:.0%}")
            axes.legend()
        axes.set_xlabel("share that would pay more")
        axes.set_title(f"harm by {column}")
        return axes

    def _rows(self) -> "pd.DataFrame":
        """Read the out-of-fold rows of the run's own model."""
        return read_out_of_fold(read_record(self.run.folder), [self.run.manifest.model_kind])


def _column_of(name: str, rows: "pd.DataFrame") -> str:
    groups = COLUMNS | {
        column.removeprefix(OutOfFold.SEGMENT): column
        for column in rows.columns
        if column.startswith(OutOfFold.SEGMENT)
    }
    known = {group: column for group, column in groups.items() if column in rows.columns}
    if name not in known:
        raise ConfigError(
            f"no column {name!r} to group by{did_you_mean(name, known)}; it has {', '.join(known)}"
        )
    return known[name]


def _harm_by(rows: "pd.DataFrame", column: str, run: "TrainedRun") -> dict[str, Estimate]:
    draws = draws_of(rows, run.manifest.seed, run.manifest.n_bootstrap)
    found: dict[str, Estimate] = {}
    for group in sorted(rows[column].dropna().unique()):
        of_group = metric_draws(rows, "harm_rate", draws, (rows[column] == group).to_numpy(bool))
        found[str(group)] = Estimate(float(of_group[0]), *interval_of(of_group))
    return found


def _draw_bins(bins: Sequence[ReliabilityBin], label: str, axes: "Axes") -> "Axes":
    confidence = np.array([one.confidence for one in bins])
    axes.plot([0, 1], [0, 1], linestyle=":", color="tab:gray", label="perfect")
    axes.plot(confidence, [one.hit_rate for one in bins], marker="o", label="this run")
    axes.set_xlabel(label)
    axes.set_ylabel("share that came true")
    axes.set_title("calibration, out of fold")
    axes.legend()
    return axes
