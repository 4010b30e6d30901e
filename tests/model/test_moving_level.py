"""The level of usage that moves: what is learned from month differences, and the months to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrec.model.level_movement import Movement, movement_of
from planrec.model.usage_level import Population, population_of

NONE = np.zeros(3)
WINDOW, HORIZON = 9, 3


def still(month: float = 0.5) -> Movement:
    return Movement(month * np.eye(3), NONE, NONE)


def population(between: np.ndarray, movement: Movement, movers: float = 1.0) -> Population:
    return Population(NONE, between, movement, movers)


def months_of(n: int, movement: Movement, between: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Draw months of n subscribers, shape (n, W + H, 3): known ones, the latest first, then those to come."""
    joint = movement.joint(window, HORIZON) + between[None, :, None]
    width = 3 * (window + HORIZON)
    root = np.linalg.cholesky(joint.reshape(width, width) + 1e-12 * np.eye(width))
    normal = np.random.default_rng(0).standard_normal((n, width))
    return (normal @ root.T).reshape(n, window + HORIZON, 3)


def ahead_of_one(fitted: Population, months: list[float], horizon: int = 1) -> tuple[float, float]:
    """Return mean and variance of the first service in the last month to come."""
    deviation = np.full((1, len(months), 3), np.nan)
    deviation[0, :, 0] = months
    ahead, resting = fitted.ahead(deviation, np.zeros((1, 3)), horizon)
    assert resting is None
    place = 3 * (horizon - 1)
    return float(ahead.mean[0, place]), float(ahead.covariance[0, place, place])


@pytest.mark.parametrize(
    ("walk", "slope"),
    [(0.0, 0.0), (0.12, 0.0), (0.0, 0.05), (0.12, 0.05)],
    ids=["none", "walk", "slope", "both"],
)
def test_month_differences_show_how_levels_move(walk: float, slope: float) -> None:
    month = np.array([[0.06, 0.03, 0.03], [0.03, 0.06, 0.03], [0.03, 0.03, 0.06]])
    planted = Movement(month, np.full(3, walk**2), np.full(3, slope**2))
    learned = movement_of(months_of(20_000, planted, 0.2 * np.eye(3))[:, :WINDOW])
    np.testing.assert_allclose(learned.month, month, atol=0.004)
    np.testing.assert_allclose(np.sqrt(learned.walk), walk, atol=0.035 if walk == 0 else 0.015)
    np.testing.assert_allclose(np.sqrt(learned.slope), slope, atol=0.015 if slope == 0 else 0.006)


def test_a_trend_that_all_share_is_no_movement_of_their_own() -> None:
    months = 0.1 * np.random.default_rng(0).standard_normal((5_000, WINDOW, 3))
    months -= 0.05 * np.arange(WINDOW)[None, :, None]
    learned = movement_of(months)
    np.testing.assert_allclose(learned.slope, 0, atol=1e-5)
    np.testing.assert_allclose(learned.walk, 0, atol=2e-4)


def test_levels_are_spread_by_what_movement_does_not_explain() -> None:
    between = np.array([[0.3, 0.1, 0.0], [0.1, 0.3, 0.0], [0.0, 0.0, 0.2]])
    planted = Movement(0.06 * np.eye(3), np.full(3, 0.015), np.full(3, 0.002))
    months = months_of(20_000, planted, between)[:, :WINDOW]
    months[::3, 4:] = np.nan
    learned = population_of(months, np.zeros((20_000, 3)))
    np.testing.assert_allclose(learned.between, between, atol=0.03)


def test_the_level_is_drawn_to_the_population_by_its_share_of_the_variance() -> None:
    """One service, variance 1 between and 0.5 in a month, three months at mean + 2: 2 * 1 / (1 + 0.5 / 3)."""
    mean, variance = ahead_of_one(population(np.eye(3), still()), [2.0, 2.0, 2.0])
    assert mean == pytest.approx(2 / (1 + 0.5 / 3))
    assert variance == pytest.approx(1 - 1 / (1 + 0.5 / 3) + 0.5)


def test_known_usage_of_one_service_informs_another() -> None:
    between = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
    deviation = np.full((1, 1, 3), np.nan)
    deviation[0, 0, 0] = 2.0
    ahead, _ = population(between, still(1e-9)).ahead(deviation, np.zeros((1, 3)), 2)
    np.testing.assert_allclose(ahead.mean[0], [2, 1.6, 0, 2, 1.6, 0], rtol=1e-6)


def test_late_months_count_more_for_a_level_that_walks() -> None:
    walks = population(np.eye(3), Movement(0.1 * np.eye(3), np.full(3, 0.1), NONE))
    rests = population(np.eye(3), still(0.1))
    rising, falling = [2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]
    assert ahead_of_one(rests, rising)[0] == pytest.approx(ahead_of_one(rests, falling)[0])
    assert ahead_of_one(walks, rising)[0] > 1.5
    assert ahead_of_one(walks, falling)[0] < 0.5


def test_growth_of_a_subscriber_goes_on() -> None:
    grows = population(np.eye(3), Movement(1e-6 * np.eye(3), NONE, np.full(3, 0.01)))
    months = [-0.05 - 0.1 * ago for ago in range(6)]  # 0.1 a month, 0 at the as_of
    assert ahead_of_one(grows, months, horizon=3)[0] == pytest.approx(0.25, abs=1e-3)


def test_a_far_month_is_less_certain_than_a_near_one() -> None:
    walks = population(np.eye(3), Movement(0.1 * np.eye(3), np.full(3, 0.1), NONE))
    assert ahead_of_one(walks, [0.0] * 6, 3)[1] == pytest.approx(ahead_of_one(walks, [0.0] * 6)[1] + 0.2)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5), st.integers(1, 7))
def test_unknown_months_before_the_known_ones_change_nothing(months: list[float], unknown: int) -> None:
    """One model for any window: a window of 12 with 6 known months is a window of 6."""
    moving = Movement(0.1 * np.eye(3) + 0.05, np.full(3, 0.02), np.full(3, 0.003))
    fitted = population(np.eye(3) + 0.2, moving)
    short, long = (ahead_of_one(fitted, known) for known in (months, [*months, *[np.nan] * unknown]))
    np.testing.assert_allclose(long, short, rtol=1e-9, atol=1e-12)


def test_forecasts_are_those_of_a_joint_normal_distribution() -> None:
    """Measured on drawn months: the errors have the stated spread, and no known month explains them."""
    between = np.array([[0.3, 0.1, 0.0], [0.1, 0.3, 0.1], [0.0, 0.1, 0.2]])
    planted = Movement(0.06 * np.eye(3) + 0.02, np.full(3, 0.015), np.full(3, 0.001))
    months = months_of(40_000, planted, between, window=4)
    known, came = months[:, :4], months[:, 4:].reshape(len(months), -1)
    ahead, _ = population(between, planted).ahead(known, np.zeros((len(months), 3)), HORIZON)
    error = came - ahead.mean
    np.testing.assert_allclose(np.cov(error.T), ahead.covariance[0], atol=0.01)
    explained = np.corrcoef(error.T, known.reshape(len(months), -1).T)[:9, 9:]
    np.testing.assert_allclose(explained, 0, atol=0.02)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_share_of_those_who_move_is_found(share: float) -> None:
    """A quarter of the levels jumps once by 0.6, or all walk as far in the mean."""
    rng = np.random.default_rng(1)
    n = 6_000
    months = 0.3 * rng.standard_normal((n, WINDOW, 3)) + 0.5 * rng.standard_normal((n, 1, 3))
    if share == 1:
        months += np.cumsum(0.12 * rng.standard_normal((n, WINDOW, 3)), axis=1)
    else:
        jumps = (rng.random(n) < share)[:, None] & (np.arange(WINDOW) >= rng.integers(1, WINDOW, (n, 1)))
        months += jumps[..., None] * 0.6 * rng.standard_normal((n, 1, 3))
    movers = population_of(months, np.zeros((n, 3))).movers
    assert movers == 1 if share == 1 else movers <= 0.35


def test_months_show_whether_their_level_moves() -> None:
    fitted = population(np.eye(3), Movement(0.05 * np.eye(3), np.full(3, 0.02), NONE), movers=0.25)
    deviation = np.zeros((2, WINDOW, 3))
    deviation[1, :3] = 1.0
    moving, resting = fitted.ahead(deviation, np.zeros((2, 3)), HORIZON)
    assert resting is not None
    rests, moves = fitted.moves(moving, resting)
    assert rests < 0.1
    assert moves > 0.9
    # Who moved is expected where the last months are; who rests, between all months.
    assert moving.mean[1, 0] > 0.85
    assert resting.mean[1, 0] < moving.mean[1, 0] - 0.05
    assert (np.diagonal(resting.covariance[0]) < np.diagonal(moving.covariance[0])).all()


def test_without_a_known_month_the_share_says_who_moves() -> None:
    fitted = population(np.eye(3), Movement(0.05 * np.eye(3), np.full(3, 0.02), NONE), movers=0.25)
    moving, resting = fitted.ahead(np.full((1, WINDOW, 3), np.nan), np.zeros((1, 3)), HORIZON)
    assert resting is not None
    np.testing.assert_allclose(fitted.moves(moving, resting), 0.25)
