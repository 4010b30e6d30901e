"""Evidence of drift over days: the rank of a day, the detector, and the streams that are named."""

import numpy as np
import pytest

from planrec.input_drift import PLAN_HELD, profile_of
from planrec.input_drift.cheaper_evidence import (
    LEAST_BIAS,
    Bills,
    cheaper_bias,
    cheaper_evidence,
    is_surely_wrong,
)
from planrec.input_drift.evidence import (
    REFERENCE_DAYS,
    THRESHOLD,
    day_p_values,
    distances,
    e_value,
    evidence_of_all,
    most_evidence,
    named_streams,
    with_day,
)
from planrec.input_drift.streams import ALL_COLUMNS, Streams
from tests.input_drift.test_profile import PLANS, columns_of_day


@pytest.fixture(scope="module")
def streams():
    return Streams(profile_of(columns_of_day(5_000), PLANS, None))


def days(streams, n_days, *, seed, spread=0.1, factor=1.0, n=300):
    rng = np.random.default_rng(seed)
    factors = np.exp(rng.normal(0, spread, n_days)) * factor
    return np.stack(
        [
            streams.count(columns_of_day(n, seed=(seed, number), factor=level))
            for number, level in enumerate(factors)
        ]
    )


def test_every_stream_has_its_weight_and_its_rows(streams):
    assert streams.weights.sum() == pytest.approx(1)
    assert streams.members.shape == (len(streams.names), len(streams.rows))
    assert streams.names[-3:] == (ALL_COLUMNS, "plan_held=mini", "plan_held=plus")
    day = streams.count(columns_of_day(200, seed=1))
    of_column = {
        row.column.name: day[number] for number, row in enumerate(streams.rows) if row.segment is None
    }
    of_segments = sum(
        day[number] for number, row in enumerate(streams.rows) if row.segment and row.column.name == "sms.1"
    )
    assert of_column["sms.1"].tolist() == of_segments.tolist()
    assert of_column[PLAN_HELD].sum() == 200


def test_the_mean_of_e_values_of_uniform_p_is_at_most_one():
    for n in (10, 64, 1_000):
        assert e_value(np.arange(1, n + 1) / n).mean() <= 1


def test_the_distance_treats_all_days_alike(streams):
    counts = days(streams, 12, seed=3)
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_allclose(distances(counts[order]), distances(counts)[order])


def test_a_day_with_few_rows_is_no_further_away_than_others(streams):
    ranks = []
    for seed in range(30):
        reference = days(streams, 30, seed=100 + seed)
        today = days(streams, 1, seed=200 + seed, n=80)[0]
        ranks.append(day_p_values(streams, reference, today)[streams.names.index(ALL_COLUMNS)])
    assert 0.3 < np.mean(ranks) < 0.75


def test_a_row_with_one_cell_has_no_distance(streams):
    counts = np.zeros((5, *streams.shape), np.int64)
    counts[:, :, 0] = np.arange(50, 55)[:, None]
    assert (distances(counts) == 0).all()


def test_quiet_days_with_spread_are_no_alarm_and_more_usage_is(streams):
    reference = days(streams, REFERENCE_DAYS, seed=1)
    evidence = np.zeros(len(streams.names))
    for today in days(streams, 60, seed=2):
        evidence = with_day(streams, evidence, day_p_values(streams, reference, today))
        assert evidence_of_all(streams, evidence) < THRESHOLD
        assert named_streams(streams, evidence) == ()
    for today in days(streams, 12, seed=4, factor=1.6):
        evidence = with_day(streams, evidence, day_p_values(streams, reference, today))
    assert "data_mib.1" in named_streams(streams, evidence)
    assert (evidence <= most_evidence(streams)).all()


def test_only_streams_with_enough_evidence_are_named(streams):
    evidence = np.zeros(len(streams.names))
    n = len(evidence)
    evidence[[0, 2]] = THRESHOLD * n * 3, THRESHOLD * n / 2
    assert named_streams(streams, evidence) == (streams.names[0], streams.names[2])
    evidence[2] *= 0.99
    assert named_streams(streams, evidence) == (streams.names[0],)


def test_one_column_of_sixty_can_be_an_alarm_by_itself():
    numbers = np.arange(200.0)
    wide = Streams(profile_of({f"x{column}": numbers for column in range(60)}, (), None))
    evidence, p = np.zeros(len(wide.names)), np.ones(len(wide.names))
    p[7] = 1 / (REFERENCE_DAYS + 1)
    for _ in range(20):
        evidence = with_day(wide, evidence, p)
    assert evidence_of_all(wide, evidence) >= THRESHOLD
    assert named_streams(wide, evidence) == ("x7",)


def test_right_probabilities_are_no_alarm_in_400_days():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.3, 0.95, (400, 100))
    evidence = cheaper_evidence([Bills(day, rng.random(100) < day) for day in p])
    assert max(evidence) < THRESHOLD


@pytest.mark.parametrize("bias", [-0.06, 0.06])
def test_probabilities_that_are_wrong_by_some_points_are_found(bias):
    rng = np.random.default_rng(1)
    p = rng.uniform(0.3, 0.9, (30, 100))
    evidence = cheaper_evidence([Bills(day, rng.random(100) < day + bias) for day in p])
    assert np.argmax(np.array(evidence) >= THRESHOLD) + 1 <= 20
    assert max(evidence) >= THRESHOLD


def test_a_bias_of_one_point_and_a_half_is_evidence_and_no_alarm():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.85, 0.95, (100, 100))
    bills = [Bills(day, rng.random(100) < day - 0.015) for day in p]
    assert cheaper_evidence(bills)[-1] >= THRESHOLD
    assert abs(cheaper_bias(bills)) < LEAST_BIAS
    assert not is_surely_wrong(bills)


def test_a_new_bias_is_not_hidden_by_good_months_before():
    rng = np.random.default_rng(4)
    p = rng.uniform(0.5, 0.9, (320, 100))
    bills = [Bills(day, rng.random(100) < day - 0.06 * (number >= 300)) for number, day in enumerate(p)]
    assert not is_surely_wrong(bills[:300])
    assert is_surely_wrong(bills)
    assert not is_surely_wrong([])


def test_certain_probabilities_that_are_wrong_stay_finite():
    (evidence,) = cheaper_evidence([Bills(np.array([1.0, 0.0]), np.array([False, True]))])
    assert np.isfinite(evidence)
