"""The decision log: every answer of the server as a row of SQLite or PostgreSQL.

Importing it is cheap: it loads no pandas, and loads psycopg only for a PostgreSQL log.
"""

from planrec.serving.decision_log.log_writer import Counts, DecisionLog
from planrec.serving.decision_log.logged_answer import Decision, LoggedDecision, LoggedRun
from planrec.serving.decision_log.pseudonym import read_or_create_key
from planrec.serving.decision_log.store import find_decision, write_rows

__all__ = [
    "Counts",
    "Decision",
    "DecisionLog",
    "LoggedDecision",
    "LoggedRun",
    "find_decision",
    "read_or_create_key",
    "write_rows",
]
