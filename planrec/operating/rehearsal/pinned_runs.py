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
from planrec.serving.rollback import rollback


class PinnedRuns:
    """The folder of runs with its pin, as an operator's jobs use it."""

    def __init__(self, outputs: Path, first: SavedRun) -> None:
        """Pin the first run."""
        self.outputs = outputs
        self.checked = first
        "The pinned run that passed all checks last: the one to go back to."
        self.served = first
        "The run that answers now."
        self.pin(first.folder, "the first run")

    def pin(self, folder: Path, reason: str) -> None:
        """Pin a run by hand, without gates."""
        pin_run(folder, self.outputs, reason)

    def follow_pin(self) -> None:
        """Serve the pinned run; it is loaded and checked if the pin has changed. Raises RunError."""
        if read_pin(self.outputs).run_json_sha256 != self.served.sha256:
            self.served = load_pinned(self.outputs)

    @property
    def is_unchecked(self) -> bool:
        """Whether the run that answers is another one than the last that was checked."""
        return self.served.sha256 != self.checked.sha256

    def accept(self, folder: Path) -> None:
        """Serve a run that was checked before it was pinned."""
        self.served = self.checked = load_run(folder)

    def mend(self) -> None:
        """Pin the run that was checked last, in place of a pin that cannot be read."""
        self.pin(self.checked.folder, "the pin could not be read")
        self.served = self.checked

    def go_back(self, reason: str) -> None:
        """Deny the pinned run, and roll back to the run that was checked last, by its hash."""
        deny(as_pinned(read_pin(self.outputs)), self.outputs, reason)
        rollback(self.outputs, reason, to=self.checked.sha256)
        self.served = self.checked

    def corrupt(self) -> None:
        """Overwrite the pin with noise, as a full disk or a wrong script may do."""
        (self.outputs / FILE_NAME).write_bytes(b'{"run": "fir')

    def update_plans(self, world: World, month: int) -> None:
        """Make a run of the served one with the plans of a month, and pin it.

        Raises:
            RunError: the model ranks only plans that it was trained on.
        """
        file = write_catalogue(world.plans.at(month), self.outputs / f"plans-{month}.yaml")
        folder = with_new_plans(self.served.folder, str(file), self.outputs)
        self.pin(folder, f"new plans of {world.plans.at(month).version}")
        self.accept(folder)


def why_refused(runs: PinnedRuns) -> str | None:
    """Return why the pin cannot be served, without paths of this machine; None if it can."""
    try:
        runs.follow_pin()
    except RunError as error:
        return error.message.partition(":")[0].replace(f"{runs.outputs}/", "")
    return None
