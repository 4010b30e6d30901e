"""`pr.drift`: the requests of the pinned run, or a file of months, against its training data."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.decision_log_options import log_url
from planrec.files.outputs_folder import default_outputs
from planrec.monitoring.drift_check import DriftReport, check_months, check_pinned
from planrec.monitoring.drift_check.month_file import FileReport
from planrec.reports.page.markup import bullets

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES = 15
"Of a verdict that is shown."
COLUMNS = ("name", "n", "missing", "missing_in_training", "psi", "psi_expected")
"Of the table of effect sizes."


@dataclass(frozen=True, repr=False)
class DriftCheck:
    """The verdict about drift, which a notebook shows in sentences."""

    report: DriftReport | FileReport
    "The content of drift.json, or that of a file."

    @property
    def alarms(self) -> tuple[str, ...]:
        """Names of all that drifted: columns, `plan_held=PLAN`, `prob_cheaper`, `rows`, `clock`."""
        return self.report.alarms

    @property
    def problems(self) -> tuple[str, ...]:
        """Faults that are certain, such as a wrong unit; each begins with its column."""
        return self.report.problems

    def columns(self) -> "pd.DataFrame":
        """Return the effect sizes of the input columns, which decide nothing.

        Returns:
            Columns `name`, `n`, `missing`, `missing_in_training`, `psi` and `psi_expected`, the PSI that is
            expected without drift.
        """
        import pandas as pd

        rows = [[getattr(column, name) for name in COLUMNS] for column in self.report.columns]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        return "\n".join(self._lines)

    def _repr_html_(self) -> str:
        return bullets(self._lines)

    @property
    def _lines(self) -> list[str]:
        """The verdict first, unlike in the terminal: a notebook does not scroll to its end."""
        from planrec.monitoring.drift_check.drift_terminal import file_lines, log_lines

        report = self.report
        *lines, verdict = log_lines(report) if isinstance(report, DriftReport) else file_lines(report)
        return [verdict, *lines][:MOST_LINES]


def drift(months: str | Path | None = None, *, outputs: str | Path | None = None) -> DriftCheck:
    """Compare the requests that the pinned run answers with those it was trained on.

    Args:
        months: file of months to judge; None: the days of the decision log that are over, whose result is
            also written to `monitoring/drift.json`.
        outputs: folder of runs, with the pin and the default log; None: PLANREC_OUTPUTS, else `outputs`.

    Raises:
        BusyError: another check of the run is running.
        RunError: nothing is pinned, or the run has no profile.
        DataError: the file cannot be read or breaks rules.
        LogError: the log cannot be read.
    """
    from planrec.serving.pin import load_pinned

    place = default_outputs() if outputs is None else Path(outputs)
    signers = trusted_signers()
    if months is not None:
        return DriftCheck(check_months(load_pinned(place, signers), Path(months)))
    return DriftCheck(check_pinned(place, log_url(None, place), signers=signers))
