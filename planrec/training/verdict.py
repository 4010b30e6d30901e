"""The verdict of a run: its figures in one sentence, against its best baseline.

Every surface shows this verdict: terminal, notebook, web page, report and card.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Literal, Protocol

from planrec.metrics import METRICS, Difference, Estimate, MetricValue, broken_guards
from planrec.sentences.locale_formats import Language
from planrec.training.verdict_sentence import VerdictFigures, verdict_sentence

Outcome = Literal["better", "worse", "equal", "undecided"]
"Undecided: the 95 % interval of the difference includes zero, or there is no interval."

DECIDING = ("regret", "macro_f1", "accuracy")
"The first of these that a run measured compares it with its baselines; without them its own first metric."
HEADLINES = (
    ("regret", "savings_captured", "harm_rate", "harm_rate_switched", "switch_rate"),
    ("accuracy", "macro_f1", "log_loss", "auc", "top_2"),
)
"Metrics to show first: of advice that is judged by bills, and of a plan that is learned."
N_HEADLINE = 5
SAVED = "savings_captured"


class FiguresOfRun(Protocol):
    """A run with its figures: `RunResult`, just trained, or `Manifest`, read from its folder."""

    @property
    def metrics(self) -> Sequence[MetricValue]:
        """Values of all models, those of the run's own model first."""

    @property
    def differences(self) -> Sequence[Difference]:
        """Each baseline's value less that of the run's own model, on the same draws; empty in old runs."""

    @property
    def currency(self) -> str | None:
        """Currency of the metrics of money."""

    @property
    def reservations(self) -> Sequence[str]:
        """Reasons to distrust the figures."""

    @property
    def target(self) -> str:
        """Kind of the target: `best_bill` or `held`."""


@dataclass(frozen=True)
class BaselineComparison:
    """A run's model against one of its baselines, by the deciding metric."""

    baseline: str
    metric: str
    gain: Estimate
    "By how much the model is better, in the unit of the metric; negative if the baseline is better."
    is_paired: bool
    "Whether both saw the same draws. If not, the interval is wider than it needs to be: the run is old."

    @property
    def outcome(self) -> Outcome:
        """Return whether the model is better; `better` and `worse` are sure at 95 %."""
        if self.gain.excludes_zero:
            return "better" if self.gain.low > 0 else "worse"
        return "equal" if self.gain == Estimate(0, 0, 0) else "undecided"


@dataclass(frozen=True, repr=False)
class RunVerdict:
    """A run in one sentence, and the figures behind it."""

    model: str
    headline: tuple[MetricValue, ...]
    "At most five metrics of the model, the most telling first."
    comparisons: tuple[BaselineComparison, ...]
    "One per baseline, the best baseline first."
    currency: str | None
    warnings: tuple[str, ...]
    "Guards that the advice breaks, and reasons to distrust the figures."
    target: str

    @property
    def best(self) -> BaselineComparison | None:
        """Return the comparison with the best baseline; None without baselines."""
        return next(iter(self.comparisons), None)

    def against(self, baseline: str) -> BaselineComparison | None:
        """Return the comparison with a baseline, such as `stay`; None if the run does not have it."""
        return next((found for found in self.comparisons if found.baseline == baseline), None)

    @property
    def figures(self) -> Mapping[str, float]:
        """Return the values of the headline, by metric."""
        return {value.metric: value.value for value in self.headline}

    def sentence(self, language: Language = "en") -> str:
        """Return the verdict in words, which claim nothing that the intervals do not support."""
        first, best = self.headline[0], self.best
        saved = next((value for value in self.headline if value.metric == SAVED), None)
        return verdict_sentence(
            VerdictFigures(
                model=self.model,
                values=self.figures,
                first=first.metric,
                baseline=None if best is None else best.baseline,
                outcome=None if best is None else best.outcome,
                compared=None if best is None else best.metric,
                gain=nan if best is None else best.gain.value,
                currency=self.currency,
                saving_is_sure=saved is not None and _estimate(saved).excludes_zero,
                names_held=self.target == "held",
            ),
            language,
        )

    def __repr__(self) -> str:
        return f"<RunVerdict: {self.sentence()}>"


def verdict_of(run: FiguresOfRun) -> RunVerdict:
    """Judge a run that was just trained (`RunResult`), or one that was read (`Manifest`)."""
    model = run.metrics[0].model
    single = [value for value in run.metrics if value.group is None and not isnan(value.value)]
    own = {value.metric: value for value in single if value.model == model}
    return RunVerdict(
        model=model,
        headline=tuple(own[name] for name in headline_metrics(own)) or tuple(run.metrics[:1]),
        comparisons=_comparisons(single, own, run.differences),
        currency=run.currency,
        warnings=(
            *broken_guards({name: value.value for name, value in own.items()}),
            *run.reservations,
        ),
        target=run.target,
    )


def headline_metrics(measured: Iterable[str]) -> list[str]:
    """Choose at most five metrics to show first; the others follow in their own order.

    Examples:
        >>> headline_metrics(["regret", "eps_hit", "harm_rate"])
        ['regret', 'harm_rate', 'eps_hit']
    """
    names = list(measured)
    preferred = next((headline for headline in HEADLINES if headline[0] in names), ())
    return list(dict.fromkeys([*(name for name in preferred if name in names), *names]))[:N_HEADLINE]


def _comparisons(
    single: Sequence[MetricValue], own: Mapping[str, MetricValue], differences: Sequence[Difference]
) -> tuple[BaselineComparison, ...]:
    """Compare with every baseline that has the deciding metric, the best baseline first."""
    ordered = [name for name in own if METRICS[name].higher_is_better is not None]
    metric = next((name for name in (*DECIDING, *ordered) if name in own), None)
    if metric is None:
        return ()
    mine = own[metric]
    paired = {found.model: found.estimate for found in differences if found.metric == metric}
    compared = [
        BaselineComparison(
            baseline=value.model,
            metric=metric,
            gain=_gain(metric, paired.get(value.model, _unpaired(mine, value))),
            is_paired=value.model in paired,
        )
        for value in single
        if value.metric == metric and value.model != mine.model
    ]
    return tuple(sorted(compared, key=lambda found: found.gain.value))


def _unpaired(mine: MetricValue, other: MetricValue) -> Estimate:
    """Return the widest difference that two separate intervals allow."""
    return Estimate(other.value - mine.value, other.low - mine.high, other.high - mine.low)


def _estimate(value: MetricValue) -> Estimate:
    return Estimate(value.value, value.low, value.high)


def _gain(metric: str, less_mine: Estimate) -> Estimate:
    """Turn `baseline less model` so that positive is better."""
    if not METRICS[metric].higher_is_better:
        return less_mine
    # Adding 0 turns -0.0 into 0.0.
    return Estimate(-less_mine.value + 0.0, -less_mine.high + 0.0, -less_mine.low + 0.0)
