"""Scales of charts: from values to places, with round ticks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

STEPS = (1, 2, 2.5, 5, 10)
MOST_TICKS = 5
NEARLY = 1e-6
MARGIN = 0.04
"Free space at both ends, as a share of the values' range."


@dataclass(frozen=True)
class Scale:
    """A linear scale."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the place of a value between the ends, from 0 to 1.

        Examples:
            >>> Scale(10, 20).place(12.5)
            0.25
        """
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int = MOST_TICKS) -> Sequence[float]:
        """Return round values inside the scale.

        Examples:
            >>> Scale(0, 1).ticks(), Scale(3.4, 7.5).ticks()
            ([0.0, 0.25, 0.5, 0.75, 1.0], [4.0, 5.0, 6.0, 7.0])
        """
        raw = (self.high - self.low) / (most - 0.5)
        power = 10.0 ** floor(log10(raw))
        step = next(step * power for step in STEPS if step * power >= raw)
        # An end that is round itself has a tick, in spite of the tails of binary fractions.
        first, last = ceil(self.low / step - NEARLY), floor(self.high / step + NEARLY)
        return [at * step for at in range(first, last + 1)]


def scale_of(values: Iterable[float]) -> Scale:
    """Return a scale with a margin around the finite values; from 0 to 1 without any.

    Examples:
        >>> scale_of([1.0, float("nan"), 3.0])
        Scale(low=0.92, high=3.08)
        >>> scale_of([]), scale_of([2.0])
        (Scale(low=0.0, high=1.0), Scale(low=1.5, high=2.5))
    """
    known = [value for value in values if isfinite(value)]
    if not known:
        return Scale(0.0, 1.0)
    low, high = min(known), max(known)
    if low == high:
        around = abs(low) / 4 or 0.5
        return Scale(low - around, high + around)
    margin = (high - low) * MARGIN
    return Scale(low - margin, high + margin)


def tick_text(tick: float) -> str:
    """Write a round value.

    Examples:
        >>> tick_text(0.30000000000000004), tick_text(250_000.0), tick_text(-2)
        ('0.3', '250,000', '-2')
    """
    return f"{tick:,.10g}"
