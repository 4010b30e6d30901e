"""P(cheaper) of the advice whose bills came, by the day of the answer."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from planrec.drift.cheaper_evidence import Bills
from planrec.monitoring.realised.judged_run import ADVISED, RECOMMENDATION_ID, RUN
from planrec.monitoring.realised.realised_table import realised_table
from planrec.runs.read import SavedRun
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log.log_tables import OUTCOMES
from planrec.serving.decision_log.session import session


def bills_by_day(url: str, outputs: Path, saved: SavedRun) -> Iterator[Bills]:
    """Yield the advice of a run to move whose bills came, one entry per day of answers, in their order.

    A plan was cheaper if its bills and the cost of moving were less than the bills of the plan held.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        if not connection.has_table(OUTCOMES):
            return
        statement = "SELECT recommendation_id, SUBSTR(time, 1, 10) FROM decisions WHERE run_sha256 = ?"
        days: dict[str, str] = dict(connection.execute(statement, (saved.sha256,)).fetchall())
    rows = realised_table(url, outputs).rows
    if rows is None:
        return
    moved = rows[
        (rows[OutOfFold.MODEL] == ADVISED)
        & (rows[RUN] == saved.run_id)
        & (rows[OutOfFold.DECISION] == "recommend")
    ]
    by_day = defaultdict(list)
    for row in moved.to_dict("records"):
        plan, held = row[OutOfFold.RECOMMENDED], row[OutOfFold.HELD]
        chance = row.get(f"{OutOfFold.CHEAPER}{plan}", np.nan)
        if row[RECOMMENDATION_ID] in days and not np.isnan(chance):
            cost = row[OutOfFold.FUTURE + plan] + row[OutOfFold.SWITCHING + plan]
            by_day[days[row[RECOMMENDATION_ID]]].append((chance, cost < row[OutOfFold.FUTURE + held]))
    for day in sorted(by_day):
        chances, cheaper = zip(*by_day[day], strict=True)
        yield Bills(np.array(chances, np.float64), np.array(cheaper, bool))
