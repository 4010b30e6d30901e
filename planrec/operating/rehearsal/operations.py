"""The side with operations: each day and each month, the functions behind the commands of an operator.

Two acts are no commands, and exist here only: `worse_by` compares a run that was pinned by hand with the run
before it, and `leave_out_before_change` shortens requests.
"""

from pathlib import Path

from planrec.errors import RunError
from planrec.operating.rehearsal.advice import DayOfAdvice
from planrec.operating.rehearsal.bills_that_came import send_answers, send_bills
from planrec.operating.rehearsal.drift_watch import OTHER, DriftWatch
from planrec.operating.rehearsal.input_gate import file_problems
from planrec.operating.rehearsal.month_files import MonthFile, name_of
from planrec.operating.rehearsal.pin_check import worse_by
from planrec.operating.rehearsal.pinned_runs import PinnedRuns, why_refused
from planrec.operating.rehearsal.production_watch import watched
from planrec.operating.rehearsal.promotions import Promotion
from planrec.operating.rehearsal.retraining import promoted, retrained
from planrec.operating.rehearsal.setting import FAULT_DAY
from planrec.operating.rehearsal.side import Side
from planrec.operating.rehearsal.timeline import Timeline
from planrec.operating.rehearsal.training import LEARNT_MONTHS, bad_run, write_catalogue
from planrec.operating.rehearsal.world import World
from planrec.runs.read import SavedRun
from planrec.wording import signed

DRIFT_DAYS = (1, 15)
"Days of a month on which the days since the last check are judged."
MARGIN = 0.05
"Share of the regret of the run before, up to which a run may be worse."
CORRECTED_ON = 12
"Day on which a file that was refused arrives again, in order."


class WithOperations(Side):
    """Checks what arrives, retrains every month, watches what is served."""

    def __init__(self, world: World, folder: Path, first: SavedRun, timeline: Timeline) -> None:
        """Pin the first run."""
        super().__init__("on", world, folder)
        self.folder, self.timeline = folder, timeline
        self.runs = PinnedRuns(folder / "outputs", first)
        self.waits_for: MonthFile | None = None
        "The right form of a file that was refused."
        self.promotions: list[Promotion] = []
        self.planted: set[str] = set()
        self.drift = DriftWatch(self.runs, self.log_url, timeline)

    def receive(self, month: int, true: MonthFile, arrived: MonthFile) -> None:
        """Update the plans, then take the file if its hard gates pass."""
        self._update_plans(month)
        problems = file_problems(self.runs.served, self.store, arrived)
        if not problems:
            self._take(month, 1, arrived)
            return
        self.waits_for = true
        fault = "missing_column" if any("is missing" in problem for problem in problems) else "wrong_unit"
        self.timeline.noticed(month, 1, fault, f"the file of {name_of(month - 1)} is refused: {problems[0]}")
        self.timeline.done(month, 1, "the sender is asked for the file; advice goes on from earlier months")

    def run_on(self, month: int, day: int) -> SavedRun | None:
        """Return the pinned run; a pin that cannot be served is mended first."""
        if self.world.setting.checks_drift and day in DRIFT_DAYS and self.drift.check(month, day):
            first = name_of(self.store.leave_out_before_change(month))
            self.timeline.done(
                month, day, f"data use rose most in {first}: requests leave out the months before"
            )
        if self.waits_for is not None and day >= CORRECTED_ON:
            self.timeline.done(
                month, CORRECTED_ON, f"the file of {name_of(month - 1)} arrives again, in order"
            )
            file, self.waits_for = self.waits_for, None
            self._take(month, CORRECTED_ON, file)
        if day > FAULT_DAY:
            self._plant(month)
        if reason := why_refused(self.runs):
            self.timeline.noticed(month, day, "corrupt_pin", f"the pin is refused: {reason}")
            self.runs.mend()
            self.timeline.done(month, day, "the run that was served is pinned again", "rolled back")
        return self.runs.served

    def after_advice(self, advice: DayOfAdvice, accepted: set[int]) -> None:
        """Send the answers of the subscribers, and check the run if the pin has changed."""
        send_answers(self.log_url, self.runs.outputs, advice, accepted)
        if self.runs.is_unchecked:
            self._check_pin(advice.month, advice.day)

    def _update_plans(self, month: int) -> None:
        """Make and pin a run with the plans of the month if they have changed."""
        for change in self.world.plans.changes_in(month):
            version = self.world.plans.at(month).version
            self.timeline.noticed(month, 1, change, f"the catalogue has a new version, {version}")
        if not self.world.plans.changes_in(month):
            return
        try:
            self.runs.update_plans(self.world, month)
        except RunError:
            self.timeline.done(month, 1, "the pinned run cannot take new plans: it goes on with the old ones")
        else:
            self.timeline.done(month, 1, "a run with the new plans is pinned, without training", "promoted")

    def _take(self, month: int, day: int, file: MonthFile) -> None:
        """Store a file that passed, send its bills, judge the pinned run by them, and retrain."""
        self.store.take(file)
        send_bills(self.log_url, self.runs.outputs, self.advice, file, self.world)
        if self.advice:
            self._watch(month, day)
        found = retrained(self.runs, self._write_months(month, name_of(month)))
        if found.outcome == "promoted":
            self.promotions.append(promoted(self.runs, self.store, self.held, (month, day)))
            self.timeline.done(month, day, "a retrained run passed its gates and is pinned", "promoted")
        else:
            self.timeline.done(month, day, f"the retrained run is not pinned: {found.outcome}")

    def _watch(self, month: int, day: int) -> None:
        """Let the production check judge the pinned run, and follow it if it goes back."""
        found = watched(self.runs, self.log_url)
        if found.verdict != "failed":
            return
        failed = ", ".join(gate.name for gate in found.gates if gate.verdict == "failed")
        self.timeline.noticed(month, day, OTHER, f"planrec watch: the gates {failed} failed")
        if found.went_back_to is not None:
            self.runs.follow_pin()
            self.runs.accept(self.runs.served.folder)
            self.timeline.done(
                month, day, "planrec watch pins an earlier run, and denies this one", "rolled back"
            )

    def _check_pin(self, month: int, day: int) -> None:
        """Compare a run pinned by hand with the one before; roll back unless it is surely not worse."""
        months = self._write_months(month, "check")
        found, regret = worse_by(self.runs.served, self.runs.checked, months)
        if found.high <= MARGIN * regret:
            self.runs.accept(self.runs.served.folder)
            return
        shown = signed(found.value, found.low, found.high)
        text = f"the pinned run is not surely as good as the one before: {shown} in regret"
        self.timeline.noticed(month, day, "bad_model", text)
        self.runs.go_back("not surely as good as the run before it")
        self.timeline.done(
            month, day, "the run before is pinned again, and this one is denied", "rolled back"
        )

    def _write_months(self, month: int, purpose: str) -> Path:
        """Write the months that a training in this month reads."""
        last = month - 1 if self.waits_for is None else month - 2
        file = self.folder / f"months-{purpose}.parquet"
        return self.store.write(file, max(last - LEARNT_MONTHS + 1, 0), last)

    def _plant(self, month: int) -> None:
        """Let the faults of the middle of a month happen, once."""
        setting = self.world.setting
        if setting.happens("bad_model", month) and "bad_model" not in self.planted:
            self.planted.add("bad_model")
            self.runs.pin(self._bad_run(month).folder, "better in training")
        if setting.happens("corrupt_pin", month) and "corrupt_pin" not in self.planted:
            self.planted.add("corrupt_pin")
            self.runs.corrupt()

    def _bad_run(self, month: int) -> SavedRun:
        months = self._write_months(month, "bad")
        plans = write_catalogue(self.world.plans.at(month), self.folder / "plans-bad.yaml")
        return bad_run(self.world.setting, months, plans, self.runs.outputs / "2019-01-01" / "bad")
