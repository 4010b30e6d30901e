"""Looking for runs below a folder."""

from collections.abc import Iterable
from pathlib import Path

from planrec.errors import RunError
from planrec.folder_walk import folders_below
from planrec.run_folder.identity import run_id_of, sha256_of


def run_folders(places: Iterable[Path]) -> list[Path]:
    """Folders of runs, complete or not, at or below these places; links are followed, each run once."""
    return [
        folder for folder, files in folders_below(places) if not {"run.json", "config.json"}.isdisjoint(files)
    ]


def newest_run(outputs: Path) -> Path:
    """The complete run that finished last. Raises RunError where there is none."""
    runs = complete_runs(outputs)
    if not runs:
        raise RunError(f"no complete run below {outputs}: train one with python -m planrec.train")
    return runs[-1]


def complete_runs(outputs: Path) -> list[Path]:
    """Folders of complete runs below `outputs`, the one that finished last at the end."""
    files = [file for file in outputs.glob("**/run.json") if ".partial" not in file.parts]
    return [file.parent for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, str(file)))]


def find_run(outputs: Path, run_id: str, sha256: str) -> Path:
    """The complete run below `outputs` whose run.json has this hash; it may have been moved.

    Raises:
        RunError: there is none; the message says whether a run of this name is there that was changed.
    """
    runs = complete_runs(outputs)
    for folder in runs:
        if sha256_of((folder / "run.json").read_bytes()) == sha256:
            return folder
    for folder in runs:
        if run_id_of(folder) == run_id:
            raise RunError(f"{folder} was changed: the sha256 of its run.json is no longer {sha256}")
    raise RunError(f"no run {run_id} below {outputs} whose run.json has the sha256 {sha256}")
