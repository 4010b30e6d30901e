"""The decision log: every answer of the server as a row of SQLite or PostgreSQL, in a hash chain.

Importing it is cheap: it loads no pandas, and loads psycopg only for a PostgreSQL log.
"""

from planrec.serving.decision_log.log_writer import Counts, DecisionLog
from planrec.serving.decision_log.logged_answer import LoggedAnswer, LoggedDecision, LoggedRun
from planrec.serving.decision_log.pseudonym import Keys, read_or_create_key
from planrec.serving.decision_log.search import (
    Days,
    count_advised,
    decisions_of,
    find_decision,
    newest_decisions,
)
from planrec.serving.decision_log.session import record_event
from planrec.serving.decision_log.store import write_rows

__all__ = [
    "Counts",
    "Days",
    "DecisionLog",
    "Keys",
    "LoggedAnswer",
    "LoggedDecision",
    "LoggedRun",
    "count_advised",
    "decisions_of",
    "find_decision",
    "newest_decisions",
    "read_or_create_key",
    "record_event",
    "write_rows",
]
