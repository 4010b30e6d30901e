"""Pseudonyms of subscribers in the log: equal names get equal pseudonyms.

They are keyed hashes. A hash without a key would not protect telephone numbers: there are few enough to try
all of them.
"""

import glob
import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from planrec.errors import LogError

MIN_KEY_BYTES = 32


def pseudonym(subscriber: str, key: bytes) -> str:
    """Return the HMAC-SHA-256 of a subscriber's name, 64 hexadecimal digits.

    >>> pseudonym("+34 600 000 000", b"0123456789abcdef0123456789abcdef")[:16]
    'f0e90e9153a33b0b'
    """
    return hmac.digest(key, subscriber.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def key_id(key: bytes) -> str:
    """Return the name of a key, 16 hexadecimal digits, from which the key does not follow.

    >>> key_id(b"0123456789abcdef0123456789abcdef")
    'a95b773c101a0c9f'
    """
    return hmac.digest(key, b"planrec key id", "sha256").hex()[:16]


@dataclass(frozen=True)
class Keys:
    """The key of new pseudonyms, and the earlier ones, with which older rows are found."""

    file: Path
    current: bytes
    earlier: tuple[bytes, ...]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the key in a file, and the earlier ones beside it: `decisions.key.1`, `decisions.key.2` ...

        Raises:
            LogError: a key cannot be read, or the file is missing.
        """
        if not file.exists():
            raise LogError(f"no key file {file}: a server that logs creates it, and planrec score --log does")
        current = read_or_create_key(file)
        keys = dict.fromkeys(read_or_create_key(kept) for _, kept in sorted(_kept_beside(file).items()))
        return cls(file, current, tuple(key for key in keys if key != current))

    @property
    def ids(self) -> dict[str, bytes]:
        """All keys by their names."""
        return {key_id(key): key for key in (self.current, *self.earlier)}

    def pseudonyms(self, subscriber: str) -> list[str]:
        """Return the pseudonyms of a subscriber under all keys."""
        return [pseudonym(subscriber, key) for key in (self.current, *self.earlier)]

    def rotate(self) -> Path:
        """Keep the current key under the next number, write a new one, and return the kept file.

        Raises:
            LogError: a file cannot be written.
        """
        number = max(_kept_beside(self.file), default=0) + 1
        kept = self.file.with_name(f"{self.file.name}.{number}")
        try:
            os.link(self.file, kept)
            _write_new_key(self.file, os.replace)
        except OSError as error:
            raise LogError(f"cannot rotate the key {self.file}: {error.strerror}") from error
        return kept


def _kept_beside(file: Path) -> dict[int, Path]:
    """Return the files of earlier keys by their numbers."""
    beside = file.parent.glob(f"{glob.escape(file.name)}.*")
    return {int(kept.suffix[1:]): kept for kept in beside if kept.suffix[1:].isdecimal()}


def read_or_create_key(file: Path) -> bytes:
    """Return the key in a file; create a random one, readable by its owner only, if there is no file.

    Raises:
        LogError: the file cannot be read or created, or contains fewer than `MIN_KEY_BYTES` bytes.
    """
    try:
        if not file.exists():
            _create(file)
        key = file.read_bytes().strip()
    except OSError as error:
        raise LogError(
            f"cannot read or create the key file of the decision log, {file}: {error.strerror}"
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise LogError(f"{file} must contain a key of {MIN_KEY_BYTES} bytes or more, got {len(key)}")
    return key


def _create(file: Path) -> None:
    """Create the key file: if several workers start together, all read the first key."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        _write_new_key(file, os.link)


def _write_new_key(file: Path, put: Callable[[Path, Path], None]) -> None:
    """Write a random key beside the file, and put it into place when it is complete."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(MIN_KEY_BYTES) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        put(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
