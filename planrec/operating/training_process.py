"""Training in a process of its own, which ends with the process that started it.

The child runs this module with the folder of the run and the command to record; it reads the configuration
from the first line of its standard input. A crash or too little memory ends the child alone.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread

from planrec.config.run_config import RunConfig
from planrec.errors import FitError, PlanRecError

LAST_WORDS = 2_000
"Characters of the child's messages that an error repeats."


def train_in_child(config: RunConfig, folder: Path, command: str) -> None:
    """Train a run and save it into a folder.

    Args:
        config: the run to train.
        folder: the folder of the run, which must not be there.
        command: the command line that is recorded for the run.

    Raises:
        FitError: the child failed or was killed; with its last words.
    """
    words = [sys.executable, "-m", "planrec.operating.training_process", str(folder), command]
    with TemporaryFile() as messages:
        # The pipe stays open until the end of the block: its end is the sign that this process is gone.
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=messages, stderr=messages) as child:
            _describe(config, child)
            code = child.wait()
        if code:
            messages.seek(0)
            said = messages.read().decode("utf-8", "replace").strip()[-LAST_WORDS:]
            how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise FitError(f"training the challenger {how}", [said or "it wrote no message"])


def _describe(config: RunConfig, child: "subprocess.Popen[bytes]") -> None:
    """Write a config into the pipe of a child; one that has ended already has said why."""
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.write(config.model_dump_json(by_alias=True).encode() + b"\n")
            child.stdin.flush()


def train_here(config: RunConfig, folder: Path, command: str) -> None:
    """Train a run in this process, and save it. Raises PlanRecError."""
    from planrec.runs.write import begin_run, save_run
    from planrec.training.experiment import run

    begin_run(folder, config, command)
    try:
        result = run(config)
    except PlanRecError:
        (folder / "config.json").unlink()
        raise
    save_run(result, folder, command)


def main() -> int:
    """Train the run that the parent describes; return the exit code."""
    folder, command = sys.argv[1:]
    described = sys.stdin.buffer.readline()
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        train_here(RunConfig.model_validate_json(described), Path(folder), command)
    except PlanRecError as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    return 0


def _end_with_parent() -> None:
    """Wait for the end of the pipe from the parent, and end this process at once."""
    # Not through `sys.stdin`: its lock, held by a waiting thread, would break the end of the interpreter.
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
