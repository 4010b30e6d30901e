"""Levels of usage that change over the months of a simulation, and months with typing errors.

Recipe: docs/reference/simulator.md. The last axis of three is voice, SMS and data. The random numbers are
apart from those of the simulation, so that the people and shocks of a seed are the same in every world.
"""

from typing import Literal, get_args

import numpy as np

Drift = Literal["none", "walk", "one_change", "own_trends", "typing_errors", "segment_seasons", "real"]
"How levels change: the names of `data.drift`."
_STEADY, _WALKS, _CHANGES, _GROWS = range(4)
"Kinds of subscribers of the world `real`."
_REAL_SHARES = np.array([0.4, 0.2, 0.2, 0.2])
"Of those kinds."

_WALK_SD = 0.12
"Step of a level from month to month, in logs."
_SHARE_OF_CHANGES, _CHANGE_SD = 0.25, 0.6
"Subscribers who change once, and the size of the change in logs."
_GROWTH_SD = 0.05
"A subscriber's own growth per month, in logs."
_ORIGIN = 5.5
"Month of the simulation in which own growth is 1, the middle of the first year."
_SEASON_SIZE, _SEGMENTS = 0.15, 3
"Amplitude of a segment's season in logs; the segments' best months are four months apart."
_ERRORS, _REAL_ERRORS, _ERROR = 0.03, 0.01, 10.0
"Share of months and services with a typing error, the same in the world `real`, and its factor."
_LEVELS, _TYPING = 1, 2
"Keys of the two sequences of random numbers."


def level_factors(drift: Drift, n: int, n_months: int, block_seed: tuple[int, ...]) -> np.ndarray | None:
    """Draw the factors of n subscribers' levels, shape (n, T, 3), with geometric mean near 1; None without.

    Args:
        drift: the world.
        n: number of subscribers of the block.
        n_months: months of the simulation (T).
        block_seed: seed of the simulation and number of the block.
    """
    if drift in ("none", "typing_errors"):
        return None
    rng = np.random.default_rng([*block_seed, _LEVELS])
    kind = _kinds(drift, n, rng)
    walk = np.cumsum(_WALK_SD * rng.standard_normal((n_months, n, 3)), axis=0).transpose(1, 0, 2)
    changed = _changes(n, n_months, rng)
    growth = _GROWTH_SD * rng.standard_normal((n, 1, 3)) * (np.arange(n_months)[:, None] - _ORIGIN)
    logs = np.zeros((n, n_months, 3))
    for each, movement in ((_WALKS, walk), (_CHANGES, changed), (_GROWS, growth)):
        logs[kind == each] = movement[kind == each]
    if drift in ("segment_seasons", "real"):
        logs += _seasons(n, n_months, rng)
    return np.exp(logs)


def typing_errors(drift: Drift, n: int, n_months: int, block_seed: tuple[int, ...]) -> np.ndarray | None:
    """Draw the factors of recorded usage, shape (n, T, 3): 10, 0.1, or 1 without an error; None without."""
    share = {"typing_errors": _ERRORS, "real": _REAL_ERRORS}.get(drift)
    if share is None:
        return None
    rng = np.random.default_rng([*block_seed, _TYPING])
    draw = rng.random((n_months, n, 3)).transpose(1, 0, 2)
    return np.where(draw < share / 2, _ERROR, np.where(draw < share, 1 / _ERROR, 1.0))


def _kinds(drift: Drift, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the kind of each subscriber, shape (n,)."""
    uniform = rng.random(n)
    if drift == "real":
        return np.searchsorted(_REAL_SHARES.cumsum()[:-1], uniform, side="right")
    of_all = {"walk": _WALKS, "own_trends": _GROWS}.get(drift, _STEADY)
    if drift == "one_change":
        return np.where(uniform < _SHARE_OF_CHANGES, _CHANGES, _STEADY)
    return np.full(n, of_all)


def _changes(n: int, n_months: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one change at a month after the first, shape (n, T, 3), in logs."""
    since = rng.integers(1, max(n_months, 2), n)
    size = _CHANGE_SD * rng.standard_normal((n, 1, 3))
    return np.where((np.arange(n_months) >= since[:, None])[..., None], size, 0.0)


def _seasons(n: int, n_months: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each subscriber's segment and return its season, shape (n, T, 1), in logs."""
    best_month = 12 / _SEGMENTS * rng.integers(0, _SEGMENTS, n)
    phase = 2 * np.pi * (np.arange(n_months) - best_month[:, None]) / 12
    return _SEASON_SIZE * np.cos(phase)[..., None]


DRIFTS: tuple[Drift, ...] = get_args(Drift)
"""Every world."""
