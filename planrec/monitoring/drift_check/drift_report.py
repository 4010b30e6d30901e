"""The result of a check: the verdict, and the content of drift.json."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import JsonObject
from planrec.input_drift import ColumnDrift
from planrec.input_drift.cheaper_evidence import Bills, cheaper_bias, cheaper_evidence, is_surely_wrong
from planrec.input_drift.evidence import REFERENCE_DAYS, THRESHOLD, evidence_of_all, named_streams
from planrec.input_drift.streams import Streams
from planrec.monitoring.drift_check.drift_state import DriftState, JudgedDay

DRIFT_FILE = Path("monitoring") / "drift.json"
"In the folder of runs."
PROB_CHEAPER = "prob_cheaper"
MOST_DAYS_SHOWN = 90


@dataclass(frozen=True)
class DriftReport:
    """The verdict about the days of a pinned run."""

    run_id: str
    run_json_sha256: str
    today: date
    streams: Streams
    state: DriftState
    columns: tuple[ColumnDrift, ...]
    "The last day with rows beside the profile: effect sizes, which decide nothing."
    bills: tuple[Bills, ...]
    "Advice to move whose bills came, by day of the answer."
    clock_problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def latest(self) -> JudgedDay | None:
        """The last day that was judged."""
        return self.state.days[-1] if self.state.days else None

    @property
    def evidence(self) -> float:
        """Evidence of all streams; an alarm from THRESHOLD on."""
        return evidence_of_all(self.streams, np.array(self.state.evidence))

    @cached_property
    def cheaper(self) -> float | None:
        """Evidence that P(cheaper) is wrong; None if no bills came."""
        return cheaper_evidence(self.bills)[-1] if self.bills else None

    @property
    def problems(self) -> tuple[str, ...]:
        """Hard problems of the last day and of all that were judged today; each begins with its name."""
        new = [day for day in self.state.days if day.judged_on == self.today or day is self.latest]
        by_day = [f"{problem} ({day.day})" for day in new for problem in day.problems]
        return (*by_day, *self.clock_problems)

    @property
    def alarms(self) -> tuple[str, ...]:
        """Names of all that drifted: columns, `plan_held=PLAN`, `prob_cheaper`, `rows`, `clock`."""
        return tuple(dict.fromkeys(self._alarms()))

    def _alarms(self) -> Iterator[str]:
        yield from (problem.partition(":")[0] if ":" in problem else "rows" for problem in self.problems)
        yield from named_streams(self.streams, np.array(self.state.evidence))
        if is_surely_wrong(self.bills):
            yield PROB_CHEAPER

    def as_json(self) -> JsonObject:
        """Return the content of drift.json."""
        latest = self.latest
        return {
            "schema": "planrec.drift/1",
            "run_id": self.run_id,
            "run_json_sha256": self.run_json_sha256,
            "today": str(self.today),
            "day": None if latest is None else str(latest.day),
            "alarm": bool(self.alarms),
            "alarms": list(self.alarms),
            "problems": list(self.problems),
            "evidence": {
                "all": self.evidence,
                "threshold": THRESHOLD,
                "streams": dict(zip(self.streams.names, self.state.evidence, strict=True)),
            },
            "reference_days": {"found": len(self.state.reference), "needed": REFERENCE_DAYS},
            "columns": [asdict(column) for column in self.columns],
            "cheaper": self._cheaper_json(),
            "if_calibration_still_holds": {"cheaper": None if latest is None else latest.expected_cheaper},
            "days": [
                day.model_dump(mode="json", exclude={"judged_on"})
                for day in self.state.days[-MOST_DAYS_SHOWN:]
            ],
            "notes": list(self.notes),
        }

    def json_text(self) -> str:
        """Return drift.json as text."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def write(self, file: Path) -> None:
        """Replace drift.json. Raises RunError."""
        try:
            write_atomically(file, self.json_text().encode())
        except OSError as error:
            raise RunError(f"{file} cannot be written: {error}") from error

    def _cheaper_json(self) -> JsonObject | None:
        if self.cheaper is None:
            return None
        predicted = np.concatenate([day.probability for day in self.bills])
        came_true = np.concatenate([day.was_cheaper for day in self.bills])
        return {
            "evidence": self.cheaper,
            "bills": len(predicted),
            "predicted": float(predicted.mean()),
            "came_true": float(came_true.mean()),
            "bias": cheaper_bias(self.bills),
        }
