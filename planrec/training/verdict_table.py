"""The figures of a verdict as one table of five columns, at most 80 characters wide."""

from collections.abc import Iterator, Sequence
from math import isnan

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from planrec.metrics import METRICS, MetricValue
from planrec.training.verdict import BaselineComparison, RunVerdict
from planrec.wording import ARROW, figure, signed, with_interval

TITLES = {"savings_captured": "savings", "harm_rate": "harm", "macro_f1": "macro F1"}
"Short names of metrics; the others keep their own."
N_MORE = 2
"Metrics beside the deciding one."


def verdict_table(metrics: Sequence[MetricValue], verdict: RunVerdict) -> Table:
    """Return one row per model: the run's own first, then its baselines, the best first."""
    names = shown_metrics(verdict)
    cells = {(value.metric, value.model): value for value in metrics if value.group is None}
    table = verdict_grid()
    table.add_column("model", overflow="fold")
    for title in _titles(names, verdict):
        table.add_column(title, justify="right")
    for model in models_shown(metrics, verdict):
        own = model == verdict.model
        row = _cells(names, verdict.against(model), [cells.get((name, model)) for name in names])
        if not verdict.comparisons:
            row = [cell for at, cell in enumerate(row) if at != 1]
        table.add_row(Text(model), *row, style="bold" if own else "")
    return table


def verdict_grid() -> Table:
    """Return a table without rows and columns, whose lines take little of the width."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


def shown_metrics(verdict: RunVerdict) -> tuple[str, ...]:
    """Return the deciding metric, and the two of the headline that tell most beside it."""
    headline = [value.metric for value in verdict.headline]
    deciding = verdict.comparisons[0].metric if verdict.comparisons else headline[0]
    return deciding, *[name for name in headline if name != deciding][:N_MORE]


def models_shown(metrics: Sequence[MetricValue], verdict: RunVerdict) -> list[str]:
    """Return the models: the run's own, then its baselines, the best first."""
    ranked = (verdict.model, *(found.baseline for found in verdict.comparisons))
    return list(dict.fromkeys((*ranked, *(value.model for value in metrics))))


def short_text(metric: str, value: float) -> str:
    """Format a value without its interval: shares in percent, with a mark if it breaks a guard.

    Examples:
        >>> short_text("harm_rate", 0.081), short_text("regret", 3.45), short_text("regret", float("nan"))
        ('8.1 % !', '3.45', '-')
    """
    if isnan(value):
        return "-"
    guard, is_share = METRICS[metric].at_most, METRICS[metric].unit.startswith("share")
    text = f"{100 * value:.1f} %" if is_share else figure(value)
    return text + (" !" if guard is not None and value > guard else "")


def short_title(metric: str) -> str:
    """Return the short name of a metric, with an arrow in its better direction.

    Examples:
        >>> short_title("savings_captured"), short_title("switch_rate")
        ('savings ↑', 'switch_rate')
    """
    return TITLES.get(metric, metric) + ARROW[METRICS[metric].higher_is_better]


def _titles(names: Sequence[str], verdict: RunVerdict) -> Iterator[str]:
    first, *others = map(short_title, names)
    yield first
    if verdict.comparisons:
        yield f"{verdict.model} gains"
    yield from others


def _cells(
    names: Sequence[str], compared: BaselineComparison | None, values: Sequence[MetricValue | None]
) -> list[Text]:
    first, *others = values
    decided = "-" if first is None else with_interval(first.value, first.low, first.high)
    gain = Text("") if compared is None else _gain(compared)
    return [Text(decided), gain, *map(_short_cell, others)]


def _short_cell(value: MetricValue | None) -> Text:
    return Text("-" if value is None else short_text(value.metric, value.value))


def _gain(compared: BaselineComparison) -> Text:
    gain = compared.gain
    style = {"better": "green", "worse": "red"}.get(compared.outcome, "")
    return Text(signed(gain.value, gain.low, gain.high), style=style)
