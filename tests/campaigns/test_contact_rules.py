"""The contact policy: known rows, and the order of codes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from planrec.campaigns.contact_rules import ContactRules, Contacts, ScoredSubscribers, codes_of, held_out
from planrec.campaigns.settings import CampaignSettings

DAY_0 = datetime(2026, 4, 30, 15, tzinfo=UTC)
"Day 31 is then 2026-05-31."
SETTINGS = {
    "contact_history": "contacts.csv",
    "windows": [{"days": 30, "at_most": 3}, {"days": 7, "at_most": 1}],
    "cool_down_days": {"same_offer_declined": 180, "any_contact": 5},
}


def candidates(n=1, saving=5.0, channel="sms"):
    texts = {"decision": "recommend", "plan": "plus", "plan_name": "Plus", "channel": channel}
    columns = {name: np.full(n, value, object) for name, value in texts.items()}
    names = np.array([f"s{row}" for row in range(n)], object)
    return ScoredSubscribers(subscriber=names, saving=np.full(n, float(saving)), **columns)


def codes(days, *, is_declined=False, offer="plus", rows=None, objected=(), at=31, **settings):
    """The codes of subscriber s0 after contacts on these days."""
    rows = candidates() if rows is None else rows
    contacts = Contacts(
        np.full(len(days), "s0", object),
        np.array([DAY_0.date() + timedelta(days=day) for day in days], "datetime64[D]"),
        np.full(len(days), offer, object),
        np.full(len(days), is_declined),
    )
    chosen = CampaignSettings.model_validate(SETTINGS | settings)
    rules = ContactRules(chosen, DAY_0 + timedelta(days=at), frozenset(objected), contacts)
    return codes_of(rules.masks(rows, np.zeros(len(rows.subscriber), bool)))[0]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([24], ""),
        ([25], "window_7"),
        ([26], "window_7"),
        ([27], "window_7;cool_down"),
        ([2, 10, 20], "window_30"),
        ([1, 10, 20], ""),
    ],
)
def test_windows_count_contacts_after_their_first_day_until_now(days, expected):
    assert codes(days) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(-100, "declined_before"), (-148, "declined_before"), (-150, "")]
)
def test_a_declined_offer_is_not_repeated_for_180_days(day, expected):
    assert codes([day], is_declined=True) == expected
    assert codes([day], is_declined=True, offer="Plus") == expected
    assert codes([day], is_declined=True, offer="mini") == ""
    assert codes([day], is_declined=False) == ""


def test_windows_are_named_by_their_days():
    assert codes([25], windows=[{"days": 14, "at_most": 1}]) == "window_14"


def test_contacts_after_the_moment_and_of_others_do_not_count():
    assert codes([32, 40]) == ""
    assert codes([30], rows=candidates(2)).startswith("window_7")


def test_a_contact_of_the_same_hour_a_week_ago_is_over_all_day():
    assert codes([24], at=31.3) == codes([24], at=30.4) == ""


def test_all_codes_that_apply_are_listed_in_the_documented_order():
    found = codes(
        [27, 28, 29, 30],
        is_declined=True,
        rows=candidates(saving=1.0),
        objected=["s0"],
        holdout=0.999999,
        minimum_saving=2,
        channel="sms",
        quiet_hours={"SMS": [[15, 16]]},
    )
    assert found == (
        "below_minimum;objected;holdout;window_7;window_30;cool_down;declined_before;quiet_hours"
    )


def test_quiet_hours_are_those_of_the_channel_and_the_time_zone():
    quiet = {"channel": "sms", "quiet_hours": {"sms": [[17, 18]]}}
    assert codes([], **quiet) == ""
    assert codes([], time_zone="Europe/Madrid", **quiet) == "", "the moment is given in the zone already"
    late = CampaignSettings(send_at="2026-07-01T21:30Z", time_zone="Europe/Madrid")
    assert late.moment().hour == 23
    always = {"channel": "sms", "quiet_hours": {"sms": [[0, 23], [23, 0]]}}
    assert codes([], rows=candidates(channel="email"), **always) == ""
    assert codes([], rows=candidates(channel="Sms"), **always) == "quiet_hours"


def test_the_cap_keeps_the_largest_savings_of_those_who_may_be_contacted():
    rows = candidates(4)
    rows.saving[:] = [9, 7, 8, 1]
    rules = ContactRules(CampaignSettings(cap=2), DAY_0, frozenset({"s0"}))
    found = codes_of(rules.masks(rows, np.zeros(4, bool)))
    assert found == ["objected", "", "", "cap_reached"]


def test_the_cap_leaves_out_those_held_out_who_save_less_than_the_contacted():
    rows = candidates(400)
    rows.saving[:] = np.random.default_rng(0).uniform(1, 9, 400)
    rules = ContactRules(CampaignSettings(cap=50, holdout=0.5), DAY_0, frozenset({"s0", "s1", "s2"}))
    found = np.array(codes_of(rules.masks(rows, np.zeros(400, bool))))
    least = rows.saving[found == ""].min()
    assert (found == "").sum() == 50
    assert rows.saving[found == "holdout"].min() > least
    assert rows.saving[found == "holdout;cap_reached"].max() < least
    assert 25 < (found == "holdout").sum() < 100
    rules = ContactRules(CampaignSettings(cap=400, holdout=0.5), DAY_0, frozenset())
    assert not rules.masks(rows, np.zeros(400, bool))["cap_reached"].any()


def test_the_holdout_is_sticky_within_a_year_and_changes_with_it():
    names = [f"s{number}" for number in range(20_000)]
    chosen = held_out(names, 2026, 0.1)
    assert abs(chosen.mean() - 0.1) < 0.01
    assert (held_out(names[:50], 2026, 0.1) == chosen[:50]).all()
    assert (held_out(names, 2026, 0.2) >= chosen).all(), "a larger share keeps those who were held out"
    other = held_out(names, 2027, 0.1)
    assert abs((chosen & other).mean() - 0.01) < 0.005
