"""Gates of non-inferiority: the challenger must surely not be worse by more than a margin."""

from dataclasses import dataclass
from math import ceil, isnan
from typing import Literal

from planrec.metrics import METRICS, Estimate
from planrec.wording import counted, figure, signed

Verdict = Literal["holds", "broken", "undecided"]


@dataclass(frozen=True)
class Margins:
    """The loss that a promotion may bring in return for a model of fresher data."""

    relative: float = 0.05
    "Share of the other side's value, for metrics without a guard: 0.05 of a regret of 8 is 0.40 a month."
    guard: float = 0.01
    "Points, for metrics with a guard, such as the share of harmed subscribers."

    def of(self, metric: str, value: float) -> float:
        """Return the margin of a metric whose value is this on the other side.

        Examples:
            >>> Margins().of("regret", 8.0), Margins().of("harm_rate", 0.04)
            (0.4, 0.01)
        """
        return self.guard if METRICS[metric].at_most is not None else self.relative * abs(value)


@dataclass(frozen=True)
class MarginGate:
    """The challenger beside one other side, in one metric, on all judged decisions or on a segment."""

    against: str
    "`champion` as it is served, or `refitted`."
    metric: str
    segment: str | None
    "Such as `held=mini`; None for all decisions."
    worse_by: Estimate
    "How much worse the challenger is; negative if it is better."
    margin: float
    n_decisions: int
    n_subscribers: int

    @property
    def verdict(self) -> Verdict:
        """Return whether the whole interval is within the margin, beyond it, or neither.

        Examples:
            >>> def verdict(low, high): return MarginGate(
            ...     "champion", "regret", None, Estimate((low + high) / 2, low, high), 0.4, 900, 300).verdict
            >>> verdict(-0.5, 0.3), verdict(0.5, 0.9), verdict(-0.5, 0.5)
            ('holds', 'broken', 'undecided')
        """
        if self.worse_by.high <= self.margin:
            return "holds"
        return "broken" if self.worse_by.low > self.margin else "undecided"

    @property
    def subscribers_needed(self) -> int | None:
        """Estimate the subscribers at which the gate would hold, if the value stayed; None if it would not.

        The width of an interval falls with the root of the number of subscribers.

        Examples:
            >>> worse_by = Estimate(0.1, -0.5, 0.7)
            >>> MarginGate("champion", "regret", None, worse_by, 0.4, 900, 300).subscribers_needed
            1200
        """
        room = self.margin - self.worse_by.value
        half = self.worse_by.high - self.worse_by.value
        if isnan(half) or not room > 0:
            return None
        return ceil(round(self.n_subscribers * (half / room) ** 2, 6))

    def __str__(self) -> str:
        """Return the comparison in one sentence."""
        where = f" of {self.segment}" if self.segment else ""
        worse = signed(self.worse_by.value, self.worse_by.low, self.worse_by.high)
        needed = self.subscribers_needed
        more = (
            f"; about {counted(needed, 'subscriber')} would decide it"
            if self.verdict == "undecided" and needed is not None
            else ""
        )
        return (
            f"{self.verdict}: {self.metric}{where} against the {self.against}: worse by {worse}, margin"
            f" {figure(self.margin)}, {counted(self.n_subscribers, 'subscriber')}{more}"
        )
