"""Outcomes of the side with operations: answers of the subscribers, and the months that judge the advice."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from planrec.monitoring.outcomes import AdvisingRuns, Content, Outcome, receive
from planrec.operating.rehearsal.advice import DayOfAdvice
from planrec.operating.rehearsal.month_files import MonthFile, name_of
from planrec.operating.rehearsal.setting import HORIZON
from planrec.operating.rehearsal.world import World
from planrec.schema.request import Month

NO_KEY = Path("no key: every outcome names its recommendation")


def send_answers(log_url: str, outputs: Path, advice: DayOfAdvice, accepted: set[int]) -> None:
    """Store who accepted and who declined an offer of a day."""
    offers = np.flatnonzero((advice.advised >= 0) & (advice.advised != advice.held)).tolist()
    outcomes = [
        Outcome(
            place=f"{advice.month}/{row}",
            recommendation_id=advice.ids[row],
            subscriber=None,
            event="accepted" if int(advice.subscriber[row]) in accepted else "declined",
            month="",
        )
        for row in offers
    ]
    if outcomes:
        receive(log_url, AdvisingRuns(outputs), NO_KEY, outcomes)


def send_bills(
    log_url: str, outputs: Path, advice: Sequence[DayOfAdvice], file: MonthFile, world: World
) -> None:
    """Store the month of a file for the advice that it judges, that of some days, and who left in it."""
    at = {int(subscriber): row for row, subscriber in enumerate(file.subscriber)}
    contents = {
        subscriber: Content(
            Month(name_of(file.month), **{name: float(values[row]) for name, values in file.usage.items()}),
            world.plans.plan_ids[file.held[row]],
        )
        for subscriber, row in at.items()
    }
    judged = [
        day
        for day in advice
        if day.month <= file.month < day.month + HORIZON and world.setting.bills_of(day.day)
    ]
    outcomes = [
        Outcome(f"{name}/{file.month}", name, None, "month", name_of(file.month), contents[subscriber])
        for day in judged
        for name, subscriber in zip(day.ids, day.subscriber.tolist(), strict=True)
        if subscriber in contents
    ]
    outcomes += _departures(advice, file.month, world)
    if outcomes:
        receive(log_url, AdvisingRuns(outputs), NO_KEY, outcomes)


def _departures(advice: Sequence[DayOfAdvice], month: int, world: World) -> Iterator[Outcome]:
    """Yield that subscribers left in a month, each for the latest advice that they got."""
    latest = {
        subscriber: name
        for day in advice
        for name, subscriber in zip(day.ids, day.subscriber.tolist(), strict=bool(day.ids))
    }
    for subscriber in np.flatnonzero(world.leaves == month).tolist():
        if name := latest.get(subscriber):
            yield Outcome(f"{name}/left", name, None, "left", name_of(month))
