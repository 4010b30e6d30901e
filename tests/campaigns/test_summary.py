"""The figures of a campaign: the cost of switching counts once, and groups are few."""

import numpy as np
import pytest

from planrec.campaigns.contact_rules import HOLDOUT, ScoredSubscribers
from planrec.campaigns.summary import (
    MOST_PARTS,
    CampaignOutcome,
    CampaignSummary,
    Figures,
    FileUse,
    ScoredMoney,
)
from planrec.campaigns.summary_terminal import summary_text


def figures(segment: list[str], bill_held: float = 30.0, cost: float = 15.0) -> Figures:
    """The figures of contacted subscribers who pay 20 a month on the plan advised."""
    n = len(segment)
    full = {name: np.full(n, name, object) for name in ("plan", "plan_name", "channel")}
    names = np.array([f"s{row}" for row in range(n)], object)
    saving = np.full(n, bill_held - 20 - cost / 3)
    rows = ScoredSubscribers(names, np.full(n, "recommend", object), saving=saving, **full)
    money = ScoredMoney(3, saving, saving - 6, saving + 6, np.full(n, 20.0), np.full(n, bill_held))
    masks = {HOLDOUT: np.zeros(n, bool)}
    return CampaignOutcome(rows, money, np.array(segment, object), masks).figures()


def test_the_cost_of_switching_is_subtracted_once_a_year() -> None:
    found = figures(["north", "south"])
    assert found.saving.value == pytest.approx(2 * (12 * 10 - 15))
    assert found.revenue.value == pytest.approx(-2 * 12 * 10), "bills alone"
    north, south = found.by_segment
    assert north.saving.value == south.saving.value == pytest.approx(105)
    assert north.saving.low < 105 < north.saving.high
    assert north.below_zero_at_p10 == 1


def test_the_groups_after_the_largest_become_one() -> None:
    names = [f"group {number}" for number in range(MOST_PARTS + 20)]
    found = figures([*names, *names[:MOST_PARTS]]).by_segment
    assert len(found) == MOST_PARTS + 1
    assert {part.name for part in found} == {*names[:MOST_PARTS], None}
    assert (found[-1].name, found[-1].subscribers, found[-1].contacted) == (None, 20, 20)
    assert sum(part.subscribers for part in found) == 2 * MOST_PARTS + 20


def test_the_terminal_warns_of_a_file_that_matches_no_subscriber() -> None:
    uses = FileUse(7, 0), FileUse(3, 1)
    summary = CampaignSummary("USD", figures(["north"]), {}, *uses, 0, (), ())
    printed = summary_text(summary)
    assert "WARNING: do-not-contact file: 0 of 7 match the months file" in printed
    assert "\ncontact history: 1 of 3 match the months file" in printed
