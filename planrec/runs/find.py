"""Find runs below a folder."""

from collections.abc import Iterable
from pathlib import Path

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.files.folder_walk import complete_runs, folders_below, names_of
from planrec.files.hashing import sha256_of
from planrec.runs.identity import run_id_of

MOST_CANDIDATES = 10
"Runs that a message lists."


def run_folders(places: Iterable[Path]) -> list[Path]:
    """Return each folder of a run at or below these places once, complete or not; links are followed."""
    return [
        folder for folder, files in folders_below(places) if not {"run.json", "config.json"}.isdisjoint(files)
    ]


def newest_run(outputs: Path) -> Path:
    """Return the complete run that finished last. Raises RunError if no run is complete."""
    runs = complete_runs(outputs)
    if not runs:
        raise RunError(
            f"no complete run below {outputs}: train one with {command_line('train', outputs=outputs)}"
        )
    return runs[-1]


def named_run(name: str, outputs: Path) -> Path:
    """Return the folder that a command line names: its path, `latest`, or the beginning of a run's id.

    Raises:
        RunError: no run has this name, or several have; with the candidates.
    """
    if name == "latest":
        return newest_run(outputs)
    if name and Path(name).exists():
        return Path(name)
    runs = complete_runs(outputs)
    found = [folder for folder in runs if any(text.startswith(name) for text in names_of(folder, outputs))]
    if len(found) == 1:
        return found[0]
    newest_first = [f"{run_id_of(folder)}: {folder}" for folder in reversed(found or runs)]
    if found:
        raise RunError(f"{name!r} begins the ids of {len(found)} runs: type more of one", newest_first)
    raise RunError(
        f"no run {name!r}: expected a folder, `latest` or the beginning of the id of a run below {outputs}",
        newest_first[:MOST_CANDIDATES],
    )


def find_run(outputs: Path, run_id: str, sha256: str) -> Path:
    """Return the complete run below `outputs` whose run.json has this hash, even if it was moved.

    Raises:
        RunError: no run has it; the message distinguishes a changed run of this name from a missing one.
    """
    runs = complete_runs(outputs)
    for folder in runs:
        if sha256_of((folder / "run.json").read_bytes()) == sha256:
            return folder
    for folder in runs:
        if run_id_of(folder) == run_id:
            raise RunError(f"{folder} was changed: the sha256 of its run.json is no longer {sha256}")
    raise RunError(f"no run {run_id} below {outputs} whose run.json has the sha256 {sha256}")
