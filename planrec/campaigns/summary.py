"""The figures of a campaign: whom it reaches, the money that it moves, and how sure that is.

Totals are for a year and hold if every contacted subscriber changes plan and the months ahead go on as
forecast. Costs of switching count once. Their interval treats subscribers as units: it is that of a bootstrap
over subscribers in which the saving of each is drawn from its own forecast, in closed form. Errors that all
subscribers share, such as a price change, are not in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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
MOST_PARTS = 100
"Groups that are listed by themselves."


class Total(Struct, frozen=True):
    """A yearly total of money with its 95 % interval, in the major unit of the currency."""

    value: float
    low: float
    high: float


class Part(Struct, frozen=True):
    """The contacted subscribers of one plan, segment, channel or decile of saving."""

    name: Annotated[str | None, Meta(description="null: all groups after the 100 with most subscribers.")]
    subscribers: int
    contacted: int
    saving: Annotated[Total, Meta(description="Yearly saving of the contacted.")]
    below_zero_at_p10: Annotated[
        float | None,
        Meta(description="As that of all contacted; null also if none is contacted."),
    ]


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
    revenue: Annotated[
        Total,
        Meta(description="Change of the operator's revenue from bills, without one-off fees of changing."),
    ]
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

    horizon: int
    "Months over which `saving` spreads the cost of switching."
    saving: np.ndarray
    p10: np.ndarray
    p90: np.ndarray
    bill: np.ndarray
    bill_held: np.ndarray

    @cached_property
    def year(self) -> np.ndarray:
        """Saving of the first year."""
        return yearly_saving(self.saving, self.bill, self.bill_held, self.horizon)

    @cached_property
    def spread(self) -> np.ndarray:
        """Standard deviation of each yearly saving by the quantiles; 0 if the model does not forecast."""
        return MONTHS * np.nan_to_num((self.p90 - self.p10) / P10_TO_P90)


@dataclass(frozen=True)
class CampaignOutcome:
    """The scored subscribers, and which of them are contacted."""

    rows: ScoredSubscribers
    money: ScoredMoney
    segment: np.ndarray | None
    masks: Mapping[str, np.ndarray]
    "As `ContactRules.masks`."

    @cached_property
    def is_contacted(self) -> np.ndarray:
        """Rows without a code, shape (n,), bool."""
        return ~np.logical_or.reduce(list(self.masks.values()))

    def figures(self) -> Figures:
        """Count the subscribers and add up their money."""
        reached, money, masks = self.is_contacted, self.money, self.masks
        is_advised, below = self.rows.decision == "recommend", below_zero(money.p10[reached])
        n_codes = np.sum(list(masks.values()), axis=0)
        return Figures(
            subscribers=len(reached),
            advised=int(is_advised.sum()),
            contacted=int(reached.sum()),
            excluded={code: int(mask.sum()) for code, mask in masks.items() if mask.any()},
            held_out=int((masks[HOLDOUT] & (n_codes == 1)).sum()),
            saving=total(money.year[reached], money.spread[reached]),
            revenue=total(MONTHS * (money.bill - money.bill_held)[reached], money.spread[reached]),
            below_zero_at_p10=below,
            has_forecast=below is not None,
            by_plan=self._parts(np.array(_only(self.rows.plan, is_advised), object)),
            by_decile=self._deciles(),
            by_segment=() if self.segment is None else self._parts(self.segment),
            by_channel=self._parts(self.rows.channel) if any(self.rows.channel) else (),
        )

    def _parts(self, groups: np.ndarray) -> tuple[Part, ...]:
        """Sum up the groups in the order of their names; rows without a group are left out."""
        rows = np.flatnonzero([name is not None for name in groups])
        if not len(rows):
            return ()
        named, group = np.unique(groups[rows].astype(str), return_inverse=True)
        names, group = with_others(named, group)
        ends = np.cumsum(np.bincount(group, minlength=len(names)))
        members = np.split(rows[np.argsort(group, kind="stable")], ends[:-1])
        return tuple(self._part(name, own) for name, own in zip(names, members, strict=True))

    def _deciles(self) -> tuple[Part, ...]:
        rows = np.flatnonzero(self.is_contacted)
        ordered = rows[np.argsort(self.money.year[rows], kind="stable")]
        tenths = np.array_split(ordered, N_DECILES) if len(rows) >= N_DECILES else []
        return tuple(self._part(str(place), tenth) for place, tenth in enumerate(tenths, start=1))

    def _part(self, name: str | None, rows: np.ndarray) -> Part:
        """Sum up the contacted of some rows."""
        reached, money = rows[self.is_contacted[rows]], self.money
        sum_ = total(money.year[reached], money.spread[reached])
        return Part(name, len(rows), len(reached), sum_, below_zero(money.p10[reached]))


def with_others(names: np.ndarray, group: np.ndarray) -> tuple[list[str | None], np.ndarray]:
    """Keep the groups with most rows; the others become one last group without a name.

    Args:
        names: name of each group, shape (g,).
        group: place of each row in `names`, shape (n,).

    Returns:
        At most `MOST_PARTS` + 1 names in their order, and the place of each row in them.

    >>> with_others(np.array(["a", "b"]), np.array([0, 1, 1]))
    (['a', 'b'], array([0, 1, 1]))
    """
    if len(names) <= MOST_PARTS:
        return names.tolist(), group
    sizes = np.bincount(group, minlength=len(names))
    kept = np.sort(np.argsort(-sizes, kind="stable")[:MOST_PARTS])
    place = np.full(len(names), MOST_PARTS)
    place[kept] = np.arange(MOST_PARTS)
    return [*names[kept].tolist(), None], place[group]


def _only(values: np.ndarray, is_kept: np.ndarray) -> list[object]:
    """Return the values of the rows to keep, and None for the others."""
    return [value if kept else None for value, kept in zip(values, is_kept, strict=True)]


def yearly_saving(saving: np.ndarray, bill: np.ndarray, bill_held: np.ndarray, horizon: int) -> np.ndarray:
    """Compute the savings of the first year, shape (n,): the cost of switching is paid once.

    Args:
        saving: a month, with the cost of switching spread over the horizon.
        bill: a month, on the plan advised.
        bill_held: a month, on the plan held.
        horizon: months.

    >>> yearly_saving(np.array([5.0]), np.array([20.0]), np.array([30.0]), horizon=3)
    array([105.])
    """
    difference = bill_held - bill
    return MONTHS * difference - max(horizon, 1) * (difference - saving)


def below_zero(p10: np.ndarray) -> float | None:
    """Return the share of savings whose 10 % quantile is below zero; None if one is unknown.

    >>> below_zero(np.array([-1.0, 2.0])), below_zero(np.array([])), below_zero(np.array([np.nan]))
    (0.5, None, None)
    """
    return float((p10 < 0).mean()) if len(p10) and not np.isnan(p10).any() else None


def total(amounts: np.ndarray, spread: np.ndarray) -> Total:
    """Return the total of yearly amounts, shape (n,), with its 95 % interval.

    Args:
        amounts: expected amount of each subscriber.
        spread: standard deviation of each forecast.

    >>> total(np.array([60.0, 60.0]), np.zeros(2))
    Total(value=120.0, low=120.0, high=120.0)
    """
    if not len(amounts):
        return Total(0.0, 0.0, 0.0)
    variance = ((amounts - amounts.mean()) ** 2).sum() + (spread**2).sum()
    value, half = float(amounts.sum()), SIDES * float(np.sqrt(variance))
    return Total(round(value, 2), round(value - half, 2), round(value + half, 2))


def as_json(summary: CampaignSummary) -> bytes:
    """Write a summary as JSON for files and terminals."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
