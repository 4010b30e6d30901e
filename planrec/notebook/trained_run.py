"""A finished run in a notebook: its verdict, its figures, its charts, its advice."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.files.outputs_folder import default_outputs
from planrec.notebook.shown_run import html_of_run, text_of_run
from planrec.runs.find import named_run
from planrec.runs.manifest import Manifest
from planrec.runs.read import SavedRun, load_run, read_manifest
from planrec.training.verdict import RunVerdict, verdict_of

if TYPE_CHECKING:
    import pandas as pd

    from planrec.notebook.advice import AdviceFrame, Months
    from planrec.notebook.plots import RunPlots
    from planrec.sentences import Language
    from planrec.serving.pin import Pin


@dataclass(frozen=True, repr=False)
class TrainedRun:
    """A finished run. A notebook shows its verdict, five metrics with their intervals, and its warnings.

    `train` and `load` return it.
    """

    folder: Path
    manifest: Manifest
    "The content of run.json."
    outputs: Path
    "The folder of runs, with the pin."

    @property
    def run_id(self) -> str:
        """Name of the run in answers and logs: date/time-id."""
        return self.manifest.run_id

    @property
    def verdict(self) -> RunVerdict:
        """The figures of the run against its baselines; `verdict.sentence("es")` is Spanish."""
        return verdict_of(self.manifest)

    @cached_property
    def saved(self) -> SavedRun:
        """The run with its fitted model. Raises RunError if a file was changed after it was saved."""
        return load_run(self.folder)

    def metrics(self) -> "pd.DataFrame":
        """Return every metric that has one value.

        Returns:
            Columns `metric`, `model`, `value`, `low` and `high`: the ends of the 95 % interval. The run's own
            model comes first, then its baselines.
        """
        return self._table(["metric", "model", "value", "low", "high"], has_group=False)

    def metrics_by_group(self) -> "pd.DataFrame":
        """Return every metric that has a value for each group, such as `regret_by_held`.

        Returns:
            The columns of `metrics`, and `group`: a plan, a decile of usage, a group of a protected column.
        """
        return self._table(["metric", "model", "group", "value", "low", "high"], has_group=True)

    @property
    def plot(self) -> "RunPlots":
        """Charts of the run: `plot.regret()`, `plot.calibration()` and `plot.harm_by("plan_held")`."""
        from planrec.notebook.plots import RunPlots

        return RunPlots(self)

    def advise(self, months: "Months", language: "Language" = "en") -> "AdviceFrame":
        """Advise every subscriber of a table or a file: the rows that `planrec score` writes.

        Args:
            months: a DataFrame, or the path of a CSV, Parquet or .xlsx file, with the columns of the run's
                data: one row per subscriber and month, with `plan_held` or `plan`.
            language: of the sentences, `en` or `es`.

        Returns:
            One row per subscriber. `advice.why("s0042")` explains one.

        Raises:
            DataError: columns are missing or rows break rules; lists all of them.
        """
        from planrec.notebook.advice import advise

        return advise(self.saved, months, language)

    def pin(self, reason: str | None = None) -> "Pin":
        """Choose this run for the server, with the checks of `planrec pin`.

        Args:
            reason: why, for those who ask later.

        Raises:
            RunError: the run cannot be served; nothing is pinned then.
        """
        from planrec.notebook.pinning import pin

        return pin(self, reason)

    def __repr__(self) -> str:
        return text_of_run(self.manifest, self.folder)

    def _repr_html_(self) -> str:
        return html_of_run(self.manifest, self.folder)

    def _table(self, columns: list[str], *, has_group: bool) -> "pd.DataFrame":
        import pandas as pd

        chosen = [value for value in self.manifest.metrics if (value.group is not None) == has_group]
        return pd.DataFrame([[getattr(value, name) for name in columns] for value in chosen], columns=columns)


def load(run: "TrainedRun | str | Path" = "latest", *, outputs: str | Path | None = None) -> TrainedRun:
    """Load a finished run.

    Args:
        run: its folder, the beginning of its id, or `latest`; a run that is loaded already is returned.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Raises:
        RunError: no run has this name, or its folder is not a complete run.
    """
    if isinstance(run, TrainedRun):
        return run
    place = default_outputs() if outputs is None else Path(outputs)
    folder = named_run(str(run), place)
    # Absolute: a notebook may change its folder.
    return TrainedRun(folder.absolute(), read_manifest(folder), place.absolute())
