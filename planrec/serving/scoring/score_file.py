"""Score a file: read it part by part, answer, write; memory does not grow with the file."""

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from planrec.data.option_types import OnBadRows
from planrec.data.reading.bad_rows import BadRows, BrokenRules, hints
from planrec.data.reading.input_file import InputFile, Progress
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.files.hashing import sha256_of, sha256_of_file
from planrec.serving.scoring.advice_columns import RecommendationIds
from planrec.serving.scoring.advice_log import AdviceLog
from planrec.serving.scoring.left_out import LeftOut
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.output import output_file
from planrec.serving.scoring.part_columns import PartColumns
from planrec.serving.scoring.scorer import Scorer
from planrec.serving.scoring.subscriber_parts import OutOfOrderError, sorted_parts, whole_subscribers


@dataclass(frozen=True)
class Scored:
    """Facts about the answers that were written."""

    file_id: str
    "Beginning of every recommendation_id of the file."
    input_sha256: str
    decisions: Counter[str]
    assumptions: Counter[str]
    "Number of answers with each code of `assumptions`."
    was_sorted: bool
    "Whether the file was not in the order of its subscribers; the answers are."
    notes: tuple[str, ...] = ()
    "How the file was read, if it could have been read in another way."
    refused: tuple[BadRows, ...] = ()
    "Rows that break rules, if their subscribers are left out."
    n_refused: int = 0
    "Subscribers that are left out."

    @property
    def rows(self) -> int:
        """Number of answers."""
        return self.decisions.total()


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    progress: Progress,
    log: AdviceLog | None = None,
    on_bad_rows: OnBadRows = "error",
) -> Scored:
    """Write advice for every subscriber of a file. `target` is replaced once everything is written.

    Args:
        scorer: the run that advises, and the language.
        source: CSV, Parquet or .xlsx file.
        target: file of the answers, .csv or .parquet.
        progress: see `Progress`.
        log: gets every answer, before `target` is replaced; None to log nothing.
        on_bad_rows: whether a row that breaks a rule refuses the file, or leaves its subscriber out.

    Raises:
        DataError: if the file cannot be read, lacks columns, or holds bad values: lists all with lines.
        LogError: if the answers cannot be logged.
        OSError: if the answers cannot be written.
    """
    file = open_input(source, scorer.form.cells)
    work = _Scoring(scorer, file, target, log, LeftOut(scorer, file) if on_bad_rows != "error" else None)
    columns = scorer.columns_of(file.columns.tidy, str(source))
    if not isinstance(scorer.reader, MonthReader):
        return work.write(file.parts(columns, progress))
    name = scorer.reader.column("subscriber")
    try:
        return work.write(whole_subscribers(file.parts(columns, progress), name))
    except OutOfOrderError:
        parts = sorted_parts(file.parts(columns, progress), name)
        return replace(work.write(whole_subscribers(parts, name)), was_sorted=True)


@dataclass(frozen=True)
class _Scoring:
    """One file that is scored."""

    scorer: Scorer
    file: InputFile
    target: Path
    log: AdviceLog | None
    left_out: LeftOut | None
    "Leaves out the subscribers of bad rows; None to refuse the file."

    @cached_property
    def input_sha256(self) -> str:
        """Hash of the input."""
        return sha256_of_file(self.file.path)

    @cached_property
    def file_id(self) -> str:
        """The same for equal input, run, options and PlanRec: the same file and log rows again."""
        scorer = self.scorer
        parts = (
            scorer.saved.sha256,
            scorer.language,
            self.input_sha256,
            version("planrec"),
            *scorer.overrides,
        )
        return sha256_of(" ".join(parts).encode())[:32]

    def write(self, parts: Iterator[pa.Table]) -> Scored:
        """Write the answers for all parts."""
        before = self._state()
        bad, noted = BrokenRules(), self.scorer.reading_notes()
        decisions, assumptions = Counter[str](), Counter[str]()
        ids = RecommendationIds(self.file_id)
        logging = nullcontext() if self.log is None else self.log.rows_beside(self.target, self.file_id)
        with output_file(self.target, self.scorer.columns.schema) as writer, logging as rows:
            for part in parts:
                # After the first bad value nothing will be written: the other parts are read to report all.
                kept = part if self.left_out is None else self.left_out.sound_rows(part)
                advice = self.scorer.answers(PartColumns(kept, bad, self.file.part_reading, noted), ids)
                if advice is not None:
                    writer.write_table(advice.columns)
                    if rows is not None:
                        rows.add(advice)
                    decisions += _counts(advice.columns["decision"])
                    assumptions += _codes(advice.columns["assumptions"])
            noted.judge(bad)
            self._check(bad, before)
        notes = (*self.file.notes, *noted.notes)
        scored = Scored(
            self.file_id, self.input_sha256, decisions, assumptions, was_sorted=False, notes=notes
        )
        if self.left_out is None:
            return scored
        return replace(scored, refused=self.left_out.bad_rows(), n_refused=self.left_out.count)

    def _check(self, bad: BrokenRules, before: tuple[int, int]) -> None:
        """Raise DataError if a row is bad, or if the file was changed since it was hashed."""
        path, run = self.file.path, self.scorer.saved.run_id
        if bad:
            broken = bad.bad_rows(self.file.places)
            problems = [*map(str, broken), *hints(broken)]
            raise DataError(f"{path} cannot be scored by the run {run}", problems)
        if self._state() != before:
            raise DataError(f"{path} must not change while it is scored: score it again")

    def _state(self) -> tuple[int, int]:
        """Size and time of the last change of the input, which is hashed at the first call."""
        state = self.file.path.stat()
        return (state.st_size, state.st_mtime_ns) if self.input_sha256 else (0, 0)


def _counts(column: pa.ChunkedArray) -> Counter[str]:
    """Count the values of a column."""
    return Counter({entry["values"]: entry["counts"] for entry in column.value_counts().to_pylist()})


def _codes(column: pa.ChunkedArray) -> Counter[str]:
    """Count the codes of a column that holds several of them, with spaces between, or none."""
    codes = Counter[str]()
    for together, count in _counts(column.drop_null()).items():
        codes.update(dict.fromkeys(together.split(), count))
    return codes
