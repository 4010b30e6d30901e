"""The world of the rehearsal, its files and its timeline, without any training."""

import numpy as np
import pytest

from planrec.data.simulated_history import SimulatedPopulation, simulate
from planrec.errors import ConfigError
from planrec.input_drift import hard_problems, profile_of
from planrec.operating.rehearsal.input_gate import columns_of
from planrec.operating.rehearsal.month_files import MonthStore, file_of
from planrec.operating.rehearsal.setting import (
    FAULTS,
    HISTORY,
    Planted,
    RehearsalSetting,
    chosen_setting,
    planted_faults,
)
from planrec.operating.rehearsal.timeline import Timeline, missed
from planrec.operating.rehearsal.world import JUMP, world_of

DAYS = (3, 12)


def setting(*faults: Planted) -> RehearsalSetting:
    return RehearsalSetting(3, 60, 20, DAYS, 4, 10, 7, faults)


@pytest.fixture(scope="module")
def world():
    return world_of(setting())


def test_the_history_is_that_of_the_simulator(world):
    population = SimulatedPopulation(len(world.arrives), world.n_months, "default", "default", 7)
    history, _ = simulate(population, world.plans.ladder)
    assert np.array_equal(world.usage["data_mib"].ravel(), history.usage["data_mib"])


def test_a_jump_multiplies_data_from_its_month_on(world):
    jumped = world_of(setting(Planted("usage_jump", 2)))
    before = slice(0, HISTORY + 1)
    assert np.array_equal(jumped.usage["data_mib"][:, before], world.usage["data_mib"][:, before])
    later = world.usage["data_mib"][:, HISTORY + 1 :] * JUMP
    assert np.allclose(jumped.usage["data_mib"][:, HISTORY + 1 :], later, atol=0.01)
    assert np.array_equal(jumped.usage["sms"], world.usage["sms"])


def test_a_subscriber_asks_at_most_once_in_a_month(world):
    asked = np.concatenate([world.asked(HISTORY + 1, day) for day in DAYS])
    assert len(asked) == 40
    assert len(set(asked.tolist())) == 40


def test_subscribers_who_arrive_or_left_do_not_ask(world):
    for month in world.months:
        asked = np.concatenate([world.asked(month, day) for day in DAYS])
        assert (world.arrives[asked] < month).all()
        assert (world.leaves[asked] > month).all()
    assert len(world.present(HISTORY + 2)) > len(world.present(HISTORY + 1)) - 5


def test_faults_change_no_random_number(world):
    changed = world_of(setting(Planted("launch", 1), Planted("price_change", 1)))
    assert np.array_equal(changed.asked(HISTORY, 3), world.asked(HISTORY, 3))
    assert np.array_equal(changed.leaves, world.leaves)
    assert changed.plans.at(HISTORY).plan_ids[-1] == "wide"
    assert not np.array_equal(changed.bills, world.bills)


def test_larger_savings_are_accepted_more_often(world):
    who = np.arange(len(world.arrives))
    moves = np.full(len(who), 5), np.full(len(who), 3)
    few, many = (world.accepts(12, who, np.full(len(who), saving), moves) for saving in (5.0, 60.0))
    assert few.sum() < many.sum()
    assert not (few & ~many).any()


def test_a_withdrawn_plan_can_be_held_and_not_be_had():
    world = world_of(setting(Planted("withdrawal", 2)))
    plus = world.plans.plan_ids.index("plus")
    held = np.array([plus, 0])
    assert world.offered(HISTORY, held)[:, plus].tolist() == [True, True]
    assert world.offered(HISTORY + 1, held)[:, plus].tolist() == [True, False]


def test_hard_gates_name_the_column_of_a_wrong_file(world):
    store, held = MonthStore(world), world.people.plan_held.astype(np.int64)
    profile = profile_of(columns_of(store, file_of(world, HISTORY - 1, held)), world.plans.plan_ids, None)
    right = file_of(world, HISTORY, held)
    assert hard_problems(profile, columns_of(store, right)) == []
    (unit,) = hard_problems(profile, columns_of(store, right.spoiled("wrong_unit")))
    assert unit.startswith("data_mib.1: typical value")
    (missing,) = hard_problems(profile, columns_of(store, right.spoiled("missing_column")))
    assert missing == "data_mib.1: the column is missing"


def test_a_store_that_checks_nothing_reads_a_missing_column_as_zero(world):
    store, held = MonthStore(world), world.people.plan_held.astype(np.int64)
    store.take(file_of(world, HISTORY, held).spoiled("missing_column"))
    last = store.window(0, HISTORY + 1)[-1]
    assert (last.month, last.data_mib) == ("2019-01", 0.0)
    assert last.sms == world.usage["sms"][0, HISTORY]


def test_every_wrong_fault_is_reported_at_once():
    with pytest.raises(ConfigError) as raised:
        planted_faults(["lauch", "wrong_unit=9", "launch=1", "launch"], n_months=4)
    assert list(raised.value.problems) == [
        "no fault 'lauch' (did you mean 'launch'?)",
        "wrong_unit: the month must be within the rehearsal, 1 to 4, got '9'",
        "launch: the month must be within the rehearsal, 1 to 4, got '5'",
        "launch is given 2 times",
    ]


def test_the_default_faults_are_all_that_fit_into_the_months():
    assert len(chosen_setting(12, 0, None, fast=True).faults) == len(FAULTS)
    assert {fault.month for fault in chosen_setting(3, 0, None, fast=True).faults} == {2, 3}
    assert chosen_setting(12, 0, [], fast=True).faults == ()
    with pytest.raises(ConfigError, match="--months must be 1 to 24"):
        chosen_setting(25, 0, None, fast=True)


def test_a_signal_before_its_fault_is_a_false_alarm():
    timeline = Timeline(setting(Planted("wrong_unit", 2)))
    timeline.planted(HISTORY + 1, 1, "wrong_unit", "KiB")
    timeline.noticed(HISTORY, 3, "wrong_unit", "refused")
    assert missed(timeline.verdicts()) == ["wrong_unit"]
    timeline.noticed(HISTORY + 1, 3, "wrong_unit", "refused again")
    assert timeline.verdicts()[0].noticed == "2019-02-03"
    assert [event.kind for event in timeline.in_order()] == ["other alarm", "planted", "noticed"]


def test_months_before_a_jump_are_left_out_of_requests():
    jumped = world_of(setting(Planted("usage_jump", 2)))
    store, held = MonthStore(jumped), jumped.people.plan_held.astype(np.int64)
    for month in (HISTORY, HISTORY + 1):
        store.take(file_of(jumped, month, held))
    assert len(store.window(0, HISTORY + 2)) == 6
    assert store.leave_out_before_change(HISTORY + 2) == HISTORY + 1
    assert [month.month for month in store.window(0, HISTORY + 2)] == ["2019-02"]
