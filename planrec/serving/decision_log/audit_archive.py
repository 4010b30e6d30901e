"""One file with everything about some days, which can be verified without the log."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from heapq import merge
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import msgspec

from planrec.errors import LogError
from planrec.files.atomic_write import replaced_atomically
from planrec.files.hashing import sha256_of_file
from planrec.serving.acting_user import acting_user
from planrec.serving.decision_log.chain import GENESIS, LAST_POSITION, LoggedEvent, Removed
from planrec.serving.decision_log.database import OWNER_ONLY, Connection
from planrec.serving.decision_log.log_tables import Place, append_event
from planrec.serving.decision_log.search import AdviceCount, Days, advised
from planrec.serving.decision_log.session import session
from planrec.serving.decision_log.verification import (
    ChainCheck,
    Entry,
    decisions_in,
    events_in,
    gaps_of,
)

SCHEMA = "planrec.audit/1"
ENTRIES, MANIFEST, PIN = "entries.jsonl", "manifest.json", "pinned.json"
MOST_MANIFEST_BYTES = 64 << 20
"An archive that unpacks to more is not one of ours."
MOST_LINE_BYTES = 16 << 20
"A longer line of the entries is cut, and then it is no JSON: a ZIP bomb does not fill the memory."
_DAMAGED = (
    OSError,
    BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    RuntimeError,  # an encrypted file, or a compression that is not known
    ValueError,
    msgspec.MsgspecError,
)
"Exceptions of a file that is not one of our archives."
_EPOCH = (1980, 1, 1, 0, 0, 0)
"Time of the files in an archive: its manifest has the time at which it was made."


class Archived(msgspec.Struct, frozen=True):
    """The content of manifest.json in an archive."""

    schema: str
    made_at: str
    made_by: str
    days: str
    before: Place
    "Place before the first entry."
    end: Place
    "Place of the last entry."
    removed: list[Removed]
    "Stubs of entries between them that were pruned or deleted."
    decisions: int
    advised: list[AdviceCount]
    "Answers of the days by run, catalogue version and action."
    files: dict[str, str]
    "File in the archive -> sha256."


def write_archive(url: str, days: Days, file: Path, pin: Path) -> str:
    """Write the answers and events of these days, and the pin, to a ZIP file; return its sha256.

    Args:
        url: see `Database`.
        days: the days. Entries between the first and the last one are in the file, also those of other days.
        file: replaced when it is complete; only its owner can read it.
        pin: pinned.json; left out if it is missing.

    Raises:
        LogError: the log cannot be read, or has no entry on these days.
        OSError: the file cannot be written.
    """
    # The event is on the disk before the file takes its place.
    with replaced_atomically(file, owner_only=True) as handle, session(url, "read") as connection:
        connection.begin_snapshot()
        _write(connection, days, handle, pin.read_bytes() if pin.is_file() else None)
        connection.rollback()
        handle.flush()
        content = sha256_of_file(Path(handle.name))
        about = {"days": str(days), "file": file.name, "sha256": content}
        append_event(connection, LoggedEvent.of("audit", about))
    return content


def _write(connection: Connection, days: Days, handle: BinaryIO, pin: bytes | None) -> None:
    first, last = _positions(connection, days)
    events = list(events_in(connection))
    gaps = gaps_of(events)
    inside = (event for event in events if first <= event.position <= last)
    entries = merge(decisions_in(connection, first, last), inside, key=lambda entry: entry.position)
    with ZipFile(handle, "w", ZIP_DEFLATED) as archive:
        lines = _Lines(entries)
        files = {ENTRIES: _add(archive, ENTRIES, lines)}
        if pin is not None:
            files[PIN] = _add(archive, PIN, [pin])
        manifest = Archived(
            schema=SCHEMA,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=acting_user(),
            days=str(days),
            before=_place_before(connection, first, gaps),
            end=lines.end,
            removed=[stub for start, stub in sorted(gaps.items()) if first <= start <= last],
            decisions=lines.n_decisions,
            advised=advised(connection, days),
            files=files,
        )
        _add(archive, MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest), indent=2)])


class _Lines:
    """The entries as lines of JSON; counts them."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self.n_decisions, self.end = 0, Place(0, GENESIS)

    def __iter__(self) -> Iterator[bytes]:
        for entry in self._entries:
            self.n_decisions += not entry.is_event
            self.end = Place(entry.position, entry.chain)
            yield msgspec.json.encode(entry) + b"\n"


def _add(archive: ZipFile, name: str, content: "_Lines | Sequence[bytes]") -> str:
    """Write a file into an archive, and return its sha256."""
    info, found = ZipInfo(name, _EPOCH), sha256()
    info.compress_type, info.external_attr = ZIP_DEFLATED, OWNER_ONLY << 16
    with archive.open(info, "w", force_zip64=True) as file:
        for part in content:
            found.update(part)
            file.write(part)
    return found.hexdigest()


def _positions(connection: Connection, days: Days) -> tuple[int, int]:
    """Return the positions of the first and the last entry of these days."""
    found = [
        connection.execute(
            f"SELECT MIN(position), MAX(position) FROM {table} WHERE time >= ? AND time < ?"
            " AND position BETWEEN 1 AND ?",
            (*days.limits, LAST_POSITION),
        ).fetchone()
        for table in ("decisions", "decision_events")
    ]
    positions = [place for row in found for place in row or () if place is not None]
    if not positions:
        raise LogError(f"the decision log has no entry with a place in the chain on {days}")
    return min(positions), max(positions)


def _place_before(connection: Connection, first: int, gaps: Mapping[int, Removed]) -> Place:
    """Return the place before a position, or the last one that is known before it."""
    stubs = [Place(stub.last, stub.chain) for stub in gaps.values() if stub.first <= stub.last < first]
    entries = [
        Place(position, str(chain))
        for table in ("decisions", "decision_events")
        for position, chain in connection.execute(
            f"SELECT position, chain FROM {table} WHERE position BETWEEN 1 AND ?"
            " ORDER BY position DESC LIMIT 1",
            (first - 1,),
        ).fetchall()
    ]
    return max([Place(0, GENESIS), *stubs, *entries])


def check_archive(file: Path) -> tuple[Archived, list[str]]:
    """Return the manifest of an archive, and everything that was changed in it since it was written.

    Raises:
        LogError: the file is not an archive of `write_archive`.
    """
    try:
        with ZipFile(file) as archive:
            with archive.open(MANIFEST) as content:
                manifest = msgspec.json.decode(content.read(MOST_MANIFEST_BYTES), type=Archived)
            problems = [
                f"{name} was changed: its sha256 is not {expected}"
                for name, expected in manifest.files.items()
                if _sha256_in(archive, name) != expected
            ]
            check = ChainCheck({stub.first: stub for stub in manifest.removed}, *manifest.before)
            with archive.open(ENTRIES) as lines:
                while line := lines.readline(MOST_LINE_BYTES):
                    check.add(msgspec.json.decode(line, type=Entry))
            check.end(manifest.end)
    except _DAMAGED as error:
        raise LogError(f"{file} is not an archive of planrec audit: {error}") from error
    return manifest, [*problems, *check.problems]


def _sha256_in(archive: ZipFile, name: str) -> str:
    with archive.open(name) as file:
        found = sha256()
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()
