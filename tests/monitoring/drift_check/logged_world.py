"""A decision log of many days, written without a server: requests like those that a run was trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from planrec.monitoring.drift_check import DriftReport, check_log
from planrec.recommending.request_table import requests_of
from planrec.runs.read import SavedRun
from planrec.schema.request import Month, Request, fields_of, json_of
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.log_tables import DECISION_COLUMNS, prepare
from planrec.serving.decision_log.logged_answer import LoggedDecision
from planrec.training.experiment import load_decisions
from tests.serving.decision_log.decisions import RUN, url_of

FIRST, PINNED = date(2031, 1, 1), date(2031, 1, 31)
N_ROWS = 60
Change = Callable[[Request], Request]


@dataclass
class LoggedWorld:
    """A log, the run that is checked, and the folder of its state."""

    folder: Path
    saved: SavedRun
    requests: Sequence[Request]

    @classmethod
    def of(cls, saved: SavedRun, folder: Path) -> "LoggedWorld":
        world = cls(folder, saved, requests_of(load_decisions(saved.config).table))
        connection = Database(world.url).connect("create")
        prepare(connection)
        connection.close()
        return world

    @property
    def url(self) -> str:
        return url_of(self.folder / "decisions.sqlite")

    def write_days(self, first: date, n_days: int, change: Change = lambda request: request) -> date:
        """Write days of requests, drawn from those of training; return the day after them."""
        for number in range(n_days):
            day = first + timedelta(days=number)
            picked = np.random.default_rng(day.toordinal()).integers(0, len(self.requests), N_ROWS)
            self.write(day, [change(self.requests[row]) for row in picked])
        return first + timedelta(days=n_days)

    def write(self, day: date, requests: Sequence[Request], hour: int = 9) -> None:
        fields = fields_of(self.saved.recommender.inputs)
        self.write_texts(day, [json_of(request, fields).decode() for request in requests], hour)

    def write_texts(self, day: date, texts: Sequence[str], hour: int = 9) -> None:
        connection = Database(self.url).connect("existing")
        (first,) = connection.execute("SELECT COUNT(*) FROM decisions").fetchone()
        marks = ", ".join("?" * len(LoggedDecision._fields))
        for number, text in enumerate(texts, start=first):
            time = f"{day}T{hour:02d}:00:{number % 60:02d}.000000+00:00"
            row = LoggedDecision(
                *(str(number), time, str(number), None, text, "en", "{}", "stay", 1.0, 1.0, *RUN, None)
            )
            columns = f"{DECISION_COLUMNS}, position"
            connection.execute(f"INSERT INTO decisions ({columns}) VALUES ({marks}, ?)", (*row, number))
        connection.commit()
        connection.close()

    def check(self, today: date) -> DriftReport:
        return check_log(self.saved, self.url, self.folder, PINNED, today)


def more_usage(factor: float) -> Change:
    """Multiply all usage of the last month."""

    def changed(request: Request) -> Request:
        last = request.months[-1]
        usage = {
            name: None if value is None else round(value * factor, 2)
            for name in ("voice_calls", "voice_minutes", "voice_minutes_billed", "sms", "data_mib")
            for value in [getattr(last, name)]
        }
        return replace(request, months=(*request.months[:-1], Month(last.month, **usage)))

    return changed
