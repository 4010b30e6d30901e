"""The folder of a rehearsal: its page and JSON, the runs, the decision logs and the files that arrived."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from planrec.errors import ConfigError
from planrec.files.atomic_write import write_atomically
from planrec.operating.rehearsal.rehearsal_json import json_of
from planrec.operating.rehearsal.rehearsal_page import page_of
from planrec.operating.rehearsal.year import Rehearsed


@contextmanager
def output_folder(chosen: Path | None) -> Iterator[Path]:
    """Yield the folder of a rehearsal; without a choice, one that is removed at the end.

    Raises:
        ConfigError: the folder is not empty.
    """
    if chosen is None:
        with TemporaryDirectory(prefix="planrec-rehearsal-") as temporary:
            yield Path(temporary)
        return
    if chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
        raise ConfigError(f"--out {chosen} must be a new or empty folder: nothing is overwritten")
    chosen.mkdir(parents=True, exist_ok=True)
    yield chosen


def write_page(rehearsed: Rehearsed, folder: Path) -> Path:
    """Write rehearsal.json and rehearsal.html, and return the path of the page."""
    write_atomically(folder / "rehearsal.json", json_of(rehearsed).encode())
    page = folder / "rehearsal.html"
    write_atomically(page, page_of(rehearsed).encode())
    return page
