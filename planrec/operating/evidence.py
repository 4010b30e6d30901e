"""The evidence of operation, `outputs/operations.jsonl`: one JSON line per act."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from planrec.errors import RunError
from planrec.files.json_file import JsonObject, parse_object
from planrec.files.shared_file import create_shared

FILE_NAME = "operations.jsonl"


def append_evidence(outputs: Path, kind: str, content: JsonObject) -> None:
    """Append one line about an act, such as a retrain, a promotion or a rollback, and wait for the disk.

    The line has `time` and `kind`, then the content. If a writer was killed inside the last line, the new one
    begins below it.

    Args:
        outputs: folder of runs.
        kind: the act, such as `rollback`.
        content: what the act found and did; JSON values without NaN.

    Raises:
        RunError: the file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     append_evidence(Path(folder), "rollback", {"run": "2030-01-31/a"})
        ...     [(line["kind"], line["run"]) for line in read_evidence(Path(folder))]
        [('rollback', '2030-01-31/a')]
    """
    about = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "kind": kind}
    line = json.dumps(about | content, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    file = outputs / FILE_NAME
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        create_shared(file, mode=0o666)
        with file.open("ab", buffering=0) as handle:
            # One write in append mode: lines of other processes are never inside this one.
            added = line if _ends_with_a_line(file) else b"\n" + line
            n_written = handle.write(added)
            os.fsync(handle.fileno())
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error
    if n_written != len(added):
        raise RunError(f"{file}: {n_written} of {len(added)} bytes of a line were written: is the disk full?")


def read_evidence(outputs: Path) -> list[JsonObject]:
    """Return the lines of operations.jsonl, the oldest first; lines of killed writers are left out.

    Raises:
        RunError: the file cannot be read.
    """
    file = outputs / FILE_NAME
    try:
        lines = file.read_bytes().split(b"\n") if file.is_file() else []
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error}") from error
    return [parsed for line in lines if (parsed := _parsed(line, file)) is not None]


def _ends_with_a_line(file: Path) -> bool:
    with file.open("rb") as content:
        if not content.seek(0, os.SEEK_END):
            return True
        content.seek(-1, os.SEEK_END)
        return content.read(1) == b"\n"


def _parsed(line: bytes, file: Path) -> JsonObject | None:
    try:
        return parse_object(line, file)
    except RunError:
        return None
