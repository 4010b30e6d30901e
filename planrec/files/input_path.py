"""Resolve a path given by a user: the same rule for data and for catalogues."""

import os
from pathlib import Path

from planrec.errors import PlanRecError
from planrec.wording import did_you_mean, shown

DATA_FOLDER_VARIABLE = "PLANREC_DATA"


def find_input(option: str, path: str, error: type[PlanRecError]) -> Path:
    """Return the file at `path`: as given, else below the folder in PLANREC_DATA.

    Args:
        option: the option that the path was typed for, such as `data.path`.
        path: the path as typed.
        error: the class of the error.

    Raises:
        PlanRecError: of the class `error`, if there is no such file, or only a directory of that name.
    """
    places = list(dict.fromkeys(folder / Path(path).expanduser() for folder in _folders()))
    found = next((place for place in places if place.is_file()), None)
    if found is not None:
        return found
    directory = next((place for place in places if place.is_dir()), None)
    if directory is not None:
        files = shown(_file_names(directory)) or "none"
        raise error(f"{option} must be a file, {path!r} is a directory; files in it: {files}")
    near = [str(Path(path).parent / name) for place in places for name in _file_names(place.parent)]
    raise error(
        f"{option}: no file {path!r}{did_you_mean(path, near)};"
        f" set {option} to the file, or {DATA_FOLDER_VARIABLE} to the folder it is in",
        [f"not found: {place}" for place in places],
    )


def _folders() -> list[Path]:
    named = os.environ.get(DATA_FOLDER_VARIABLE)
    return [Path(), *([Path(named)] if named else [])]


def _file_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
