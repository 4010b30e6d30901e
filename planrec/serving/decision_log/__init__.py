"""What was answered, to whom, by what: every answer of the server as a row of SQLite or PostgreSQL.

Light: importing it loads no pandas, and psycopg only for a PostgreSQL log.
"""

from planrec.serving.decision_log.log_writer import Counts, DecisionLog
from planrec.serving.decision_log.logged_answer import Decision, LoggedDecision, LoggedRun
from planrec.serving.decision_log.pseudonym import key_of
from planrec.serving.decision_log.store import find_decision

__all__ = [
    "Counts",
    "Decision",
    "DecisionLog",
    "LoggedDecision",
    "LoggedRun",
    "find_decision",
    "key_of",
]
