"""What every plan would have cost each subscriber: what the metrics of money compare."""

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
    "Shape (n,), int64: index of the first recommendation; the plan held where none was made."

    @property
    def least(self) -> np.ndarray:
        """Cost of the best plan of the menu. Shape (n,)."""
        return self.monthly.min(axis=1)

    @property
    def of_held(self) -> np.ndarray:
        """Cost of doing nothing. Shape (n,)."""
        return self.monthly[np.arange(len(self.held)), self.held]

    @property
    def of_advised(self) -> np.ndarray:
        """Cost of following the advice. Shape (n,)."""
        return self.monthly[np.arange(len(self.held)), self.advised]

    @property
    def regret(self) -> np.ndarray:
        """What following the advice cost more than the best plan. Shape (n,), >= 0."""
        return self.of_advised - self.least

    @property
    def switches(self) -> np.ndarray:
        """Whether another plan than the one held was advised. Shape (n,), bool."""
        return self.advised != self.held
