"""Every complete run in one table, with paired differences; failed cells of sweeps below it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.errors import RunError

if TYPE_CHECKING:
    from planrec.reports.leaderboard.board import Board


def leaderboard(places: Iterable[Path], metric: str | None = None) -> "Board":
    """The board of the runs, and of the failed cells of sweeps, at or below these places; links are followed.

    Raises:
        RunError: a place that is not a folder, or no run at all.
        ConfigError: no such metric, or one that cannot rank.
    """
    from planrec.reports.leaderboard.board import board_of, check_ranks
    from planrec.runs.find import run_folders
    from planrec.sweeps.sweep_folder import failed_cells

    asked = list(places)
    if metric is not None:
        check_ranks(metric)
    if missing := [f"{place} is not a folder" for place in asked if not place.is_dir()]:
        raise RunError("runs are looked for in folders, such as outputs", missing)
    folders, failed = run_folders(asked), failed_cells(asked)
    if not folders and not failed:
        shown = ", ".join(map(str, asked))
        raise RunError(f"no run below {shown}: train one with planrec train")
    return board_of(folders, metric, failed)
