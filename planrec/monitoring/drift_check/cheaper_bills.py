"""P(cheaper) of the advice whose bills came, by the day of the answer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from planrec.drift.cheaper_evidence import Bills
from planrec.monitoring.outcomes.advice_given import label_months
from planrec.monitoring.realised.judged_run import ADVISED, RECOMMENDATION_ID, RUN
from planrec.monitoring.realised.realised_table import realised_table
from planrec.runs.read import SavedRun
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log.log_tables import OUTCOMES
from planrec.serving.decision_log.session import session


def bills_by_day(url: str, outputs: Path, saved: SavedRun) -> Iterator[Bills]:
    """Yield the advice of a run to move whose bills came, one entry per day of answers, in their order.

    A plan was cheaper if its bills and the cost of moving were less than the bills of the plan held. Of
    decisions about one subscriber whose label months overlap, only the first counts: they share bills.

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
    subscribers, as_of = (
        moved[name].astype(str).tolist() for name in (OutOfFold.SUBSCRIBER, OutOfFold.AS_OF)
    )
    independent = without_overlaps(subscribers, as_of, saved.recommender.horizon)
    by_day = defaultdict(list)
    for row in moved.iloc[independent].to_dict("records"):
        plan, held = row[OutOfFold.RECOMMENDED], row[OutOfFold.HELD]
        chance = row.get(f"{OutOfFold.CHEAPER}{plan}", np.nan)
        if row[RECOMMENDATION_ID] in days and not np.isnan(chance):
            cost = row[OutOfFold.FUTURE + plan] + row[OutOfFold.SWITCHING + plan]
            by_day[days[row[RECOMMENDATION_ID]]].append((chance, cost < row[OutOfFold.FUTURE + held]))
    for day in sorted(by_day):
        chances, cheaper = zip(*by_day[day], strict=True)
        yield Bills(np.array(chances, np.float64), np.array(cheaper, bool))


def without_overlaps(subscribers: Sequence[str], days: Sequence[str], horizon: int) -> list[int]:
    """Return the positions of decisions whose label months do not overlap those of an earlier one returned.

    >>> days = ["2031-01-05", "2031-01-20", "2031-02-01", "2031-03-01"]
    >>> without_overlaps(["s1"] * 4, days, 2)
    [0, 3]
    """
    ends, kept = dict[str, int](), list[int]()
    for row in sorted(range(len(days)), key=days.__getitem__):
        months = label_months(days[row], horizon)
        if ends.get(subscribers[row], months.start) <= months.start:
            ends[subscribers[row]] = months.stop
            kept.append(row)
    return kept
