"""Leaderboard of runs, with paired differences; failed cells of sweeps below it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.commands.advice import command_line
from planrec.errors import RunError

if TYPE_CHECKING:
    from planrec.reports.leaderboard.board import Board


def leaderboard(places: Iterable[Path], metric: str | None = None) -> "Board":
    """Rank the runs, and list the failed cells of sweeps, in these folders and below; follow links.

    Args:
        places: folders of runs or sweeps, or folders above them.
        metric: ranks the runs; if None, the first of the runs' own metrics that can rank.

    Returns:
        The board.

    Raises:
        RunError: a place is not a folder, or there is no run.
        ConfigError: the metric is unknown or cannot rank.
    """
    from planrec.reports.leaderboard.board import board_of, check_ranks
    from planrec.runs.find import run_folders
    from planrec.sweeps.sweep_folder import failed_cells

    folders_to_search = list(places)
    if metric is not None:
        check_ranks(metric)
    if missing := [f"{place} is not a folder" for place in folders_to_search if not place.is_dir()]:
        raise RunError("expected folders of runs, such as outputs/, which planrec train makes", missing)
    folders, failed = run_folders(folders_to_search), failed_cells(folders_to_search)
    if not folders and not failed:
        shown = ", ".join(map(str, folders_to_search))
        raise RunError(f"no run below {shown}: train one with {command_line('train')}")
    return board_of(folders, metric, failed)
