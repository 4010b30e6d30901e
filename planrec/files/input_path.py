"""Which file a path given by a user means: the same rule for data and for catalogues."""

import os
from pathlib import Path

from planrec.errors import PlanRecError
from planrec.wording import did_you_mean, shown

DATA_FOLDER_VARIABLE = "PLANREC_DATA"
LAST_RESORT = Path("..", "shared", "data")
"Below the working directory: where a checkout of this project finds the files of its presets beside it."


def find_input(option: str, path: str, error: type[PlanRecError]) -> Path:
    """The file that `path` means: as given, else below the folder in PLANREC_DATA, else below LAST_RESORT.

    `option` is what the user typed it for, `data.path`; `error` is raised where there is no such file, or
    only a directory of that name.
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
    return [Path(), *([Path(named)] if named else []), LAST_RESORT]


def _file_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
