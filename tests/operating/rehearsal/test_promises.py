"""The pages about the rehearsal promise no more than it does and reaches."""

import re

import pytest

from planrec.cli import VERBS
from planrec.operating.rehearsal.rehearsal_page import about
from planrec.operating.rehearsal.setting import chosen_setting
from tests.conftest import REPOSITORY

HOW_TO = " ".join((REPOSITORY / "docs" / "how-to" / "a-day-of-operations.md").read_text("utf-8").split())
RESULTS = (REPOSITORY / "docs" / "results" / "rehearsal.md").read_text("utf-8")
DEFAULT_YEAR = RESULTS.partition("## The default faults")[2].partition("## No faults")[0]


@pytest.mark.parametrize("faults", [None, []])
def test_the_results_have_the_present_words_about_the_setting(faults):
    assert about(chosen_setting(12, 0, faults, fast=False)) in RESULTS


def test_the_how_to_names_every_aim_that_is_missed():
    n_aims, missed = DEFAULT_YEAR.count("eached: "), re.findall(r"Not reached: (.*)\.", DEFAULT_YEAR)
    assert (n_aims, len(missed)) == (3, 1), "write the how-to again"
    assert "Of the three aims, one is missed" in HOW_TO
    assert f": {missed[0]}." in HOW_TO


def test_the_how_to_separates_commands_from_acts_of_the_rehearsal_only():
    commands, only_rehearsed = HOW_TO.split("These acts are not commands:")
    assert set(re.findall(r"`planrec ([\w-]+)", commands)) <= set(VERBS)
    for act in (
        "compares it with the run before",
        "leaves the months before the change out",
    ):
        assert act in only_rehearsed
