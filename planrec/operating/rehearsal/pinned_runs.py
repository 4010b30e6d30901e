"""The runs of the side with operations: the pin, new plans, and the way back."""

from pathlib import Path

from planrec.errors import RunError
from planrec.operating.rehearsal.training import write_catalogue
from planrec.operating.rehearsal.world import World
from planrec.runs.read import SavedRun, load_run
from planrec.serving.denied_runs import deny
from planrec.serving.new_plans import with_new_plans
from planrec.serving.pin import FILE_NAME, as_pinned, load_pinned, read_pin
from planrec.serving.pin_run import pin_run


class PinnedRuns:
    """The folder of runs with its pin, as an operator's jobs use it."""

    def __init__(self, outputs: Path, first: SavedRun) -> None:
        """Pin the first run."""
        self.outputs = outputs
        self.pin(first.folder, "the first run")
        self.last_good = first
        "The run that was served last: the one to go back to."

    def pin(self, folder: Path, reason: str) -> None:
        """Pin a run by hand, without gates."""
        pin_run(folder, self.outputs, reason)

    def served(self) -> SavedRun:
        """Return the pinned run, which is checked when the pin changes. Raises RunError."""
        pin = read_pin(self.outputs)
        if pin.run_json_sha256 != self.last_good.sha256:
            return load_pinned(self.outputs)
        return self.last_good

    def accept(self, run: SavedRun) -> None:
        """Remember a run as good: its checks passed."""
        self.last_good = run

    def go_back(self, reason: str) -> None:
        """Pin the last good run again."""
        self.pin(self.last_good.folder, reason)

    def deny_pinned(self, reason: str) -> None:
        """Put the pinned run on the deny list."""
        deny(as_pinned(read_pin(self.outputs)), self.outputs, reason)

    def corrupt(self) -> None:
        """Overwrite the pin with noise, as a full disk or a wrong script may do."""
        (self.outputs / FILE_NAME).write_bytes(b'{"run": "fir\x00\x00')

    def update_plans(self, world: World, month: int) -> SavedRun:
        """Make a run of the served one with the plans of a month, pin it and return it.

        Raises:
            RunError: the model ranks only plans that it was trained on.
        """
        file = write_catalogue(world.plans.at(month), self.outputs / f"plans-{month}.yaml")
        folder = with_new_plans(self.served().folder, str(file), self.outputs)
        self.pin(folder, f"plans of month {month}")
        self.last_good = load_run(folder)
        return self.last_good


def why_refused(runs: PinnedRuns) -> str | None:
    """Return why the pin cannot be served, or None."""
    try:
        runs.served()
    except RunError as error:
        return error.message.replace(str(runs.outputs), "outputs")
    return None
