"""The runs and sweeps below a folder; a run.json is parsed again only if it was replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.files.folder_walk import SWEEP_FILE, folders_below
from planrec.files.json_file import read_object
from planrec.reports.run_list.run_row import RunRow, SweepRow, UnreadableRun, listed
from planrec.runs.read import read_run_json
from planrec.sentences.locale_formats import Language
from planrec.sweeps.sweep_folder import failures, runs_of

_State = tuple[int, int]
"Time of the last change of a run.json, and its size; zeros if it is missing."


@dataclass(frozen=True)
class KnownRun:
    """A run as it was read last."""

    state: _State
    sha256: str
    rows: Mapping[Language, RunRow]
    "By the language of the verdict."


@dataclass(frozen=True)
class RunListing:
    """All runs and sweeps below a folder."""

    runs: Sequence[KnownRun]
    "The newest first."
    sweeps_of: Mapping[str, Sequence[str]]
    "Folder of a run -> folders of its sweeps."
    sweeps: Sequence[SweepRow]
    "The newest first."
    unreadable: Sequence[UnreadableRun]

    def with_id(self, name: str) -> KnownRun | None:
        """Return the run whose hash begins with these letters, eight or more; None if no run has them."""
        return next((run for run in self.runs if len(name) >= 8 and run.sha256.startswith(name)), None)


class FollowedRuns:
    """Lists the runs below a folder: the first reading parses all of them, later ones what changed."""

    def __init__(self, outputs: Path) -> None:
        """Follow the folder of runs."""
        self.outputs = outputs
        self._known: dict[Path, KnownRun | UnreadableRun] = {}
        self._states: dict[Path, _State] = {}
        self._lock = Lock()

    def read(self) -> RunListing:
        """Return the runs that are there now; call it from a thread that may wait."""
        with self._lock:
            place = self.outputs.resolve()
            found = [(folder, files) for folder, files in folders_below([self.outputs])]
            # A link may lead out of the folder of runs.
            below = [(folder, files) for folder, files in found if folder.is_relative_to(place)]
            folders = [folder for folder, files in below if not {"run.json", "config.json"}.isdisjoint(files)]
            self._follow(folders, place)
            sweeps = [folder for folder, files in below if SWEEP_FILE in files]
            return self._listing(folders, sweeps, place)

    def _follow(self, folders: Sequence[Path], place: Path) -> None:
        """Read the runs that are new or were replaced, and forget those that are gone."""
        for gone in self._known.keys() - set(folders):
            del self._known[gone], self._states[gone]
        for folder in folders:
            state = _state_of(folder / "run.json")
            if self._states.get(folder) != state:
                self._known[folder] = _read(folder, place, state)
                self._states[folder] = state

    def _listing(self, folders: Sequence[Path], sweeps: Sequence[Path], place: Path) -> RunListing:
        known = [self._known[folder] for folder in folders]
        runs = [run for run in known if isinstance(run, KnownRun)]
        sweeps_of: dict[str, list[str]] = {}
        shown = []
        for sweep in sweeps:
            name = sweep.relative_to(place).as_posix()
            cells = list(dict.fromkeys(link.resolve() for link in runs_of(sweep)))
            for cell in cells:
                if cell.is_relative_to(place):
                    sweeps_of.setdefault(cell.relative_to(place).as_posix(), []).append(name)
            shown.append(_listed_sweep(sweep, name, len(cells)))
        return RunListing(
            runs=sorted(runs, key=lambda run: (run.rows["en"].finished, run.sha256), reverse=True),
            sweeps_of=sweeps_of,
            sweeps=sorted(shown, key=lambda sweep: sweep.started, reverse=True),
            unreadable=[run for run in known if isinstance(run, UnreadableRun)],
        )


def _state_of(file: Path) -> _State:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _read(folder: Path, place: Path, state: _State) -> KnownRun | UnreadableRun:
    name = folder.relative_to(place).as_posix()
    try:
        run_json = read_run_json(folder)
    except RunError as error:
        problem = "; ".join([error.message, *error.problems])
        # Messages name files by their place, which clients of a server need not know.
        return UnreadableRun(name, problem.replace(f"{place}/", ""))
    languages: tuple[Language, ...] = ("en", "es")
    rows = {language: listed(run_json.manifest, run_json.sha256, name, language) for language in languages}
    return KnownRun(state, run_json.sha256, rows)


def _listed_sweep(folder: Path, name: str, n_runs: int) -> SweepRow:
    try:
        started = str(read_object(folder / SWEEP_FILE).get("started", ""))
    except RunError:
        started = ""
    return SweepRow(name, started, n_runs, len(failures(folder)), command_line("leaderboard", name))
