"""Forecast x rater: draw what a subscriber may use, and rate every draw on every plan."""

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from annotated_types import Gt
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.catalogue import Catalogue, rate
from planrec.contracts import Model
from planrec.menu import switching_costs
from planrec.model.plan_rule import n_rows
from planrec.model.usage_forecast import Beliefs, UsageForecast, draws_of, forecast_of
from planrec.model.usage_level import Months, months_of, voice_column
from planrec.schema import HELD, MAX_USAGE, Columns, Usage, lag, take_rows

ROWS_AT_A_TIME = 256
"So that the draws of a block stay small: 256 rows of 256 draws of 3 months are 200,000 months."


class Forecast(Model):
    """A level of use per subscriber, drawn towards the population's, times trend, season and chance.

    Learns usage from the months before each decision, and nothing about plans: a plan that is new in the
    catalogue is ranked like any other.
    """

    reads: ClassVar[Literal["features", "history"]] = "history"
    needs_catalogue: ClassVar[bool] = True
    forecasts_bills: ClassVar[bool] = True
    needs_horizon: ClassVar[bool] = True
    ranks_unseen_plans: ClassVar[bool] = True
    trusted_types: ClassVar[tuple[str, ...]] = (
        "planrec.model.forecast.ForecastClassifier",
        "planrec.model.silent_months.SilentMonths",
        "planrec.model.usage_forecast.Beliefs",
        "planrec.model.usage_forecast.Draws",
        "planrec.model.usage_forecast.UsageForecast",
        "planrec.model.usage_level.Calendar",
        "planrec.model.usage_level.Population",
    )

    kind: Literal["forecast"]
    n_draws: PositiveInt
    "Draws per subscriber; powers of two are spread most evenly."
    trend_sd: PositiveFloat
    "How far from none a month's growth may be, before data, as a standard deviation in logs: 0.02 is 2 %."
    season_sd: PositiveFloat
    "How far from usual a calendar month may be, before data, as a standard deviation in logs."
    offset_share: NonNegativeFloat
    "Added to an amount before its logarithm is taken, as a share of the service's mean: 0 is log-normal."
    largest_swing: Annotated[float, Gt(1)]
    "A month counts as at most this many times the subscriber's median month, and at least one of as many parts."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return a classifier over the catalogue's plans; the seed scrambles the draws."""
        assert catalogue is not None
        options = self.model_dump(exclude={"kind"})
        return ForecastClassifier(catalogue=catalogue.json_text, seed=seed, **options)


class ForecastClassifier(ClassifierMixin, BaseEstimator):
    """The share of draws in which a plan is the cheapest one, switching cost included.

    Another `catalogue` may be set after `fit`: nothing that was learned depends on it.
    """

    def __init__(
        self,
        catalogue: str,
        seed: int,
        n_draws: int,
        trend_sd: float,
        season_sd: float,
        offset_share: float,
        largest_swing: float,
    ) -> None:
        self.catalogue = catalogue
        self.seed = seed
        self.n_draws = n_draws
        self.trend_sd = trend_sd
        self.season_sd = season_sd
        self.offset_share = offset_share
        self.largest_swing = largest_swing

    def fit(self, X: Columns, y: np.ndarray, horizon: int = 1) -> Self:
        """Learn from the lag columns; the labels teach nothing. `horizon`: months that are drawn."""
        beliefs = Beliefs(horizon, self.trend_sd, self.season_sd, self.offset_share, self.largest_swing)
        months = months_of(X)
        self.forecast_ = forecast_of(months, beliefs, draws_of(self.n_draws, horizon, self.seed))
        # What goes with a minute that counts for voice: minutes as measured, and calls.
        voice = np.nansum(months.amount[:, :, 0])
        known = max(int((~np.isnan(months.amount[:, :, 0])).sum()), 1)
        self.usual_voice_ = np.array([voice, months.minutes.sum(), months.calls.sum()]) / known
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Every plan of the catalogue."""
        return np.arange(len(Catalogue.from_json(self.catalogue).plans))

    def predict(self, X: Columns) -> np.ndarray:
        """The plan that is cheapest most often, shape (n,), int64."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Share of draws in which a plan costs least, shape (n, J); ties as in the label."""
        return self._by_block(X, self._shares)["probability"]

    def predict_bills(self, X: Columns) -> dict[str, np.ndarray]:
        """The bill fields of `Prediction`, shape (n, J) each; those against the plan held NaN where unknown."""
        return self._by_block(X, self._bills)

    def drawn_bills(self, X: Columns) -> np.ndarray:
        """Sum of the bills of the months drawn: (n, D, J), int64, minor units."""
        catalogue = Catalogue.from_json(self.catalogue)
        months = months_of(X)
        amounts = self.forecast_.amounts(months)
        n, n_draws, horizon, _ = amounts.shape
        bills = rate(self._usage(X, months, amounts), catalogue)
        return bills.reshape(n, n_draws, horizon, -1).sum(axis=2)

    def _usage(self, X: Columns, months: Months, amounts: np.ndarray) -> Columns:
        """The months drawn as usage columns, one row per subscriber, draw and month."""
        voice, sms, data = (amounts[..., service] for service in range(3))
        column = voice_column(X)
        usual_voice, usual_minutes, usual_calls = self.usual_voice_
        # One usual month is added, so that a subscriber without calls has the population's ratio.
        counted = np.maximum(months.total[:, 0] + usual_voice, 1e-9)[:, None, None]
        per_minute = {
            Usage.VOICE_MINUTES: (months.minutes + usual_minutes)[:, None, None] / counted,
            Usage.VOICE_CALLS: (months.calls + usual_calls)[:, None, None] / counted,
        }
        usage = {name: np.minimum(voice * ratio, MAX_USAGE).ravel() for name, ratio in per_minute.items()}
        if column == Usage.VOICE_MINUTES_BILLED:
            usage[column] = np.rint(voice).ravel()
        else:
            usage[column] = voice.ravel()
        return usage | {Usage.SMS: np.rint(sms).ravel(), Usage.DATA_MIB: data.ravel()}

    def _by_block(self, X: Columns, answer: Any) -> dict[str, np.ndarray]:
        blocks = [
            answer(take_rows(X, np.arange(start, min(start + ROWS_AT_A_TIME, n_rows(X)))))
            for start in range(0, max(n_rows(X), 1), ROWS_AT_A_TIME)
        ]
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    def _shares(self, X: Columns) -> dict[str, np.ndarray]:
        catalogue, held = Catalogue.from_json(self.catalogue), held_of(X)
        cost = self.drawn_bills(X) + switching_costs(catalogue, held)[:, None]
        n_plans = cost.shape[2]
        fees = sorted(range(n_plans), key=lambda j: (catalogue.plans[j].fee.recurring, catalogue.plans[j].id))
        rank = np.empty(n_plans, np.int64)
        rank[fees] = np.arange(1, n_plans + 1)
        preference = np.where(np.arange(n_plans) == held[:, None], 0, rank)
        key = cost * (n_plans + 1) + preference[:, None]
        best = key.argmin(axis=2)
        wins = np.stack([(best == plan).sum(axis=1) for plan in range(n_plans)], axis=1)
        # One draw is shared among all plans: what no draw shows is not impossible.
        return {"probability": (wins + 1 / n_plans) / (cost.shape[1] + 1)}

    def _bills(self, X: Columns) -> dict[str, np.ndarray]:
        catalogue, held = Catalogue.from_json(self.catalogue), held_of(X)
        total = self.drawn_bills(X)
        cost = total + switching_costs(catalogue, held)[:, None]
        unit = self.forecast_.beliefs.horizon * 10**catalogue.exponent
        of_held = np.take_along_axis(cost, np.maximum(held, 0)[:, None, None], axis=2)
        saving = np.sort(of_held - cost, axis=1)
        unknown = (held < 0)[:, None]
        bills = np.sort(total, axis=1)
        against_held = {
            "prob_cheaper": (saving > 0).mean(axis=1),
            "saving_p10": _quantile(saving, 10) / unit,
            "saving_p50": _quantile(saving, 50) / unit,
            "saving_p90": _quantile(saving, 90) / unit,
        }
        return {
            "bill_mean": total.sum(axis=1) / (total.shape[1] * unit),
            "bill_p10": _quantile(bills, 10) / unit,
            "bill_p90": _quantile(bills, 90) / unit,
            **{name: np.where(unknown, np.nan, values) for name, values in against_held.items()},
        }


def held_of(X: Columns) -> np.ndarray:
    """Index of the plan held, shape (n,), int64; -1 where unknown."""
    held = X.get(HELD, np.full(n_rows(X), np.nan))
    return np.where(np.isnan(held), -1.0, held).astype(np.int64)


def _quantile(in_order: np.ndarray, percent: int) -> np.ndarray:
    """The smallest draw that `percent` of the draws do not exceed; `in_order` is sorted along axis 1."""
    return in_order[:, (in_order.shape[1] * percent + 99) // 100 - 1]
