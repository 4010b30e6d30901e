"""What names a run, and what tells that a file is still the one that it saved."""

import hashlib
from pathlib import Path


def run_id_of(folder: Path) -> str:
    """date/time-id; cells/address for a cell of a sweep."""
    return "/".join(folder.resolve().parts[-2:])


def sha256_of(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()
