"""Rows of whole subscribers in, advice out: the one function behind files and Ray Data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.catalogue.monthly_cost import savings
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.input_file import POSITION, row_places
from planrec.errors import DataError
from planrec.recommending.recommender import Recommender
from planrec.runs.read import SavedRun
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences import Language
from planrec.serving.scoring.attribute_reader import AttributeReader
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.wording import did_you_mean, shown

SAVINGS = ("saving_p10", "saving_p50", "saving_p90")
SENTENCES = ("sentence", "sentence_short")
MOST_NINES = 1e9
"Amounts below this are rounded by way of nine decimals, which int64 holds."


@dataclass(frozen=True)
class Scorer:
    """Answers rows with the plan, money and words of the API."""

    saved: SavedRun
    language: Language
    has_reasons: bool
    "Whether to write the sentences; the reason code is always there."

    @cached_property
    def reader(self) -> MonthReader | AttributeReader:
        """The reader of the run's files."""
        of_run = MonthReader if self._recommender.inputs.takes == "months" else AttributeReader
        return of_run(self._recommender, self.saved.config.data.file_form)

    @property
    def _recommender(self) -> Recommender:
        return self.saved.recommender

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns of the answer; money in the currency's major unit."""
        catalogue = self._recommender.catalogue
        money = pa.decimal128(18, catalogue.exponent if catalogue is not None else 2)
        texts = ("subscriber_ref", "plan", "decision")
        return pa.schema(
            [
                *((name, pa.string()) for name in texts),
                *((name, money) for name in ("saving", *SAVINGS)),
                ("reason", pa.string()),
                *((name, pa.string()) for name in SENTENCES if self.has_reasons),
            ]
        )

    def columns_of(self, names: tuple[str, ...], source: str) -> tuple[str, ...]:
        """Choose the columns to read.

        Args:
            names: the columns that there are.
            source: name of the file or table in messages.

        Raises:
            DataError: lists all columns that are missing.
        """
        missing = [name for name in self.reader.required if name not in names]
        if missing:
            problems = [f"no column {name!r}{did_you_mean(name, names)}" for name in missing]
            raise DataError(
                f"{source} must hold the columns that the run {self.saved.run_id} reads",
                [*problems, f"it has {len(names):,} column(s): {shown(names, most=20)}"],
            )
        return (*self.reader.required, *(name for name in self.reader.optional if name in names))

    def answers(self, part: pa.Table, bad: BrokenRules, *, decimal_comma: bool) -> pa.Table | None:
        """Give advice for the subscribers of a part; None if `bad` holds anything in the end."""
        found = self.reader.table(PartColumns(part, bad, decimal_comma=decimal_comma))
        return None if bad or found is None else self._answers(*found)

    def score(self, rows: pa.Table) -> pa.Table:
        """Give advice for a table in memory that holds subscribers with all their rows, in any order.

        The answers are in the order of the ids as text; those of single rows in the order of the table.

        Raises:
            DataError: if columns are missing, or if rows break rules: lists every rule.
        """
        columns = self.columns_of(tuple(rows.column_names), "the table")
        bad = BrokenRules()
        part = rows.select(columns).append_column(POSITION, pa.array(np.arange(rows.num_rows)))
        if isinstance(self.reader, MonthReader):
            ids = subscribers(part, self.reader.column("subscriber"))
            part = part.take(pc.sort_indices(ids))
        answers = self.answers(part, bad, decimal_comma=False) if rows.num_rows else self.schema.empty_table()
        if answers is None:
            raise DataError(
                f"the table cannot be scored by the run {self.saved.run_id}",
                [str(rows) for rows in bad.bad_rows(row_places)],
            )
        return answers

    def _answers(self, subscriber: pa.Array, table: DecisionTable) -> pa.Table:
        past = self._recommender.past_usage(table)
        prediction, decisions = self._recommender.recommend(table, past)
        advised = decisions.recommended
        plans = pa.array([*self._recommender.plans, None], pa.string())
        texts: list[pa.Array] = [pa.array(decisions.reason, pa.string())]
        if self.has_reasons:
            reasons = self._recommender.reasons(table, self.language, past)
            sentences = reasons.of_decisions(prediction, decisions)
            texts += [
                pa.array([getattr(each, form) for each in sentences], pa.string())
                for form in ("full", "short")
            ]
        return pa.Table.from_arrays(
            [
                subscriber,
                plans.take(pa.array(np.where(advised >= 0, advised, len(plans) - 1))),
                pa.array(decisions.decision, pa.string()),
                *self._savings(table, prediction, decisions),
                *texts,
            ],
            schema=self.schema,
        )

    def _savings(self, table: DecisionTable, prediction: Prediction, decisions: Decisions) -> list[pa.Array]:
        """Look up the expected saving of the plan advised and its quantiles; blank if it is not known."""
        known = decisions.recommended >= 0
        rows = np.arange(len(table))
        matrices = [savings(table, prediction), *(getattr(prediction, name) for name in SAVINGS)]
        money = self.schema.field("saving").type
        return [
            pa.nulls(len(table), money)
            if matrix is None
            else _decimals(np.where(known, matrix[rows, decisions.recommended], np.nan), money)
            for matrix in matrices
        ]


def _decimals(amounts: np.ndarray, money: pa.Decimal128Type) -> pa.Array:
    """Convert amounts to decimals, rounded half away from zero as in the API; NaN becomes null."""
    known = ~np.isnan(amounts)
    size = np.abs(np.where(known, amounts, 0.0))
    # A mean of minor units is exact to far more than 9 decimals; rounding it first undoes binary fractions.
    nines = np.rint(np.minimum(size, MOST_NINES) * 10**9).astype(np.int64)
    step = 10 ** (9 - money.scale)
    whole = np.rint(size * 10**money.scale).astype(np.int64)
    minor = np.where(size < MOST_NINES, (nines + step // 2) // step, whole)
    minor = np.where(known & (amounts < 0), -minor, minor)
    # A decimal128 is an integer of 16 bytes: the minor units, and their sign.
    words = np.stack([minor, minor >> 63], axis=1)
    valid = np.packbits(known, bitorder="little")
    return pa.Array.from_buffers(money, len(amounts), [pa.py_buffer(valid), pa.py_buffer(words)])
