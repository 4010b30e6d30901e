"""Explanation in the terminal."""

from rich.table import Table
from rich.text import Text

from planrec.metrics import METRICS, Estimate
from planrec.reports.explanation.feature_importance import Explanation, FeatureImportance
from planrec.terminal import console_of_tables
from planrec.wording import signed, with_interval

MAY_BE_LUCK = "~"


def print_explanation(explanation: Explanation, most: int) -> None:
    """Print the most important features, and the meaning of the columns."""
    console = console_of_tables()
    shown = explanation.features[:most]
    table = Table("feature", *(f"{metric} worse by" for metric in explanation.metrics))
    if any(feature.contribution is not None for feature in shown):
        table.add_column("contribution")
    for feature in shown:
        table.add_row(*_cells(feature))
    console.print(table)
    for line in _legend(explanation, len(shown)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _cells(feature: FeatureImportance) -> list[Text]:
    cells = [Text(feature.name), *(_difference(estimate) for estimate in feature.worse.values())]
    if feature.contribution is not None:
        value = feature.contribution
        cells.append(Text(with_interval(value.value, value.low, value.high)))
    return cells


def _difference(estimate: Estimate) -> Text:
    text = signed(estimate.value, estimate.low, estimate.high)
    if estimate == Estimate(0.0, 0.0, 0.0):
        return Text("none", style="dim")
    return Text(text) if estimate.excludes_zero else Text(f"{text} {MAY_BE_LUCK}", style="dim")


def _legend(explanation: Explanation, shown: int) -> list[str]:
    run, left = explanation.saved, len(explanation.features) - shown
    values = ", ".join(
        f"{name} {with_interval(value.value, value.low, value.high)} ({METRICS[name].unit})"
        for name, value in explanation.values.items()
    )
    lines = [
        f"{run.run_id}, model {run.config.model.kind}: {values}",
        f"{explanation.n_decisions:,} decisions of {explanation.n_subscribers:,} subscribers, each explained"
        f" by a fold that did not train on it; each column shuffled {explanation.repeats} times",
        "95 % intervals over subscribers, paired; they hold for these fitted models, not for models"
        f" fitted on other subscribers; {MAY_BE_LUCK} the interval includes 0: may be luck; none: shuffling"
        " changes nothing",
    ]
    if explanation.features[0].contribution is not None:
        lines.append(
            "contribution: mean absolute contribution of the column to the raw scores, summed over the plans;"
            " before any calibration"
        )
    if left:
        lines.append(f"{left} more features: --features {len(explanation.features)}, or --csv FILE.csv")
    return lines
