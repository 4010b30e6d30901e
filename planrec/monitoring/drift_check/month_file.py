"""A file of months against the profile of a run, as one batch: there are no days to compare it with."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.input_file import InputFile
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.files.json_file import JsonObject
from planrec.input_drift import ColumnDrift, column_drift, hard_problems
from planrec.monitoring.drift_check.log_check import profile_of_run
from planrec.monitoring.drift_check.logged_days import answered
from planrec.runs.read import SavedRun
from planrec.schema.tables import DecisionTable
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.serving.scoring.scorer import Scorer


@dataclass(frozen=True)
class FileReport:
    """The verdict about a file: its hard problems, and effect sizes."""

    run_id: str
    run_json_sha256: str
    file: str
    problems: tuple[str, ...]
    columns: tuple[ColumnDrift, ...] = ()
    expected_cheaper: float | None = None

    @property
    def alarms(self) -> tuple[str, ...]:
        """Names of the columns with a hard problem."""
        names = (problem.partition(":")[0] if ":" in problem else "rows" for problem in self.problems)
        return tuple(dict.fromkeys(names))

    def as_json(self) -> JsonObject:
        """Return the verdict as JSON."""
        return {
            "schema": "planrec.drift_of_file/1",
            "run_id": self.run_id,
            "run_json_sha256": self.run_json_sha256,
            "file": self.file,
            "alarm": bool(self.alarms),
            "alarms": list(self.alarms),
            "problems": list(self.problems),
            "columns": [asdict(column) for column in self.columns],
            "if_calibration_still_holds": {"cheaper": self.expected_cheaper},
        }

    def json_text(self) -> str:
        """Return the verdict as text."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_months(saved: SavedRun, source: Path) -> FileReport:
    """Compare the decisions after the last month of each subscriber in a file with the profile of a run.

    Args:
        saved: the run.
        source: CSV, Parquet or .xlsx file as `planrec score` takes it.

    Raises:
        DataError: the file cannot be read, holds bad values, or lacks the column of subscribers or months.
        RunError: the run has no profile, or that of another catalogue.
    """
    profile = profile_of_run(saved)
    scorer = Scorer(saved, "en", has_reasons=False)
    file = open_input(source, scorer.form.cells)
    report = FileReport(saved.run_id, saved.sha256, source.name, tuple(_missing_columns(scorer, file)))
    if report.problems:
        return report
    table = _decisions(scorer, file)
    columns, expected = answered(saved.recommender, table)
    return FileReport(
        saved.run_id,
        saved.sha256,
        source.name,
        tuple(hard_problems(profile, columns)),
        column_drift(profile, columns),
        expected,
    )


def _missing_columns(scorer: Scorer, file: InputFile) -> Iterator[str]:
    """Name the columns of values that the file lacks; without subscribers or months it is another file.

    Raises:
        DataError: it has neither, or lacks one of them.
    """
    missing = [name for name in scorer.reader.required if name not in file.columns.tidy]
    keys = (
        [scorer.reader.column(name) for name in ("subscriber", "month")]
        if isinstance(scorer.reader, MonthReader)
        else []
    )
    if any(name in missing for name in keys) or len(missing) == len(scorer.reader.required):
        scorer.columns_of(file.columns.tidy, str(file.path))  # raises
    yield from (f"{name}: the column is missing" for name in missing)


def _decisions(scorer: Scorer, file: InputFile) -> DecisionTable:
    """Read the decisions of a file. Raises DataError with every broken rule."""
    names = scorer.columns_of(file.columns.tidy, str(file.path))
    parts = list(file.parts(names, lambda share: None))
    rows = pa.concat_tables(parts)
    if isinstance(scorer.reader, MonthReader):
        rows = rows.take(pc.sort_indices(subscribers(rows, scorer.reader.column("subscriber"))))
    bad = BrokenRules()
    found = scorer.reader.table(PartColumns(rows, bad, file.reading)) if rows.num_rows else None
    if bad or found is None:
        problems = [str(broken) for broken in bad.bad_rows(file.places)] or ["it has no rows"]
        raise DataError(f"{file.path} cannot be compared with the run {scorer.saved.run_id}", problems)
    return found[1]
