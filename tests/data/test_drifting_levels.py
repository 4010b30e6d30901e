"""Worlds in which levels of usage change, and their hidden truth."""

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from planrec.catalogue import rate
from planrec.data.drifting_levels import DRIFTS, Drift, level_factors, typing_errors
from planrec.data.hidden_truth import hidden_bills
from planrec.data.simulated_history import SimulatedPopulation, drift_of, simulate
from planrec.schema.columns import Usage
from planrec.schema.tables import UsageHistory
from tests.catalogue.catalogues import shipped

N, MONTHS = 2_000, 12
LADDER = shipped("ladder")
CHANGING = [drift for drift in DRIFTS if drift not in ("none", "typing_errors")]


def population(drift: Drift, n: int = N, months: int = MONTHS, seed: int = 0) -> SimulatedPopulation:
    return SimulatedPopulation(n, months, "default", "default", seed, drift)


@lru_cache
def history(drift: Drift, n: int = N) -> UsageHistory:
    return simulate(population(drift, n), LADDER)[0]


def data_use(drift: Drift, **others: Any) -> np.ndarray:
    """Return MiB by subscriber and month, shape (n, T)."""
    return history(drift, **others).usage[Usage.DATA_MIB].reshape(-1, MONTHS)


def logs_of(drift: Drift, n: int = 20_000) -> np.ndarray:
    factors = level_factors(drift, n, MONTHS, (1, 0))
    assert factors is not None
    return np.log(factors)


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_world_is_the_same_for_every_number_of_subscribers(drift: Drift) -> None:
    for name, few in history(drift, n=30).usage.items():
        np.testing.assert_array_equal(few, history(drift).usage[name][: 30 * MONTHS], err_msg=name)


@pytest.mark.parametrize("drift", [drift for drift in DRIFTS if drift != "none"])
def test_a_world_changes_the_usage_of_the_same_people(drift: Drift) -> None:
    steady, changed = (np.log(np.maximum(data_use(world), 1.0)).mean(axis=1) for world in ("none", drift))
    assert not np.array_equal(steady, changed)
    assert np.corrcoef(steady, changed)[0, 1] > 0.5


@pytest.mark.parametrize("drift", CHANGING)
def test_the_hidden_truth_follows_the_changes(drift: Drift) -> None:
    """Bills that came are nearer to the truth of this world than to that of a steady one."""
    world, came = population(drift), history(drift)
    subscriber, as_of = np.arange(1, N + 1), np.full(N, "2018-10-01", "datetime64[D]")
    bills = rate(came.usage, LADDER).reshape(N, MONTHS, -1)[:, 9:].sum(axis=1)
    truth, steady = (
        hidden_bills(either, LADDER, subscriber, as_of, 3) for either in (world, population("none"))
    )
    errors = [np.abs(bills[:, 0] - expected[:, 0]).mean() for expected in (truth, steady)]
    assert errors[0] < 0.97 * errors[1]


def test_months_with_typing_errors_are_in_the_record_and_not_in_the_truth() -> None:
    ratio = data_use("typing_errors") / np.maximum(data_use("none"), 0.01)
    wrong = (np.abs(ratio - 1) > 0.5) & (data_use("none") > 0)
    assert wrong.mean() == pytest.approx(0.03, abs=0.004)
    assert set(np.round(np.log10(ratio[wrong])).tolist()) == {-1.0, 1.0}
    assert drift_of(population("typing_errors")) is None
    usage = history("typing_errors").usage
    assert (usage[Usage.VOICE_MINUTES_BILLED] >= usage[Usage.VOICE_MINUTES]).all()


def test_levels_walk_by_twelve_percent_a_month() -> None:
    steps = np.diff(logs_of("walk"), axis=1)
    np.testing.assert_allclose(steps.std(axis=(0, 1)), 0.12, atol=0.002)
    assert abs(np.corrcoef(steps[:, 0, 0], steps[:, 1, 0])[0, 1]) < 0.03


def test_a_quarter_changes_once() -> None:
    steps = np.diff(logs_of("one_change"), axis=1) != 0
    changes = steps.any(axis=2).sum(axis=1)
    assert set(changes.tolist()) == {0, 1}
    assert changes.mean() == pytest.approx(0.25, abs=0.01)
    assert logs_of("one_change")[:, -1].std() == pytest.approx(0.5 * 0.6, abs=0.02)


def test_own_trends_are_straight_and_differ_by_five_percent_a_month() -> None:
    steps = np.diff(logs_of("own_trends"), axis=1)
    np.testing.assert_allclose(steps, steps[:, :1].repeat(MONTHS - 1, axis=1), atol=1e-12)
    np.testing.assert_allclose(steps.std(axis=(0, 1)), 0.05, atol=0.001)
    np.testing.assert_allclose(logs_of("own_trends")[:, 5:7].mean(axis=1), 0, atol=1e-12)


def test_segments_have_their_best_month_in_january_may_and_september() -> None:
    logs = logs_of("segment_seasons")
    assert set(logs[..., 0].argmax(axis=1).tolist()) == {0, 4, 8}
    np.testing.assert_allclose(logs.max(), 0.15)
    np.testing.assert_allclose(logs.mean(axis=1), 0, atol=1e-12)


def test_the_real_world_is_a_mixture() -> None:
    season = logs_of("real").mean(axis=2, keepdims=True)
    own = logs_of("real") - season
    assert (np.abs(own).max(axis=(1, 2)) < 1e-12).mean() == pytest.approx(0.4, abs=0.02)
    errors = typing_errors("real", 20_000, MONTHS, (1, 0))
    assert errors is not None
    assert (errors != 1).mean() == pytest.approx(0.01, abs=0.001)


def test_worlds_differ_by_seed_and_block() -> None:
    drawn = [level_factors("walk", 5, MONTHS, key) for key in ((0, 0), (0, 1), (1, 0), (0, 0))]
    first, *others, again = drawn
    np.testing.assert_array_equal(first, again)
    assert all(not np.array_equal(first, other) for other in others)
