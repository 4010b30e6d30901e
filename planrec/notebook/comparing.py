"""`pr.leaderboard`, `pr.compare`, `pr.evaluate`: runs side by side, as tables."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.evaluation import Evaluation
from planrec.files.outputs_folder import default_outputs
from planrec.notebook.trained_run import TrainedRun, load
from planrec.reports.comparison.run_comparison import Comparison
from planrec.reports.comparison.run_comparison import compare as compare_folders
from planrec.reports.page.markup import escape_html

if TYPE_CHECKING:
    import pandas as pd


def leaderboard(
    place: "str | Path | None" = None, *more: str | Path, metric: str | None = None
) -> "pd.DataFrame":
    """Rank the runs in folders and below, with paired differences to the best.

    Args:
        place: folder of runs or of a sweep; None: PLANREC_OUTPUTS, else `outputs`.
        more: further folders.
        metric: ranks the runs; None: the first of their own metrics that can rank.

    Returns:
        The columns of `planrec leaderboard --csv`: one row per run and baseline, the best first.

    Raises:
        RunError: there is no run.
        ConfigError: the metric is unknown or cannot rank.
    """
    import pandas as pd

    from planrec.reports.leaderboard import leaderboard as board_of_places
    from planrec.reports.leaderboard.board_files import as_csv

    places = [default_outputs() if place is None else Path(place), *map(Path, more)]
    board = board_of_places(places, metric)
    for line in (*board.refused, *(f"{cell.name} failed: {cell.error}" for cell in board.failed)):
        warnings.warn(f"not in the table: {line}", stacklevel=2)
    return pd.read_csv(StringIO(as_csv(board)))


@dataclass(frozen=True, repr=False)
class RunComparison:
    """Two runs side by side: A is the first, B the second; differences are B minus A."""

    comparison: Comparison

    @property
    def verdict(self) -> str:
        """Return one sentence that names the better run, or the reason why neither is named."""
        return self.comparison.verdict

    def metrics(self) -> "pd.DataFrame":
        """Return the metrics of both, with paired differences and their 95 % intervals."""
        import pandas as pd

        columns = ["metric", "a", "b", "difference", "low", "high"]
        rows = [
            (
                pair.name,
                pair.first.value,
                pair.second.value,
                *((None,) * 3 if pair.difference is None else asdict(pair.difference).values()),
            )
            for pair in self.comparison.metrics
        ]
        return pd.DataFrame(rows, columns=columns)

    def config(self) -> "pd.DataFrame":
        """Return the values of the configuration that differ."""
        import pandas as pd

        return pd.DataFrame([asdict(change) for change in self.comparison.config])

    def __repr__(self) -> str:
        return f"{self.verdict}\n{self.metrics().to_string(index=False, max_rows=15)}"

    def _repr_html_(self) -> str:
        table = self.metrics().to_html(index=False, max_rows=15)
        return f"<p><strong>{escape_html(self.verdict)}</strong></p>\n{table}"


def compare(
    a: TrainedRun | str | Path,
    b: TrainedRun | str | Path,
    metric: str | None = None,
    *,
    outputs: str | Path | None = None,
) -> RunComparison:
    """Compare two runs: configuration, and metrics with paired differences.

    Args:
        a: a run, its folder, the beginning of its id, or `latest`.
        b: another run.
        metric: decides which run is better; None: the first metric of A.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Raises:
        RunError: a folder has no complete run, or was changed.
        ConfigError: the metric is unknown or cannot rank.
    """
    first, second = (load(run, outputs=outputs).folder for run in (a, b))
    return RunComparison(compare_folders(first, second, metric))


def evaluate(
    runs: "TrainedRun | str | Path | Sequence[TrainedRun | str | Path]",
    *overrides: str,
    since: date | str | None = None,
    outputs: str | Path | None = None,
) -> Evaluation:
    """Judge trained runs on other data, with the metrics, baselines and intervals of the first run.

    Only decisions that no run was trained on are judged.

    Args:
        runs: a run, or several: differences are to the first one.
        overrides: changes to the first run's config, mostly of its data: `data.path=may.csv`.
        since: first day to judge, such as `2026-05-01`; None: the day on which the training is over.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Raises:
        ConfigError: an override is wrong or would change the runs.
        RunError: a folder has no complete run, or the runs cannot be judged side by side.
        DataError: the data breaks a rule, or no decision is left.
    """
    from planrec.evaluation import evaluate as evaluate_folders

    several = [runs] if isinstance(runs, TrainedRun | str | Path) else runs
    first_day = date.fromisoformat(since) if isinstance(since, str) else since
    folders = [load(run, outputs=outputs).folder for run in several]
    return evaluate_folders(folders, *overrides, since=first_day)
