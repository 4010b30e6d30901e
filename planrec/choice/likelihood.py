"""Choice probabilities of logit and nested logit, and their derivatives.

Formulas: Train, Discrete Choice Methods with Simulation, chapters 3 and 4; the scale of a nest is 1 / lambda
there. All functions also take complex parameters, so that derivatives can be checked, and Hessians computed,
with the complex step.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Nesting:
    """Groups of plans that replace each other more easily than other plans."""

    nest_of: np.ndarray
    "Shape (J,), int64: nest of each plan; nests 0 to n_nests - 1 have a scale, others are single plans."
    n_nests: int
    is_equal: bool
    "Whether all nests share one scale."

    @property
    def n_scales(self) -> int:
        """Number of free scale parameters."""
        return 1 if self.is_equal else self.n_nests

    @cached_property
    def members(self) -> list[np.ndarray]:
        """The plans of each nest, single plans last."""
        return [np.flatnonzero(self.nest_of == nest) for nest in np.unique(self.nest_of)]

    def scales(self, parameters: np.ndarray) -> np.ndarray:
        """Return the scale of each nest of `members`; 1 for single plans."""
        scales = np.ones(len(self.members), parameters.dtype)
        scales[: self.n_nests] = parameters
        return scales


@dataclass(frozen=True)
class Cases:
    """Menus and choices in the form of the likelihood."""

    design: np.ndarray
    "Shape (K, n, J): terms of the utility, 0 if the plan is unavailable."
    available: np.ndarray
    "Shape (n, J), bool."
    chosen: np.ndarray
    "Shape (n,), int64: position of the plan chosen."


@dataclass(frozen=True)
class Shares:
    """The probabilities of one set of utilities."""

    probability: np.ndarray
    "Shape (n, J)."
    logsum: np.ndarray
    "Shape (n,): expected utility of the best plan, up to a constant."
    within: np.ndarray
    "Shape (n, J): probability of each plan inside its nest."
    inclusive: np.ndarray
    "Shape (n, M): inclusive value of each nest."
    of_nest: np.ndarray
    "Shape (n, M): probability of each nest."


def softmax(utility: np.ndarray, available: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities over the available columns, and the logarithm of the sum of exponentials.

    A row without any available column has probabilities of 0.

    Examples:
        >>> probability, logsum = softmax(np.zeros((1, 3)), np.array([[True, True, False]]))
        >>> probability.tolist(), logsum.round(4).tolist()
        ([[0.5, 0.5, 0.0]], [0.6931])
    """
    top = np.where(available, utility.real, -np.inf).max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    weight = np.exp(np.where(available, utility - top, 0.0)) * available
    total = weight.sum(axis=1, keepdims=True)
    total = np.where(total == 0, 1.0, total)
    return weight / total, np.log(total[:, 0]) + top[:, 0]


def shares_of(utility: np.ndarray, available: np.ndarray, nesting: Nesting, scales: np.ndarray) -> Shares:
    """Compute nested probabilities: P(plan) = P(plan | nest) P(nest)."""
    dtype = np.result_type(utility, scales)
    within = np.zeros(utility.shape, dtype)
    inclusive = np.zeros((len(utility), len(nesting.members)), dtype)
    has_plans = np.zeros(inclusive.shape, bool)
    for nest, plans in enumerate(nesting.members):
        within[:, plans], logsum = softmax(scales[nest] * utility[:, plans], available[:, plans])
        inclusive[:, nest] = logsum / scales[nest]
        has_plans[:, nest] = available[:, plans].any(axis=1)
    of_nest, logsum = softmax(inclusive, has_plans)
    probability = within.copy()
    for nest, plans in enumerate(nesting.members):
        probability[:, plans] *= of_nest[:, [nest]]
    return Shares(probability, logsum, within, inclusive, of_nest)


def utility_of(design: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Add the terms up, one after the other, so that a row never depends on the other rows: (n, J)."""
    utility = np.zeros(design.shape[1:], coefficients.dtype)
    for term, coefficient in zip(design, coefficients, strict=True):
        utility += term * coefficient
    return utility


def probabilities(cases: Cases, parameters: np.ndarray, nesting: Nesting | None) -> np.ndarray:
    """Compute the probability of each plan, shape (n, J); parameters: coefficients, then scales."""
    n_terms = len(cases.design)
    utility = utility_of(cases.design, parameters[:n_terms])
    if nesting is None:
        return softmax(utility, cases.available)[0]
    return shares_of(utility, cases.available, nesting, nesting.scales(parameters[n_terms:])).probability


def log_likelihood(cases: Cases, parameters: np.ndarray, nesting: Nesting | None) -> complex:
    """Sum the logarithms of the probabilities of the choices; real for real parameters."""
    chances = probabilities(cases, parameters, nesting)[np.arange(len(cases.chosen)), cases.chosen]
    return np.log(chances).sum()


def scores(cases: Cases, parameters: np.ndarray, nesting: Nesting | None) -> np.ndarray:
    """Compute the derivatives of each case's log-likelihood, shape (n, number of parameters)."""
    n_terms = len(cases.design)
    utility = utility_of(cases.design, parameters[:n_terms])
    rows = np.arange(len(utility))
    if nesting is None:
        by_utility = -softmax(utility, cases.available)[0]
        by_utility[rows, cases.chosen] += 1.0
        return np.einsum("nj,knj->nk", by_utility, cases.design)
    scales = nesting.scales(parameters[n_terms:])
    shares = shares_of(utility, cases.available, nesting, scales)
    nest_of_chosen = np.searchsorted(np.unique(nesting.nest_of), nesting.nest_of)[cases.chosen]
    by_utility = -shares.probability
    by_utility[rows, cases.chosen] += scales[nest_of_chosen]
    is_beside = nesting.nest_of == nesting.nest_of[cases.chosen][:, np.newaxis]
    by_utility -= (scales[nest_of_chosen] - 1.0)[:, np.newaxis] * shares.within * is_beside
    by_scale = _scores_of_scales(cases, utility, shares, nesting, scales)
    return np.concatenate([np.einsum("nj,knj->nk", by_utility, cases.design), by_scale], axis=1)


def _scores_of_scales(
    cases: Cases, utility: np.ndarray, shares: Shares, nesting: Nesting, scales: np.ndarray
) -> np.ndarray:
    """Compute the derivatives by the scales, shape (n, n_scales)."""
    found = np.zeros((len(utility), nesting.n_nests), shares.within.dtype)
    chosen_utility = utility[np.arange(len(utility)), cases.chosen]
    for nest, plans in enumerate(nesting.members[: nesting.n_nests]):
        mean = (shares.within[:, plans] * utility[:, plans]).sum(axis=1)
        is_chosen = np.isin(cases.chosen, plans)
        of_inclusive = (mean - shares.inclusive[:, nest]) / scales[nest]
        of_inclusive = np.where(cases.available[:, plans].any(axis=1), of_inclusive, 0.0)
        found[:, nest] = is_chosen * (chosen_utility - mean)
        found[:, nest] += (is_chosen - shares.of_nest[:, nest]) * of_inclusive
    return found.sum(axis=1, keepdims=True) if nesting.is_equal else found


def information(cases: Cases, parameters: np.ndarray, nesting: Nesting | None) -> np.ndarray:
    """Compute the negative Hessian of the log-likelihood, shape (K, K)."""
    if nesting is None:
        chances = probabilities(cases, parameters, None)
        mean = np.einsum("nj,knj->kn", chances, cases.design)
        spread = (cases.design - mean[:, :, np.newaxis]) * np.sqrt(chances)
        flat = spread.reshape(len(spread), chances.size)
        return flat @ flat.T
    columns = []
    for position in range(len(parameters)):
        moved = parameters.astype(complex)
        moved[position] += COMPLEX_STEP * 1j
        columns.append(scores(cases, moved, nesting).sum(axis=0).imag / COMPLEX_STEP)
    found = -np.array(columns)
    return (found + found.T) / 2
