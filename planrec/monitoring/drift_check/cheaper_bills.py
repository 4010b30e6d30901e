"""P(cheaper) of the advice of a run whose bills came, by the day of the answer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from planrec.monitoring.drift_check.drift_state import DayOfBills, KnownBills
from planrec.monitoring.outcomes.advice_given import label_months
from planrec.monitoring.outcomes.outcome_table import stored_outcomes
from planrec.monitoring.realised.judged_run import JudgedRun
from planrec.monitoring.realised.logged_requests import read_advice_of
from planrec.monitoring.realised.months_that_came import MonthsThatCame
from planrec.monitoring.realised.realised_table import judged_advice
from planrec.runs.read import SavedRun
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log.chain import LoggedEvent
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.log_tables import OUTCOMES, append_event
from planrec.serving.decision_log.session import session


def bills_that_came(url: str, saved: SavedRun, known: KnownBills | None) -> KnownBills | None:
    """Judge the advice of a run to move whose bills came; None without any outcome.

    A plan was cheaper if its bills and the cost of moving were less than the bills of the plan held. Of
    decisions about one subscriber whose label months overlap, only the first counts: they share bills.

    Args:
        url: the decision log, see `Database`.
        saved: the run; advice of other runs is not judged.
        known: the result of the last check, which is returned if neither outcomes nor answers came since.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        if not connection.has_table(OUTCOMES):
            return None
        outcomes = _extent(connection, f"COUNT(*), MAX(received) FROM {OUTCOMES}")
        answers = _extent(connection, "COUNT(*), MAX(time) FROM decisions WHERE run_sha256 = ?", saved.sha256)
        if known is not None and (known.outcomes, known.answers) == (outcomes, answers):
            return known
        logged = read_advice_of(connection, saved.sha256)
        came = MonthsThatCame.of(stored_outcomes(connection), logged.owners)
        # Last, because it locks the log until the end of the transaction, and servers write to it.
        content = {"check": "cheaper", "answers": len(logged.advice)}
        append_event(connection, LoggedEvent.of("count", content))
    judged = judged_advice(saved, logged.advice, came)
    days = () if judged is None else tuple(_by_day(judged))
    return KnownBills(outcomes=outcomes, answers=answers, days=days)


def _extent(connection: Connection, columns: str, *values: str) -> tuple[int, str | None]:
    ((number, last),) = connection.execute(f"SELECT {columns}", values).fetchall()
    return int(number), last


def _by_day(judged: JudgedRun) -> Iterator[DayOfBills]:
    """Yield the advice to move, one entry per day of answers, in their order."""
    rows = judged.advised()
    rows["day"] = [each.time[:10] for each in judged.advice]
    moved = rows[rows[OutOfFold.DECISION] == "recommend"]
    subscribers, as_of = (
        moved[name].astype(str).tolist() for name in (OutOfFold.SUBSCRIBER, OutOfFold.AS_OF)
    )
    independent = without_overlaps(subscribers, as_of, judged.saved.recommender.horizon)
    by_day = defaultdict(list)
    for row in moved.iloc[independent].to_dict("records"):
        plan, held = row[OutOfFold.RECOMMENDED], row[OutOfFold.HELD]
        chance = row.get(f"{OutOfFold.CHEAPER}{plan}", np.nan)
        if not np.isnan(chance):
            cost = row[OutOfFold.FUTURE + plan] + row[OutOfFold.SWITCHING + plan]
            by_day[row["day"]].append((chance, cost < row[OutOfFold.FUTURE + held]))
    for day in sorted(by_day):
        chances, cheaper = zip(*by_day[day], strict=True)
        yield DayOfBills(probability=chances, was_cheaper=cheaper)


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
