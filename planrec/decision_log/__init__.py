"""What was answered, to whom, by what: every answer of the server as a row of SQLite or PostgreSQL.

Light: importing it loads no pandas, and psycopg only for a PostgreSQL log.
"""

from planrec.decision_log.decision import Decision, LoggedDecision, LoggedRun
from planrec.decision_log.log import Counts, DecisionLog
from planrec.decision_log.pseudonym import key_of
from planrec.decision_log.store import find_decision

__all__ = [
    "Counts",
    "Decision",
    "DecisionLog",
    "LoggedDecision",
    "LoggedRun",
    "find_decision",
    "key_of",
]
