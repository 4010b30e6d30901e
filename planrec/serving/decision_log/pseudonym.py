"""Subscribers in the log: the same one gets the same mark, and nobody without the key knows whose it is.

A hash without a key would not do: telephone numbers are few enough to try all of them.
"""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from planrec.errors import LogError

MIN_KEY_BYTES = 32


def pseudonym(subscriber: str, key: bytes) -> str:
    """HMAC-SHA-256, 64 hexadecimal digits."""
    return hmac.digest(key, subscriber.encode(), "sha256").hex()


def key_of(file: Path) -> bytes:
    """The key in a file; made of random bytes, readable by its owner alone, where there is no file yet.

    Raises:
        LogError: the file cannot be read or made, or holds fewer than `MIN_KEY_BYTES` bytes.
    """
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes().strip()
    except OSError as error:
        raise LogError(
            f"the key file of the decision log, {file}, cannot be used: {error.strerror}"
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise LogError(f"{file} must hold a key of {MIN_KEY_BYTES} bytes or more, got {len(key)}")
    return key


def _make(file: Path) -> None:
    """Linked into place whole: of several workers that start together, all read the key of the first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(MIN_KEY_BYTES) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
