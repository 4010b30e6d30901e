"""Progress of a training or of a file: a bar in a notebook, or in a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from time import perf_counter
from typing import Protocol

from planrec.training.experiment import Report
from planrec.training.run_terminal import progress_of

LEAST_SECONDS = 0.2
"Between two updates of a bar."


class _Cell(Protocol):
    """The part of a notebook's cell that can be replaced."""

    def update(self, shown: "_Bar") -> None:
        """Show something else."""


@contextmanager
def shown_progress(title: str) -> Iterator[Report]:
    """Show the step that runs below the cell of a notebook, else on stderr.

    Yields:
        The `Report` that moves the bar.
    """
    cell = _cell(title)
    if cell is None:
        with progress_of(title) as report:
            yield report
        return
    started, shown = perf_counter(), [0.0]

    def report_in_cell(step: str, done: int, total: int) -> None:
        if total == 0 or perf_counter() - shown[0] > LEAST_SECONDS:
            shown[0] = perf_counter()
            cell.update(_Bar(step, done, total, perf_counter() - started))

    try:
        yield report_in_cell
    except BaseException:
        cell.update(_Bar("failed", 1, 1, perf_counter() - started))
        raise
    cell.update(_Bar("done", 1, 1, perf_counter() - started))


@contextmanager
def shown_share(title: str) -> Iterator[Callable[[float], None]]:
    """Show the share of a file that is done, as `shown_progress` shows steps.

    Yields:
        The function that moves the bar, to a share from 0 to 1.
    """
    with shown_progress(title) as report:
        yield lambda share: report(f"{title} (%)", round(100 * share), 100)


class _Bar:
    """One picture of the progress."""

    def __init__(self, step: str, done: int, total: int, seconds: float) -> None:
        self._text = f"{step}, {f'{done} of {total}, ' if total else ''}{seconds:.0f} s"
        self._value = f' value="{done}" max="{total}"' if total else ""

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return f"<progress{self._value}></progress> {escape(self._text)}"


def _cell(title: str) -> _Cell | None:
    """Return a part of the cell's output, or None outside a notebook. IPython is loaded there already."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    handle: _Cell = display(_Bar(title, 0, 0, 0.0), display_id=True)  # type: ignore[no-untyped-call]
    return handle
