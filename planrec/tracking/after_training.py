"""Tracking after a run or a sweep was saved, in a process of its own: it never costs the run."""

import subprocess
import sys
from pathlib import Path

from planrec.files.outputs_folder import command_line

SECONDS = 60.0
"After this time the process is killed; a server that is slow takes no longer."


def track_saved(folder: Path, outputs: Path) -> str:
    """Copy a saved run or sweep to MLflow and return one line about it; nothing is raised.

    A process that is killed leaves an unfinished copy, which the next `planrec track` replaces.
    """
    command = [sys.executable, "-m", "planrec", "track", str(folder), "--outputs", str(outputs)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        why = f"the server took more than {SECONDS:g} seconds"
    except OSError as error:
        why = str(error)
    else:
        if done.returncode == 0:
            return (done.stdout.splitlines() or ["tracked"])[-1]
        why = (done.stderr.splitlines() or ["no reason given"])[0].removeprefix("error: ")
    return f"not tracked ({why}): the run is complete; send it later with {_later(folder, outputs)}"


def _later(folder: Path, outputs: Path) -> str:
    return command_line("track", folder, outputs=outputs)
