"""The file that arrives after each month, and the months that one side has taken from such files."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from planrec.operating.rehearsal.setting import HISTORY, WINDOW
from planrec.operating.rehearsal.world import World
from planrec.schema.columns import Columns, Usage
from planrec.schema.request import Month

KIB_IN_MIB = 1024


@dataclass(frozen=True)
class MonthFile:
    """The usage of one month, of all subscribers who were there."""

    month: int
    "Counted from January 2018."
    subscriber: np.ndarray
    "Shape (k,): positions."
    held: np.ndarray
    "Shape (k,): plan held in the month, as index of all plans."
    usage: Columns
    "Shape (k,) each; a column may be missing."

    def spoiled(self, fault: str) -> "MonthFile":
        """Return the file with data in KiB, or without it."""
        data = self.usage[Usage.DATA_MIB]
        others = {name: values for name, values in self.usage.items() if name != Usage.DATA_MIB}
        if fault == "wrong_unit":
            others[Usage.DATA_MIB] = data * KIB_IN_MIB
        return replace(self, usage=others)


def file_of(world: World, month: int, held: np.ndarray) -> MonthFile:
    """Write down a month as it was; `held` is the plan of every subscriber, shape (n,)."""
    present = world.present(month)
    usage = {name: values[present, month] for name, values in world.usage.items()}
    return MonthFile(month, present, held[present], usage)


class MonthStore:
    """The months that one side has, right or wrong."""

    def __init__(self, world: World) -> None:
        """Take the months before the rehearsal; they are right on both sides."""
        self.world = world
        n, months = world.usage[Usage.SMS].shape
        self.usage = {name: np.full((n, months), np.nan) for name in Usage.ALL}
        self.held = np.full((n, months), -1)
        self.first_sent = 0
        "Earlier months are left out of requests."
        for month in range(HISTORY):
            self.take(file_of(world, month, world.people.plan_held))

    def take(self, file: MonthFile) -> None:
        """Store a file; a column that it lacks becomes 0, as in a loading script that checks nothing."""
        for name, values in self.usage.items():
            values[file.subscriber, file.month] = file.usage.get(name, 0.0)
        self.held[file.subscriber, file.month] = file.held

    def window(self, subscriber: int, month: int) -> tuple[Month, ...]:
        """Return the last months of a subscriber before a month, as a request gives them."""
        known = [
            ago
            for ago in range(max(month - WINDOW, self.first_sent), month)
            if not np.isnan(self.usage[Usage.SMS][subscriber, ago])
        ]
        return tuple(
            Month(
                name_of(ago), **{name: float(values[subscriber, ago]) for name, values in self.usage.items()}
            )
            for ago in known
        )

    def leave_out_before_change(self, month: int) -> int:
        """Leave out the months before the largest rise of data use, and return the first month that stays.

        Args:
            month: the present month; its window is searched.
        """
        data = self.usage[Usage.DATA_MIB]
        months = [ago for ago in range(month - WINDOW - 1, month) if (self.held[:, ago] >= 0).any()]
        typical = np.array([np.nanmedian(data[:, ago]) for ago in months])
        self.first_sent = months[1 + int(np.argmax(typical[1:] / typical[:-1]))]
        return self.first_sent

    def months_known(self, file: MonthFile) -> np.ndarray:
        """Count the months of each subscriber in the window that ends with a file, shape (k,), float64."""
        before = self.usage[Usage.SMS][file.subscriber, file.month - WINDOW + 1 : file.month]
        return np.asarray((~np.isnan(before)).sum(axis=1) + 1.0)

    def write(self, file: Path, first: int, last: int) -> Path:
        """Write months as Parquet, as `data=usage_months` reads them, from `first` up to and with `last`."""
        months = np.arange(first, last + 1)
        rows, columns = np.nonzero(~np.isnan(self.usage[Usage.SMS][:, months]))
        table = {
            "subscriber": rows + 1,
            "month": np.array([name_of(month) for month in months.tolist()])[columns],
            "plan": np.array(self.world.plans.plan_ids, object)[self.held[rows, months[columns]]],
        }
        table |= {name: values[rows, months[columns]] for name, values in self.usage.items()}
        pd.DataFrame(table).to_parquet(file, index=False)
        return file


def name_of(month: int) -> str:
    """Return the name of a month that is counted from January 2018.

    Examples:
        >>> name_of(12)
        '2019-01'
    """
    return f"{2018 + month // 12}-{month % 12 + 1:02d}"
