"""The name of a run."""

from pathlib import Path


def run_id_of(folder: Path) -> str:
    """Return date/time-id, or cells/address for a cell of a sweep."""
    return "/".join(folder.resolve().parts[-2:])
