"""The default features of one request, written with pandas as many would, to compare serving with."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from planrec.catalogue import Catalogue, rate
from planrec.schema.columns import Usage, lag

MONTHS = range(1, 7)
WINDOWS = (1, 3, 6)


class PandasFeatures(TransformerMixin, BaseEstimator):
    """The features of `usage_and_bills` for one subscriber: months, their bills, and one row of both."""

    def __init__(self, catalogue: Catalogue, names: list[str]) -> None:
        self.catalogue = catalogue
        self.names = names

    def fit(self, X: Any, y: Any = None) -> Self:
        """Do nothing: no value is fitted."""
        return self

    def transform(self, X: dict[str, np.ndarray]) -> pd.DataFrame:
        """Return one row with columns in the order of `names`, from months with the latest first."""
        services = [name for name in Usage.ALL if lag(name, 1) in X]
        known = {name: [X[lag(name, ago)][0] for ago in MONTHS] for name in services}
        months = pd.DataFrame(known, index=MONTHS).dropna()
        minor = rate({name: months[name].to_numpy() for name in services}, self.catalogue)
        bills = pd.DataFrame(minor / 10**self.catalogue.exponent, months.index, list(self.catalogue.plan_ids))
        row = pd.concat(
            [_of_usage(months[list(Usage.MEASURED)]), _of_bills(bills), self._of_allowances(months)]
        )
        return row.reindex(self.names).to_frame().T

    def _of_allowances(self, months: pd.DataFrame) -> pd.Series:
        features = {}
        for name in self.names:
            for kind in ("_over_", "_used_"):
                service, found, allowance = name.partition(kind)
                if found:
                    used = months[service] > float(allowance) if kind == "_over_" else months[service]
                    features[name] = used.mean() / (1.0 if kind == "_over_" else float(allowance))
        return pd.Series(features)


def _of_usage(usage: pd.DataFrame) -> pd.Series:
    mean = usage.mean()
    log_mean = np.log1p(mean)
    times = pd.Series(-usage.index.to_numpy(float), usage.index)
    from_mean = times - times.mean()
    trend = (usage - mean).mul(from_mean, axis=0).sum() / max((from_mean**2).sum(), 0.5)
    return pd.concat(
        [
            usage.iloc[0].add_suffix("_last"),
            mean.add_suffix("_mean"),
            usage.max().add_suffix("_peak"),
            log_mean.add_suffix("_log_mean"),
            trend.add_suffix("_trend"),
            usage.std(ddof=0).add_suffix("_sd"),
            (log_mean / max(log_mean.sum(), 1.0)).add_suffix("_share"),
            pd.Series(
                {
                    "minutes_per_call": mean[Usage.VOICE_MINUTES] / max(mean[Usage.VOICE_CALLS], 1.0),
                    "months_known": float(len(usage)),
                }
            ),
        ]
    )


def _of_bills(bills: pd.DataFrame) -> pd.Series:
    parts = []
    for window in WINDOWS:
        mean = bills.head(window).mean()
        parts += [
            mean.add_prefix(f"bill_mean_{window}@"),
            (mean - mean.min()).add_prefix(f"bill_gap_{window}@"),
            pd.Series({f"cheapest_{window}": float(mean.to_numpy().argmin())}),
        ]
    return pd.concat(
        [*parts, bills.std(ddof=0).add_prefix("bill_sd@"), bills.quantile(0.9).add_prefix("bill_p90@")]
    )
