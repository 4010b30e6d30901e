"""Pseudonyms of subscribers in the log: equal names get equal pseudonyms.

They are keyed hashes. A hash without a key would not protect telephone numbers: there are few enough to try
all of them.
"""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from planrec.errors import LogError

MIN_KEY_BYTES = 32


def pseudonym(subscriber: str, key: bytes) -> str:
    """Return the HMAC-SHA-256 of a subscriber's name, 64 hexadecimal digits.

    >>> pseudonym("+34 600 000 000", b"0123456789abcdef0123456789abcdef")[:16]
    'f0e90e9153a33b0b'
    """
    return hmac.digest(key, subscriber.encode(), "sha256").hex()


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
    """Create the key file.

    It is linked into place when it is complete: if several workers start together, all read the first key.
    """
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
