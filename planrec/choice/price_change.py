"""Another price of a plan, and shares, revenue and expected utility under it."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from planrec.choice.classifier import ConditionalLogitClassifier
from planrec.choice.plan_columns import plan_column
from planrec.choice.summary import price_term
from planrec.errors import ConfigError, DataError
from planrec.schema.columns import Columns

CHANGE = re.compile(r"([+-]\d+(?:\.\d+)?)(%?)")


@dataclass(frozen=True)
class PriceChange:
    """A change of a price, in percent or in its unit."""

    amount: float
    is_percent: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a change as typed. Raises ConfigError.

        Examples:
            >>> PriceChange.parse("+10%"), PriceChange.parse("-2.50")
            (PriceChange(amount=10.0, is_percent=True), PriceChange(amount=-2.5, is_percent=False))
        """
        found = CHANGE.fullmatch(text.strip())
        if found is None:
            raise ConfigError(
                "--price must be a change with its sign, in percent or in the unit of the price,"
                f" got {text!r}:"
                " type --price=+10% or --price=-2.50"
            )
        return cls(float(found[1]), found[2] == "%")

    def __str__(self) -> str:
        """Return the change as typed.

        Examples:
            >>> str(PriceChange(10.0, is_percent=True)), str(PriceChange(-2.5, is_percent=False))
            ('+10%', '-2.5')
        """
        return f"{self.amount:+g}{'%' if self.is_percent else ''}"

    def apply(self, price: np.ndarray) -> np.ndarray:
        """Return the changed prices, shape (n,).

        Raises:
            DataError: a price would not be above 0.

        Examples:
            >>> PriceChange(10.0, is_percent=True).apply(np.array([20.0, 30.0])).round(2).tolist()
            [22.0, 33.0]
        """
        changed = price * (1 + self.amount / 100) if self.is_percent else price + self.amount
        if np.nanmin(changed) <= 0:
            raise DataError(f"every price must stay above 0, got {np.nanmin(changed):g} with {self}")
        return changed


@dataclass(frozen=True)
class Market:
    """All cases together, under one set of prices and coefficients."""

    shares: np.ndarray
    "Shape (J,): mean probabilities; sum 1."
    revenue: np.ndarray
    "Shape (J,): sum over the cases of probability times price."
    surplus: float
    "Sum over the cases of the menu's expected utility in money, up to a constant; NaN if it is unknown."


def with_price(model: ConditionalLogitClassifier, X: Columns, plan: str, change: PriceChange) -> Columns:
    """Copy the columns with another price of a plan; `model.price` must be set."""
    name = plan_column(str(model.specification.price), plan)
    return X | {name: change.apply(X[name])}


def market(model: ConditionalLogitClassifier, X: Columns, estimates: np.ndarray) -> Market:
    """Add up the choices of all cases (sample enumeration) under these coefficients."""
    shares = model.shares(X, estimates)
    price = np.nan_to_num(model.columns_.values(X, str(model.specification.price)))
    term = price_term(model)
    # Without one linear coefficient below 0, utility has no constant worth in money.
    worth = np.nan if term is None or estimates[term] >= 0 else -estimates[term]
    return Market(
        shares.probability.mean(axis=0),
        (shares.probability * price).sum(axis=0),
        float(shares.logsum.sum() / worth),
    )


def drawn_estimates(model: ConditionalLogitClassifier, n_draws: int, seed: int) -> np.ndarray | None:
    """Draw coefficients from their robust normal distribution, shape (n_draws, K); None without errors.

    Scales of nests below 1 count as 1.
    """
    found = model.coefficients_
    if found.robust_covariance is None:
        return None
    covariance = np.nan_to_num(found.robust_covariance)
    drawn = np.random.default_rng(seed).multivariate_normal(
        found.estimates, covariance, n_draws, method="eigh"
    )
    n_scales = len(model.specification.scale_names())
    if n_scales:
        drawn[:, -n_scales:] = np.maximum(drawn[:, -n_scales:], 1.0)
    return drawn
