"""The contact policy: the codes of the rules that keep a subscriber from being contacted.

Days are calendar days in the time zone of the campaign, so that a contact of the same day a week ago counts
alike in the morning and in the evening. A window of d days counts the contacts in (t - d, t].
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from planrec.campaigns.settings import CampaignSettings

NOT_ADVISED, BELOW_MINIMUM = "not_advised", "below_minimum"
OBJECTED, HOLDOUT, COOL_DOWN, DECLINED = "objected", "holdout", "cool_down", "declined_before"
CAP, QUIET, TOO_LONG = "cap_reached", "quiet_hours", "message_too_long"


@dataclass(frozen=True)
class Contacts:
    """Earlier contacts; all arrays have shape (m,)."""

    subscriber: np.ndarray
    "Object: names as in the months file."
    day: np.ndarray
    "datetime64[D], in the time zone of the campaign."
    offer: np.ndarray
    "Object: id or name of the plan offered, or None."
    is_declined: np.ndarray
    "Bool."


@dataclass(frozen=True)
class ScoredSubscribers:
    """The scored subscribers; all arrays have shape (n,). Money is per month, in the major unit."""

    subscriber: np.ndarray
    "Object, text."
    decision: np.ndarray
    "Object: recommend | stay | abstain."
    plan: np.ndarray
    "Object: id of the plan advised, or None."
    plan_name: np.ndarray
    "Object: its name, or None."
    saving: np.ndarray
    "float64; NaN if unknown."
    channel: np.ndarray
    "Object: channel of the contact, or None."

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each subscriber."""
        return {name: row for row, name in enumerate(self.subscriber)}


@dataclass(frozen=True)
class ContactRules:
    """The rules of a campaign at one moment."""

    settings: CampaignSettings
    moment: datetime
    "In the time zone of the campaign."
    objected: frozenset[str]
    "Subscribers who are never contacted."
    contacts: Contacts | None = None

    def masks(self, rows: ScoredSubscribers, is_too_long: np.ndarray) -> dict[str, np.ndarray]:
        """Return each code with the rows it applies to, shape (n,) bool, in the order of writing.

        Args:
            rows: the scored subscribers.
            is_too_long: shape (n,), bool: whether the message has no room.
        """
        settings = self.settings
        masks = {
            NOT_ADVISED: rows.decision != "recommend",
            BELOW_MINIMUM: (rows.decision == "recommend") & ~(rows.saving >= float(settings.minimum_saving)),
            OBJECTED: np.array([name in self.objected for name in rows.subscriber], bool),
            HOLDOUT: held_out(rows.subscriber, self.moment.year, settings.holdout),
            **self._by_history(rows),
        }
        late = {QUIET: self._quiet(rows.channel), TOO_LONG: is_too_long}
        n_codes = np.sum([*masks.values(), *late.values()], axis=0)
        is_held_out = masks[HOLDOUT] & (n_codes == 1)
        return {**masks, CAP: beyond_cap(rows.saving, n_codes == 0, settings.cap, is_held_out), **late}

    def _by_history(self, rows: ScoredSubscribers) -> dict[str, np.ndarray]:
        """Return the codes that depend on earlier contacts."""
        settings, n = self.settings, len(rows.subscriber)
        if self.contacts is None:
            return {}
        row = np.array([rows.row_of.get(name, -1) for name in self.contacts.subscriber], np.int64)
        age = (np.datetime64(self.moment.date(), "D") - self.contacts.day).astype(np.int64)
        known = (row >= 0) & (age >= 0)

        def count(within: int, more: np.ndarray = known) -> np.ndarray:
            return np.bincount(row[known & more & (age < within)], minlength=n)

        is_same = self.contacts.is_declined & _is_offer(self.contacts.offer, row, rows)
        cool_down = settings.cool_down_days
        return {
            **{window.code: count(window.days) >= window.at_most for window in settings.windows},
            COOL_DOWN: count(cool_down.any_contact or 0) > 0,
            DECLINED: count(cool_down.same_offer_declined or 0, is_same) > 0,
        }

    def _quiet(self, channel: np.ndarray) -> np.ndarray:
        quiet = {
            name.casefold()
            for name, spans in self.settings.quiet_hours.items()
            if any(in_span(self.moment.hour, *span) for span in spans)
        }
        return np.array([name is not None and name.casefold() in quiet for name in channel], bool)


def held_out(subscribers: Iterable[str], year: int, share: float) -> np.ndarray:
    """Choose the subscribers who are not contacted in a year, shape (n,), bool: the same in every campaign.

    >>> held_out(["ana", "ben", "eva"], 2026, 0.5).tolist()
    [True, True, False]
    """
    names = list(subscribers)
    if not share:
        return np.zeros(len(names), bool)
    digests = (hashlib.sha256(f"{year} {name}".encode()).digest() for name in names)
    return np.array([int.from_bytes(digest[:8], "big") < share * 2**64 for digest in digests], bool)


def in_span(hour: int, start: int, end: int) -> bool:
    """Return whether an hour is in a span that may pass midnight; a span from an hour to itself is a day.

    >>> in_span(22, 21, 9), in_span(9, 21, 9), in_span(12, 9, 21)
    (True, False, True)
    """
    return start <= hour < end if start < end else hour >= start or hour < end


def beyond_cap(
    saving: np.ndarray, is_open: np.ndarray, cap: int | None, is_held_out: np.ndarray
) -> np.ndarray:
    """Find the rows that the cap leaves out, shape (n,), bool.

    These are the open rows after the first `cap` by expected saving, and the rows held out that save less
    than all of the first: otherwise the control group would save less than the contacted.

    Args:
        saving: shape (n,).
        is_open: shape (n,), bool: no other rule forbids the contact.
        cap: most rows to contact.
        is_held_out: shape (n,), bool: the hold-out alone forbids the contact.

    >>> is_open = np.array([True, True, True, False, False])
    >>> beyond_cap(np.array([1.0, 9.0, 5.0, 4.0, 6.0]), is_open, 2, ~is_open).tolist()
    [True, False, False, True, False]
    """
    beyond = np.zeros(len(saving), bool)
    rows = np.flatnonzero(is_open)
    if cap is not None and len(rows) > cap:
        ordered = rows[np.argsort(-saving[rows], kind="stable")]
        beyond = is_held_out & (saving < saving[ordered[cap - 1]])
        beyond[ordered[cap:]] = True
    return beyond


def codes_of(masks: dict[str, np.ndarray]) -> list[str]:
    """Join the codes of each row.

    >>> codes_of({"objected": np.array([True, False]), "holdout": np.array([True, False])})
    ['objected;holdout', '']
    """
    found = np.array(list(masks.values()), bool).T
    names = list(masks)
    return [";".join(names[code] for code in np.flatnonzero(row)) if row.any() else "" for row in found]


def _is_offer(offer: np.ndarray, row: np.ndarray, rows: ScoredSubscribers) -> np.ndarray:
    """Find the contacts whose offer is the plan that is advised now, by its id or its name."""
    known = row >= 0
    is_same = np.zeros(len(row), bool)
    is_same[known] = (offer[known] == rows.plan[row[known]]) | (offer[known] == rows.plan_name[row[known]])
    return is_same & np.array([name is not None for name in offer], bool)
