"""Rows of whole subscribers in, advice out: the one function behind files and Ray Data."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.contracts import FileForm
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.cell_reading import CellReading
from planrec.data.reading.input_file import POSITION, row_places
from planrec.data.reading.reading_notes import ReadingNotes
from planrec.data.usage_sizes import UsageSizes
from planrec.errors import DataError
from planrec.recommending.recommender import Recommender
from planrec.recommending.request_table import is_usage, usage_of
from planrec.runs.read import SavedRun
from planrec.schema.tables import DecisionTable
from planrec.sentences import Language
from planrec.serving.scoring.advice_columns import AdviceColumns, Advised, RecommendationIds
from planrec.serving.scoring.attribute_reader import AttributeReader
from planrec.serving.scoring.cell_overrides import changed_cells
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.wording import did_you_mean, shown


@dataclass(frozen=True)
class Advice:
    """The advice for the subscribers of a part."""

    columns: pa.Table
    "As they are written."
    table: DecisionTable
    "The decisions that were advised on, one per row."


@dataclass(frozen=True)
class Scorer:
    """Answers rows with the plan, money and words of the API."""

    saved: SavedRun
    language: Language
    has_reasons: bool
    "Whether to write the sentences; the reason code is always there."
    overrides: tuple[str, ...] = ()
    "How the cells of the file are read, if not as those of the run's data; see `changed_cells`."

    @cached_property
    def reader(self) -> MonthReader | AttributeReader:
        """The reader of the run's files."""
        of_run = MonthReader if self._recommender.inputs.takes == "months" else AttributeReader
        return of_run(self._recommender, self.form)

    @cached_property
    def form(self) -> FileForm:
        """The form of the files: that of the run's data, with the overrides. Raises ConfigError."""
        form = self.saved.config.data.file_form
        return replace(form, cells=changed_cells(form.cells, self.overrides)) if self.overrides else form

    @property
    def _recommender(self) -> Recommender:
        return self.saved.recommender

    @cached_property
    def columns(self) -> AdviceColumns:
        """The columns of the answer."""
        return AdviceColumns(self._recommender, self.saved.run_id, self.has_reasons)

    def columns_of(self, names: tuple[str, ...], source: str) -> tuple[str, ...]:
        """Choose the columns to read.

        Args:
            names: the columns that there are.
            source: name of the file or table in messages.

        Raises:
            DataError: lists all columns that are missing.
        """
        required = tuple(self.reader.spelling(name, names) for name in self.reader.required)
        missing = [name for name in required if name not in names]
        if missing:
            problems = [f"no column {name!r}{did_you_mean(name, names)}" for name in missing]
            raise DataError(
                f"{source} must hold the columns that the run {self.saved.run_id} reads",
                [*problems, f"it has {len(names):,} column(s): {shown(names, most=20)}"],
            )
        return (*required, *(name for name in self.reader.optional if name in names))

    def reading_notes(self) -> ReadingNotes:
        """Begin the notes about a file."""
        inputs = self._recommender.inputs
        usage = [*inputs.usage, *(usage_of(column) for column in inputs.columns if is_usage(column))]
        return ReadingNotes(sizes=UsageSizes.of(self._recommender.catalogue, usage))

    def answers(self, columns: PartColumns, ids: RecommendationIds) -> Advice | None:
        """Give advice for the subscribers of a part; None if a rule is broken in the end."""
        found = self.reader.table(columns)
        return None if columns.bad or found is None else self._advice(*found, ids)

    def score(self, rows: pa.Table) -> pa.Table:
        """Give advice for a table in memory that holds subscribers with all their rows, in any order.

        The answers are in the order of the ids as text; those of single rows in the order of the table. The
        notes of scored files, such as that usage may be in another unit, are warnings.

        Raises:
            DataError: if columns are missing, or if rows break rules: lists every rule.
        """
        names = self.columns_of(tuple(rows.column_names), "the table")
        bad = BrokenRules()
        part = rows.select(names).append_column(POSITION, pa.array(np.arange(rows.num_rows)))
        if isinstance(self.reader, MonthReader):
            ids = subscribers(part, self.reader.column("subscriber"))
            part = part.take(pc.sort_indices(ids))
        if not rows.num_rows:
            return self.columns.schema.empty_table()
        columns = PartColumns(part, bad, CellReading(self.form.cells), self.reading_notes())
        advice = self.answers(columns, RecommendationIds(uuid4().hex))
        columns.noted.judge(bad)
        if advice is None or bad:
            raise DataError(
                f"the table cannot be scored by the run {self.saved.run_id}",
                [str(rows) for rows in bad.bad_rows(row_places)],
            )
        for note in columns.noted.notes:
            warnings.warn(note, stacklevel=2)
        return advice.columns

    def _advice(self, subscriber: pa.Array, table: DecisionTable, ids: RecommendationIds) -> Advice:
        past = self._recommender.past_usage(table)
        prediction, decisions = self._recommender.recommend(table, past)
        sentences = None
        if self.has_reasons:
            reasons = self._recommender.reasons(table, self.language, past)
            sentences = reasons.of_decisions(prediction, decisions)
        advised = Advised(table, prediction, decisions, sentences)
        columns = self.columns.table(advised, subscriber, ids.take(len(table)))
        return Advice(columns, table)
