"""Maximum likelihood: Newton's method for the logit, L-BFGS and then Newton for nests."""

from dataclasses import dataclass, replace

import numpy as np

from planrec.choice.likelihood import Cases, Nesting, information, log_likelihood, scores

MOST_STEPS = 50
LEAST_GAIN = 1e-14
"Newton stops if a step promises to raise the log-likelihood by less than this, relative to its size."
MOST_CONDITION = 1e12
"Condition number of the information above which standard errors are refused."
AT_BOUND = 1e-6
"A scale this close to 1 is at its bound: plans of the nest are no closer to each other than other plans."


@dataclass(frozen=True)
class Coefficients:
    """Estimates in the units of the data, with their uncertainty."""

    names: tuple[str, ...]
    estimates: np.ndarray
    "Shape (K,)."
    covariance: np.ndarray | None
    "Shape (K, K): inverse of the information; None if the data do not determine the coefficients."
    robust_covariance: np.ndarray | None
    "Sandwich, clustered by subscriber."
    log_likelihood: float
    null_log_likelihood: float
    "Of equal shares of the available plans."
    logit_log_likelihood: float
    "Of the same model without nests."
    n_cases: int
    n_subscribers: int
    undetermined: str
    "The combination of coefficients that the data do not determine; empty if there is none."


def fit_coefficients(
    cases: Cases, names: tuple[str, ...], nesting: Nesting | None, subscriber: np.ndarray
) -> Coefficients:
    """Find the coefficients under which the choices are most probable.

    Args:
        cases: menus and choices.
        names: names of the terms of `cases.design`, then of the scales.
        nesting: the nests; None: logit.
        subscriber: shape (n,): cases of one subscriber form a cluster.
    """
    size = np.sqrt((cases.design**2).sum(axis=(1, 2)) / max(int(cases.available.sum()), 1))
    size = np.where(size > 0, size, 1.0)
    scaled = replace(cases, design=cases.design / size[:, np.newaxis, np.newaxis])
    logit = _newton(scaled, np.zeros(len(cases.design)), None)
    best = logit if nesting is None else _nested(scaled, logit, nesting)
    units = np.append(size, np.ones(len(best) - len(size)))
    covariance, robust, undetermined = _errors(scaled, best, nesting, subscriber, names)
    return Coefficients(
        names=names,
        estimates=best / units,
        covariance=None if covariance is None else covariance / np.outer(units, units),
        robust_covariance=None if robust is None else robust / np.outer(units, units),
        log_likelihood=float(np.real(log_likelihood(scaled, best, nesting))),
        null_log_likelihood=float(-np.log(cases.available.sum(axis=1)).sum()),
        logit_log_likelihood=float(np.real(log_likelihood(scaled, logit, None))),
        n_cases=len(cases.chosen),
        n_subscribers=len(np.unique(subscriber)),
        undetermined=undetermined,
    )


def _newton(cases: Cases, start: np.ndarray, nesting: Nesting | None) -> np.ndarray:
    """Climb with Newton's steps, halved until they gain; the logit's likelihood has one maximum."""
    best, reached = start, float(np.real(log_likelihood(cases, start, nesting)))
    for _ in range(MOST_STEPS):
        gradient = scores(cases, best, nesting).sum(axis=0)
        step = np.linalg.pinv(information(cases, best, nesting), rcond=1 / MOST_CONDITION) @ gradient
        if gradient @ step <= LEAST_GAIN * max(abs(reached), 1.0):
            break
        for _ in range(30):
            value = float(np.real(log_likelihood(cases, best + step, nesting)))
            if value >= reached:
                break
            step = step / 2
        else:
            break
        best, reached = best + step, value
    return best


def _nested(cases: Cases, logit: np.ndarray, nesting: Nesting) -> np.ndarray:
    """Climb from the logit with scales of at least 1, then polish with Newton if no scale is at its bound."""
    from scipy.optimize import minimize

    n_terms = len(logit)
    found = minimize(
        lambda p: -float(np.real(log_likelihood(cases, p, nesting))) / len(cases.chosen),
        np.append(logit, np.full(nesting.n_scales, 1.5)),
        jac=lambda p: -scores(cases, p, nesting).sum(axis=0) / len(cases.chosen),
        bounds=[(None, None)] * n_terms + [(1.0, None)] * nesting.n_scales,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    ).x
    return found if (found[n_terms:] < 1 + AT_BOUND).any() else _newton(cases, found, nesting)


def _errors(
    cases: Cases,
    best: np.ndarray,
    nesting: Nesting | None,
    subscriber: np.ndarray,
    names: tuple[str, ...],
) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Compute both covariances, or name the direction that the data do not determine."""
    n_terms = len(cases.design)
    is_free = np.append(np.ones(n_terms, bool), best[n_terms:] >= 1 + AT_BOUND)
    if not len(best):
        return np.zeros((0, 0)), np.zeros((0, 0)), ""
    found = information(cases, best, nesting)[np.ix_(is_free, is_free)]
    values, directions = np.linalg.eigh(found)
    if values[0] <= values[-1] / MOST_CONDITION:
        return None, None, _direction(directions[:, 0], np.array(names)[is_free])
    inverse = np.linalg.inv(found)
    by_case = scores(cases, best, nesting)[:, is_free]
    _, cluster = np.unique(subscriber, return_inverse=True)
    by_cluster = np.stack([np.bincount(cluster, column) for column in by_case.T], axis=1)
    robust = inverse @ (by_cluster.T @ by_cluster) @ inverse
    return _with_fixed(inverse, is_free), _with_fixed(robust, is_free), ""


def _with_fixed(covariance: np.ndarray, is_free: np.ndarray) -> np.ndarray:
    """Fill in scales at their bound: NaN, because they have no standard error."""
    whole = np.full((len(is_free), len(is_free)), np.nan)
    whole[np.ix_(is_free, is_free)] = covariance
    return whole


def _direction(weights: np.ndarray, names: np.ndarray) -> str:
    """Write the terms of a direction that count.

    Examples:
        >>> _direction(np.array([0.7, -0.7, 0.0]), np.array(["constant A", "constant B", "cost"]))
        'constant A and constant B'
    """
    return " and ".join(names[np.abs(weights) > 0.1])
