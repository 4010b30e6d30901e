"""The realised cost of every plan for each decision, which the metrics of money compare."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Costs:
    """Costs of J plans for n decisions, in currency (major unit) per month."""

    monthly: np.ndarray
    "Shape (n, J), float64: (bills of the horizon + switching cost) / horizon; inf outside the menu."
    held: np.ndarray
    "Shape (n,), int64: index of the plan held."
    advised: np.ndarray
    "Shape (n,), int64: index of the first recommendation; the plan held without one."

    @property
    def least(self) -> np.ndarray:
        """Cost of the cheapest plan on the menu, shape (n,)."""
        return self.monthly.min(axis=1)

    @property
    def of_held(self) -> np.ndarray:
        """Cost of staying on the plan held, shape (n,)."""
        return self.monthly[np.arange(len(self.held)), self.held]

    @property
    def of_advised(self) -> np.ndarray:
        """Cost of following the advice, shape (n,)."""
        return self.monthly[np.arange(len(self.held)), self.advised]

    @property
    def regret(self) -> np.ndarray:
        """Extra cost of the advice over the cheapest plan, shape (n,), >= 0."""
        return self.of_advised - self.least

    @property
    def switches(self) -> np.ndarray:
        """Whether the advice was to leave the plan held, shape (n,), bool."""
        return self.advised != self.held
