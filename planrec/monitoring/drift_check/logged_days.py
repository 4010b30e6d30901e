"""The requests of a decision log by day, answered by the run that is checked.

The inputs of a day do not depend on the run that answered then. So days before a pin, which another run
answered, are reference days of the new run: its advice is computed from their requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
import numpy as np

from planrec.errors import RequestError
from planrec.input_drift import advised_of, watched_columns
from planrec.recommending.recommender import Recommender
from planrec.schema.columns import Columns
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.search import Days

MOST_STEP_BACK = timedelta(hours=1)
"Answers of several workers are written out of order by seconds; an hour is a clock that was set back."
NOT_A_REQUEST = (RequestError, LookupError, TypeError, ValueError, AttributeError)
"Errors of requests that another run or another version of PlanRec answered."


@dataclass(frozen=True)
class LoggedDay:
    """The requests of one day."""

    day: date
    columns: Columns
    "As in `watched_columns`, with the advice."
    rows: int
    unreadable: int
    "Rows among them that are not requests of this run."
    clock_problem: str | None
    expected_cheaper: float | None
    "Mean P(cheaper) of the plans recommended; None if the run does not predict it."


def rows_by_day(connection: Connection) -> dict[date, int]:
    """Count the answers of each day."""
    statement = "SELECT SUBSTR(time, 1, 10), COUNT(*) FROM decisions GROUP BY SUBSTR(time, 1, 10)"
    return {date.fromisoformat(day): int(number) for day, number in connection.execute(statement).fetchall()}


def read_day(connection: Connection, recommender: Recommender, day: date) -> LoggedDay:
    """Read the requests of a day, and compute the advice of a run on them."""
    statement = "SELECT time, request FROM decisions WHERE time >= ? AND time < ? ORDER BY position, time"
    found = connection.execute(statement, Days(day, day).limits).fetchall()
    requests = [request for _, text in found if (request := _parsed(text)) is not None]
    table = _table_of(recommender, requests)
    n = 0 if table is None else len(table)
    columns, expected = ({}, None) if table is None else answered(recommender, table)
    return LoggedDay(
        day, columns, len(found), len(found) - n, _clock_problem([time for time, _ in found]), expected
    )


def answered(recommender: Recommender, table: DecisionTable) -> tuple[Columns, float | None]:
    """Return the watched columns of decisions, and the mean P(cheaper) of the plans recommended."""
    prediction, decisions = recommender.recommend(table)
    plans = np.array([*recommender.plans, None], object)
    columns = watched_columns(table, advised_of(decisions.decision, plans[decisions.recommended]))
    moved = np.flatnonzero(decisions.decision == "recommend")
    if prediction.prob_cheaper is None or not len(moved):
        return columns, None
    return columns, float(np.nanmean(prediction.prob_cheaper[moved, decisions.recommended[moved]]))


def _parsed(text: str) -> Request | None:
    try:
        return msgspec.json.decode(text, type=Request)
    except msgspec.MsgspecError:
        return None


def _table_of(recommender: Recommender, requests: Sequence[Request]) -> DecisionTable | None:
    """Build the decisions of the requests that this run can answer; None if there are none."""
    if not requests:
        return None
    try:
        return recommender.table(requests)
    except NOT_A_REQUEST:
        if len(requests) == 1:
            return None
    return _table_of(recommender, [each for each in requests if _table_of(recommender, [each]) is not None])


def _clock_problem(times: Sequence[str]) -> str | None:
    """Describe the largest step back in the order in which rows were written; None if it is short."""
    if not times:
        return None
    seconds = np.array([datetime.fromisoformat(time).timestamp() for time in times])
    steps = np.maximum.accumulate(seconds) - seconds
    if steps.max() < MOST_STEP_BACK.total_seconds():
        return None
    back = timedelta(seconds=int(steps.max()))
    return f"clock: an answer is {back} older than one that was written before it: a clock was set back"
