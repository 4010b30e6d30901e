"""The figures of a campaign: whom it reaches, the money that it moves, and how sure that is.

Totals are for a year and hold if every contacted subscriber changes plan and the months ahead go on as
forecast. Their interval treats subscribers as units: it is that of a bootstrap over subscribers in which the
saving of each is drawn from its own forecast, in closed form. Errors that all subscribers share, such as a
price change, are not in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from planrec.campaigns.contact_rules import HOLDOUT, ScoredSubscribers
from planrec.sentences import Language

MONTHS = 12
"Months of the totals."
SIDES = 1.959964
"Standard errors on each side of a 95 % interval."
P10_TO_P90 = 2.563103
"Standard deviations from the 10 % to the 90 % quantile of a normal distribution."
N_DECILES = 10


class Total(Struct, frozen=True):
    """A yearly total of money with its 95 % interval, in the major unit of the currency."""

    value: float
    low: float
    high: float


class Part(Struct, frozen=True):
    """The contacted subscribers of one plan, segment, channel or decile of saving."""

    name: str
    subscribers: int
    contacted: int
    saving: Annotated[float, Meta(description="Yearly saving of the contacted.")]


class Refused(Struct, frozen=True):
    """Rows of the months file that break one rule."""

    reason: str
    rows: int


class FileUse(Struct, frozen=True):
    """The entries of a file of subscribers, and how many of them are in the months file."""

    entries: int
    matched: int


class Figures(Struct, frozen=True):
    """Whom a campaign reaches, and the money that it moves."""

    subscribers: int
    advised: Annotated[int, Meta(description="Subscribers with the advice to change plan.")]
    contacted: int
    excluded: Annotated[
        Mapping[str, int], Meta(description="Code -> subscribers it applies to; one may have several codes.")
    ]
    held_out: Annotated[
        int, Meta(description="Subscribers kept out by the hold-out alone: the control group.")
    ]
    saving: Total
    revenue: Annotated[Total, Meta(description="Change of the operator's revenue.")]
    below_zero_at_p10: Annotated[
        float | None,
        Meta(description="Share of the contacted whose saving_p10 is below 0; null without forecast."),
    ]
    has_forecast: Annotated[
        bool, Meta(description="Whether the intervals contain the spread of each forecast.")
    ]
    by_plan: tuple[Part, ...]
    by_decile: Annotated[
        tuple[Part, ...], Meta(description="Tenths of the contacted by saving, 1 saves least.")
    ]
    by_segment: tuple[Part, ...]
    by_channel: tuple[Part, ...]


class CampaignSummary(Struct, frozen=True):
    """The result of a campaign."""

    currency: str
    figures: Figures
    preview: Annotated[Mapping[Language, str], Meta(description="Language -> first message.")]
    do_not_contact: FileUse | None
    contact_history: FileUse | None
    refused_subscribers: Annotated[
        int, Meta(description="Subscribers who are left out because a row breaks a rule.")
    ]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScoredMoney:
    """Monthly money of the scored subscribers, shape (n,) each, NaN if unknown."""

    saving: np.ndarray
    p10: np.ndarray
    p90: np.ndarray
    bill: np.ndarray
    bill_held: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation of each saving by its quantiles; 0 if the model does not forecast."""
        return np.nan_to_num((self.p90 - self.p10) / P10_TO_P90)


@dataclass(frozen=True)
class CampaignOutcome:
    """The scored subscribers, and which of them are contacted."""

    rows: ScoredSubscribers
    money: ScoredMoney
    segment: np.ndarray | None
    masks: Mapping[str, np.ndarray]
    "As `ContactRules.masks`."

    @property
    def is_contacted(self) -> np.ndarray:
        """Rows without a code, shape (n,), bool."""
        return ~np.logical_or.reduce(list(self.masks.values()))

    def figures(self) -> Figures:
        """Count the subscribers and add up their money."""
        reached, money, masks = self.is_contacted, self.money, self.masks
        is_advised, p10 = self.rows.decision == "recommend", money.p10[reached]
        has_forecast = bool(len(p10)) and not np.isnan(p10).any()
        n_codes = np.sum(list(masks.values()), axis=0)
        return Figures(
            subscribers=len(reached),
            advised=int(is_advised.sum()),
            contacted=int(reached.sum()),
            excluded={code: int(mask.sum()) for code, mask in masks.items() if mask.any()},
            held_out=int((masks[HOLDOUT] & (n_codes == 1)).sum()),
            saving=total(money.saving[reached], money.spread[reached]),
            revenue=total((money.bill - money.bill_held)[reached], money.spread[reached]),
            below_zero_at_p10=float((p10 < 0).mean()) if has_forecast else None,
            has_forecast=has_forecast,
            by_plan=self._parts(np.array(_only(self.rows.plan, is_advised), object)),
            by_decile=self._deciles(),
            by_segment=() if self.segment is None else self._parts(self.segment),
            by_channel=self._parts(self.rows.channel) if any(self.rows.channel) else (),
        )

    def _parts(self, groups: np.ndarray) -> tuple[Part, ...]:
        """Sum up the groups in the order of their names; rows without a group are left out."""
        known = np.array([name is not None for name in groups], bool)
        names, group = np.unique(groups[known].astype(str), return_inverse=True)
        reached = self.is_contacted[known]
        saving = np.where(reached, self.money.saving[known], 0.0)
        n, n_reached, sums = (
            np.bincount(group, weights, minlength=len(names)) for weights in (None, reached, saving)
        )
        rows = zip(names.tolist(), n.tolist(), n_reached.tolist(), (MONTHS * sums).tolist(), strict=True)
        return tuple(Part(name, int(all_), int(some), round(sum_, 2)) for name, all_, some, sum_ in rows)

    def _deciles(self) -> tuple[Part, ...]:
        saving = np.sort(self.money.saving[self.is_contacted])
        tenths = np.array_split(saving, N_DECILES) if len(saving) >= N_DECILES else []
        return tuple(
            Part(str(place), len(tenth), len(tenth), round(MONTHS * float(tenth.sum()), 2))
            for place, tenth in enumerate(tenths, start=1)
        )


def _only(values: np.ndarray, is_kept: np.ndarray) -> list[object]:
    """Return the values of the rows to keep, and None for the others."""
    return [value if kept else None for value, kept in zip(values, is_kept, strict=True)]


def total(monthly: np.ndarray, spread: np.ndarray) -> Total:
    """Return the yearly total of monthly amounts, shape (n,), with its 95 % interval.

    Args:
        monthly: expected amount of each subscriber.
        spread: standard deviation of each forecast.

    >>> total(np.array([5.0, 5.0]), np.zeros(2))
    Total(value=120.0, low=120.0, high=120.0)
    """
    if not len(monthly):
        return Total(0.0, 0.0, 0.0)
    variance = ((monthly - monthly.mean()) ** 2).sum() + (spread**2).sum()
    value, half = MONTHS * float(monthly.sum()), SIDES * MONTHS * float(np.sqrt(variance))
    return Total(round(value, 2), round(value - half, 2), round(value + half, 2))


def as_json(summary: CampaignSummary) -> bytes:
    """Write a summary as JSON for files and terminals."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
