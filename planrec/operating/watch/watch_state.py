"""The file `outputs/monitoring/watch.json`: the last check, and the counters where its window began."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import read_object
from planrec.operating.watch.gate import Gate, Verdict
from planrec.operating.watch.server_metrics import ServerCounts
from planrec.schema.config_model import Config
from planrec.serving.pin import Pin

FILE = Path("monitoring") / "watch.json"
"Below the folder of runs."


class WatchState(Config):
    """The last check of a pin."""

    schema_: Literal["planrec.watch/1"] = Field("planrec.watch/1", alias="schema")
    checked_at: str
    run: str
    run_json_sha256: str
    pinned_at: str
    verdict: Verdict
    gates: tuple[Gate, ...]
    counts: ServerCounts | None
    "Counters of the server from which the next check counts; None if it has not answered yet."
    rolled_back_at: str | None = None
    "Time of the last rollback, of any run; None if there was none. The server's metrics show its age."

    def is_of(self, pin: Pin) -> bool:
        """Return whether the check was of this pin."""
        return (self.run_json_sha256, self.pinned_at) == (pin.run_json_sha256, pin.pinned_at)


def read_state(outputs: Path, pin: Pin) -> WatchState | None:
    """Return the last check of this pin, or None; a file that cannot be read begins a new window."""
    try:
        state = WatchState.model_validate(read_object(outputs / FILE))
    except (RunError, ValidationError):
        return None
    return state if state.is_of(pin) else None


def write_state(state: WatchState, outputs: Path) -> None:
    """Write watch.json.

    Raises:
        RunError: it cannot be written.
    """
    file = outputs / FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(state.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)
        write_atomically(file, (content + "\n").encode())
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error
