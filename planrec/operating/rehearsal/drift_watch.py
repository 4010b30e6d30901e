"""The drift check of the side with operations, on the days of its decision log."""

from datetime import date

from planrec.monitoring.drift_check import check_log
from planrec.operating.rehearsal.month_files import name_of
from planrec.operating.rehearsal.pinned_runs import PinnedRuns
from planrec.operating.rehearsal.setting import HISTORY
from planrec.operating.rehearsal.timeline import Timeline
from planrec.schema.columns import Usage

FIRST_DAY = (HISTORY, 1)
"Month and day before which nothing was answered."
OTHER = "no planted fault"
"The cause of alarms about anything but data use, which nothing that is planted explains."


class DriftWatch:
    """Runs the drift check for the pinned run, and reports every alarm once."""

    def __init__(self, runs: PinnedRuns, log_url: str, timeline: Timeline) -> None:
        """Watch the runs of a folder."""
        self.runs, self.log_url, self.timeline = runs, log_url, timeline
        self.seen: dict[str, date] = {}
        "Hash of a run -> the first day on which it was checked."
        self.alarmed: set[tuple[str, str]] = set()
        "Run and name of each alarm that was reported."

    def check(self, month: int, day: int) -> bool:
        """Judge the days since the last check; return whether data use began to drift."""
        run, today = self.runs.served, date.fromisoformat(f"{name_of(month)}-{day:02d}")
        if (month, day) == FIRST_DAY:
            return False
        pinned_on = self.seen.setdefault(run.sha256, today)
        report = check_log(run, self.log_url, self.runs.outputs, pinned_on, today)
        new = [name for name in report.alarms if (run.sha256, name) not in self.alarmed]
        self.alarmed |= {(run.sha256, name) for name in new}
        for name in new:
            fault = "usage_jump" if name.startswith(Usage.DATA_MIB) else OTHER
            self.timeline.noticed(month, day, fault, f"drift of {name}")
        return any(name.startswith(Usage.DATA_MIB) for name in new)
