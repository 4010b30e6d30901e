"""The year: both sides live through the same months. Read this file first."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from planrec.operating.rehearsal.judged_year import OFF, ON, MonthlyFigures, figures_of, table_of
from planrec.operating.rehearsal.month_files import name_of
from planrec.operating.rehearsal.operations import WithOperations
from planrec.operating.rehearsal.promotions import Promotion
from planrec.operating.rehearsal.setting import FAULT_DAY, FAULTS, HISTORY, RehearsalSetting
from planrec.operating.rehearsal.side import Side, WithoutOperations
from planrec.operating.rehearsal.timeline import Timeline
from planrec.operating.rehearsal.training import first_run
from planrec.operating.rehearsal.world import world_of

MIDDLE_OF_MONTH = ("bad_model", "corrupt_pin")
"Faults that happen on `FAULT_DAY`; the others begin with the month."
Report = Callable[[str], None]
"""Called with every month before it begins."""


@dataclass(frozen=True)
class Rehearsed:
    """The result of a rehearsal."""

    setting: RehearsalSetting
    timeline: Timeline
    figures: tuple[MonthlyFigures, ...]
    promotions: tuple[Promotion, ...]


def rehearse(setting: RehearsalSetting, folder: Path, report: Report = lambda month: None) -> Rehearsed:
    """Live through the months with operations on and off, and judge the advice of both."""
    world, timeline = world_of(setting), Timeline(setting)
    first = first_run(setting, world, folder)
    operated = WithOperations(world, folder, first, timeline)
    sides: dict[str, Side] = {ON: operated, OFF: WithoutOperations(world, folder, first)}
    for month in world.months:
        report(name_of(month))
        _plant(timeline, setting, month)
        for side in sides.values():
            side.start_month(month)
        for day in setting.days_of(month):
            for side in sides.values():
                side.give_advice(month, day)
    tables = {name: table_of(world, name, side.advice) for name, side in sides.items()}
    figures = figures_of(tables, setting.seed, setting.n_bootstrap)
    return Rehearsed(setting, timeline, tuple(figures), tuple(operated.promotions))


def _plant(timeline: Timeline, setting: RehearsalSetting, month: int) -> None:
    for fault in setting.faults:
        if HISTORY + fault.month - 1 == month:
            day = FAULT_DAY if fault.name in MIDDLE_OF_MONTH else 1
            timeline.planted(month, day, fault.name, FAULTS[fault.name].planted)
