"""Outcomes: months that came after advice, and whether it was accepted, declined or the subscriber left.

They are rows of the database of the decision log. Importing this package loads no pandas.
"""

from planrec.monitoring.outcomes.advice_given import AdvisingRuns
from planrec.monitoring.outcomes.matching import Reason
from planrec.monitoring.outcomes.outcome import Content, Event, Outcome
from planrec.monitoring.outcomes.outcome_table import StoredOutcome, stored_outcomes
from planrec.monitoring.outcomes.receiving import NotApplied, Received, receive

__all__ = [
    "AdvisingRuns",
    "Content",
    "Event",
    "NotApplied",
    "Outcome",
    "Reason",
    "Received",
    "StoredOutcome",
    "receive",
    "stored_outcomes",
]
