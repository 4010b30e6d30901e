"""Model `forecast`: draw the usage of the months to come, and rate every draw on every plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Gt
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.catalogue import Catalogue, rate
from planrec.contracts import Model, ModelTraits, required_catalogue
from planrec.model.drawn_bills import bill_fields, chances, costs_of, shares_best
from planrec.model.known_months import Months, months_of, voice_column
from planrec.model.plan_rule import held_of, n_rows
from planrec.model.usage_forecast import Beliefs, draws_of, forecast_of
from planrec.schema.columns import EXIT_FEE, MAX_USAGE, Columns, Usage, take_rows

ROWS_AT_A_TIME = 64
"Rows per block, so that its draws stay small: 64 rows with 256 draws of 3 months are 50,000 months."


class Forecast(Model):
    """A level of usage per subscriber that may move, times trend, season and noise.

    The level is shrunk towards the population's. How far levels walk and grow on their own is learned; the
    known months of all services decide together, and late months count more if levels move. The forecast
    learns usage from the months before each decision, and nothing about plans. So a new plan in the catalogue
    is ranked like any other.
    """

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history",
        needs_catalogue=True,
        needs_horizon=True,
        forecasts_bills=True,
        knows_population=True,
        ranks_unseen_plans=True,
        trusted_types=(
            "planrec.model.forecast.ForecastClassifier",
            "planrec.model.silent_months.SilentMonths",
            "planrec.model.usage_forecast.Beliefs",
            "planrec.model.usage_forecast.UsageDraws",
            "planrec.model.usage_forecast.UsageForecast",
            "planrec.model.level_movement.Movement",
            "planrec.model.usage_calendar.Calendar",
            "planrec.model.usage_level.Population",
        ),
    )

    kind: Literal["forecast"]
    n_draws: PositiveInt
    "Draws per subscriber; powers of two are spread most evenly."
    trend_sd: PositiveFloat
    "Prior standard deviation of a month's growth, in logs: 0.02 is 2 %."
    season_sd: PositiveFloat
    "Prior standard deviation of a calendar month's deviation, in logs."
    largest_swing: Annotated[float, Gt(1)]
    "Months are clipped to between 1 / largest_swing and largest_swing times the subscriber's median month."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted classifier over the catalogue's plans; the seed scrambles the draws."""
        plans = required_catalogue(catalogue, self.kind)
        options = self.model_dump(exclude={"kind"})
        return ForecastClassifier(catalogue=plans.json_text, seed=seed, **options)


@dataclass(frozen=True)
class Drawn:
    """Some rows of a call, and the bills of their draws."""

    rows: slice
    "Positions in the call."
    held: np.ndarray
    "Shape (n,), int64: index of the plan held, -1 if unknown."
    total: np.ndarray
    "Shape (J, n, D), int64: sum of the bills of the months drawn, minor units."
    cost: np.ndarray
    "The same with the switching costs."


class ForecastClassifier(ClassifierMixin, BaseEstimator):
    """The share of draws in which a plan is the cheapest one, with its switching cost.

    Another `catalogue` may be set after `fit`: no fitted value depends on it.
    """

    def __init__(
        self,
        catalogue: str,
        seed: int,
        n_draws: int,
        trend_sd: float,
        season_sd: float,
        largest_swing: float,
    ) -> None:
        """Keep the catalogue as JSON, the seed and the fields of `Forecast`."""
        self.catalogue = catalogue
        self.seed = seed
        self.n_draws = n_draws
        self.trend_sd = trend_sd
        self.season_sd = season_sd
        self.largest_swing = largest_swing

    def fit(self, X: Columns, y: np.ndarray, horizon: int = 1) -> Self:
        """Fit on the lag columns, not on the labels; `horizon` is the number of months that are drawn."""
        beliefs = Beliefs(horizon, self.trend_sd, self.season_sd, self.largest_swing)
        months = months_of(X)
        self.forecast_ = forecast_of(months, beliefs, draws_of(self.n_draws, horizon, self.seed))
        self.classes_ = np.arange(len(self._plans.plans))
        # A usual month: billed or measured minutes, measured minutes, calls.
        voice = np.nansum(months.amount[:, :, 0])
        known = max(int((~np.isnan(months.amount[:, :, 0])).sum()), 1)
        self.usual_voice_ = np.array([voice, months.minutes.sum(), months.calls.sum()]) / known
        return self

    def predict(self, X: Columns) -> np.ndarray:
        """Predict the plan that is cheapest most often, shape (n,), int64."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Predict probabilities over all plans of the catalogue, shape (n, J)."""
        plans = self._plans
        return np.concatenate([shares_best(drawn.cost, plans, drawn.held) for drawn in self._drawn(X)])

    def predict_bills(self, X: Columns) -> dict[str, np.ndarray]:
        """Compute fields of `Prediction`, shape (n, J) each.

        Fields that compare with the plan held are NaN if it is unknown.
        """
        plans = self._plans
        unit = self.forecast_.beliefs.horizon * 10**plans.exponent
        answers = []
        for drawn in self._drawn(X):
            best = {"probability": shares_best(drawn.cost, plans, drawn.held)}
            answers.append(best | bill_fields(drawn.total, drawn.cost, drawn.held, unit))
        if len(answers) == 1:
            return answers[0]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    def bill_chances(self, X: Columns, bills: np.ndarray) -> np.ndarray:
        """Compute P(bill < b) and P(bill <= b), shape (n, J, 2); b, shape (n, J), are sums in minor units."""
        return np.concatenate([chances(drawn.total, bills[drawn.rows]) for drawn in self._drawn(X)])

    @property
    def _plans(self) -> Catalogue:
        return Catalogue.from_json(self.catalogue)

    def _drawn(self, X: Columns) -> Iterator[Drawn]:
        """Yield the rated draws of some rows at a time."""
        for start in range(0, max(n_rows(X), 1), ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            block = take_rows(X, rows)
            months = months_of(block)
            amounts = self.forecast_.amounts(months)
            bills = rate(self._usage(block, months, amounts), self._plans)
            total = bills.T.reshape(bills.shape[1], *amounts.shape[1:]).sum(axis=2)
            held = held_of(block)
            yield Drawn(rows, held, total, costs_of(total, self._plans, held, block.get(EXIT_FEE)))

    def _usage(self, X: Columns, months: Months, amounts: np.ndarray) -> Columns:
        """Convert the drawn months to usage columns, one row per subscriber, draw and month."""
        voice, sms, data = amounts
        usual_voice, usual_minutes, usual_calls = self.usual_voice_
        # Add one usual month, so that a subscriber without calls has the population's ratio.
        counted = np.maximum(months.total[:, 0] + usual_voice, 1.0)
        minutes = voice * ((months.minutes + usual_minutes) / counted)[:, None, None]
        calls = voice * ((months.calls + usual_calls) / counted)[:, None, None]
        usage = {
            Usage.VOICE_MINUTES: minutes,
            Usage.VOICE_CALLS: np.minimum(calls, MAX_USAGE),
            Usage.SMS: np.rint(sms),
            Usage.DATA_MIB: data,
        }
        if voice_column(X) == Usage.VOICE_MINUTES_BILLED:
            usage[Usage.VOICE_MINUTES] = np.minimum(minutes, MAX_USAGE)
            usage[Usage.VOICE_MINUTES_BILLED] = np.rint(voice)
        else:
            usage[Usage.VOICE_MINUTES] = voice
        return {name: array.ravel() for name, array in usage.items()}
