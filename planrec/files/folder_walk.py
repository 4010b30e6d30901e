"""Find the folders of runs and sweeps below some places."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SWEEP_FILE = "sweep.json"
"The file that every sweep folder has."


def complete_runs(outputs: Path) -> list[Path]:
    """Return the folders of complete runs below `outputs`; the run that finished last comes last."""
    files = [file for file in outputs.glob("**/run.json") if ".partial" not in file.parts]
    return [file.parent for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, str(file)))]


def is_sweep(folder: Path) -> bool:
    """Return whether a folder is that of a sweep."""
    return (folder / SWEEP_FILE).is_file()


def names_of(folder: Path, outputs: Path) -> list[str]:
    """Return the texts whose beginnings name a run: its id, the parts of it, its path below `outputs`.

    >>> names_of(Path("outputs/2030-01-31/12-00-00-abc123"), Path("outputs"))
    ['2030-01-31/12-00-00-abc123', '12-00-00-abc123', 'abc123']
    """
    run_id = "/".join(folder.parts[-2:])
    texts = [folder.relative_to(outputs).as_posix(), run_id, folder.name, folder.name.rpartition("-")[2]]
    return list(dict.fromkeys(texts))


def folders_below(places: Iterable[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder at or below these places once, resolved, with the names of its files.

    Links are followed. The folders inside a run are not entered.
    """
    found: set[Path] = set()
    for place in places:
        for path, below, files in os.walk(place.resolve(), followlinks=True):
            folder = Path(path).resolve()
            is_run = not {"run.json", "config.json"}.isdisjoint(files)
            # Cells that a sweep is writing, or was writing when it was killed, are not runs yet.
            below[:] = [] if is_run or folder in found else sorted(set(below) - {".partial", ".locks"})
            if folder not in found:
                found.add(folder)
                yield folder, files


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
