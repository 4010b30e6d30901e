"""The months that came after each decision, and the other events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from planrec.catalogue import Catalogue, rate
from planrec.monitoring.outcomes.advice_given import label_months
from planrec.monitoring.outcomes.outcome import Event
from planrec.monitoring.outcomes.outcome_table import StoredOutcome
from planrec.monitoring.realised.logged_requests import PastAdvice
from planrec.schema.columns import Usage, quantised
from planrec.schema.decision_rows import month_number
from planrec.schema.request import Month


@dataclass
class MonthsThatCame:
    """All outcomes, by the subscriber whose advice they follow.

    A month judges every advice to the subscriber whose label months contain it, and not only the latest one,
    to which it belongs in the table.
    """

    months: dict[tuple[str, int], StoredOutcome] = field(default_factory=dict)
    "Owner and month -> the first one that was received."
    events: dict[str, set[Event]] = field(default_factory=dict)
    "recommendation_id -> accepted, declined, left."
    left: set[str] = field(default_factory=set)
    "Owners that left."

    @classmethod
    def of(cls, outcomes: Iterable[StoredOutcome], owners: Mapping[str, str]) -> "MonthsThatCame":
        """Sort outcomes; `owners` are those of the advice by recommendation_id."""
        came = cls()
        for outcome in outcomes:
            owner = owners.get(outcome.recommendation_id)
            if outcome.event != "month":
                came.events.setdefault(outcome.recommendation_id, set()).add(outcome.event)
                came.left |= {owner} if owner is not None and outcome.event == "left" else set()
            elif owner is not None and outcome.content.usage is not None:
                came.months.setdefault((owner, month_number(outcome.month)), outcome)
        return came

    @property
    def newest(self) -> int | None:
        """The last month that came, see `month_number`."""
        return max((month for _, month in self.months), default=None)

    def has_left(self, advice: PastAdvice) -> bool:
        """Return whether the subscriber of some advice left."""
        return advice.owner in self.left

    def move_events(self, earlier: str, later: str) -> None:
        """Give the events of one answer to a later answer about the same decision."""
        if events := self.events.pop(earlier, None):
            self.events.setdefault(later, set()).update(events)

    def after(self, advice: PastAdvice, horizon: int) -> list[StoredOutcome] | None:
        """Return the label months of a decision; None if one is missing."""
        found = [self.months.get((advice.owner, month)) for month in label_months(advice.as_of, horizon)]
        there = [outcome for outcome in found if outcome is not None]
        return there if len(there) == len(found) else None


def bills_of(months: Sequence[StoredOutcome], catalogue: Catalogue) -> np.ndarray:
    """Rate months on every plan, shape (n, J), int64, minor units.

    Months without billed minutes are rated from totals, as everywhere; the others exactly.
    """
    usages = [outcome.content.usage or Month(outcome.month) for outcome in months]
    columns = {name: np.array([getattr(usage, name) for usage in usages], np.float64) for name in Usage.ALL}
    is_exact = ~np.isnan(columns[Usage.VOICE_MINUTES_BILLED])
    bills = np.zeros((len(months), len(catalogue.plans)), np.int64)
    for rows, names in ((is_exact, Usage.ALL), (~is_exact, Usage.MEASURED)):
        bills[rows] = rate({name: quantised(columns[name][rows]) for name in names}, catalogue)
    return bills
