"""SHA-256 of bytes and files, as PlanRec writes it: 64 hex digits."""

import hashlib
from pathlib import Path


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of bytes.

    >>> sha256_of(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: Path) -> str:
    """Return the SHA-256 of a file's content, in constant memory. Raises OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
