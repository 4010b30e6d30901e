"""Advice for the subscribers of a table, and the reasons for the advice to one of them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pandas as pd
import pyarrow.parquet as parquet

from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.files.hashing import sha256_of_file
from planrec.notebook.months_file import write_frame
from planrec.notebook.progress import shown_share
from planrec.recommending.answer import Answer, Item, ModelName
from planrec.recommending.answering import answers_of
from planrec.recommending.request_table import requests_of
from planrec.reports.page.markup import TableCell, bullets, escape_html, plain_table
from planrec.runs.read import SavedRun
from planrec.sentences import Language
from planrec.serving.replay.replayed_row import advice_again
from planrec.serving.scoring.score_file import score_file
from planrec.serving.scoring.scorer import Scorer

Months = pd.DataFrame | str | Path
BILLS = ("plan", "bill", "fee", "extras", "bill_p10", "bill_p90", "saving", "prob_cheaper")
"Columns of the bills of `why`."


class AdviceFrame(pd.DataFrame):
    """Advice as a DataFrame: the rows that `planrec score` writes, one per subscriber.

    Money is a float in the currency's major unit, per month. Selections of rows and columns are plain
    DataFrames; `why` is a method of the whole advice.
    """

    _metadata: ClassVar[list[str]] = ["scorer", "months", "input_sha256"]
    scorer: Scorer
    months: Months
    "A copy of the DataFrame that was advised on, or its file."
    input_sha256: str
    "Hash of the file."

    def why(self, subscriber: str) -> "AdviceReasons":
        """Explain the advice to one subscriber.

        Args:
            subscriber: the id in `subscriber_ref`.

        Raises:
            DataError: the months have no such subscriber, or their file was changed since the advice.
        """
        with _months_file(self.months) as file:
            months = open_input(file, self.scorer.form.cells)
            if not isinstance(self.months, pd.DataFrame):
                _check_unchanged(file, self.input_sha256)
            advice = advice_again(self.scorer, months, str(subscriber))
        saved = self.scorer.saved
        model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
        named = {str(subscriber): requests_of(advice.table)[0]}
        return AdviceReasons(answers_of(saved.recommender, named, model, self.scorer.language)[0])


@dataclass(frozen=True, repr=False)
class AdviceReasons:
    """The advice to one subscriber: its sentence, its reasons, and the bills of every plan."""

    answer: Answer
    "The answer of the API to the same months."

    @property
    def sentence(self) -> str:
        """Return the advice in words."""
        return self.answer.sentence

    @property
    def reasons(self) -> list[str]:
        """Return the reasons that speak for or against the plan of rank 1."""
        ranked = [item for item in self.answer.items if item.rank == 1]
        return [reason.sentence for item in ranked for reason in item.reasons]

    @property
    def bills(self) -> pd.DataFrame:
        """Return the expected bill of every plan, the cheapest first.

        Returns:
            Columns `plan`, `bill`, `fee`, `extras`, `bill_p10`, `bill_p90`, `saving` and `prob_cheaper`;
            money is in the currency's major unit, per month. Missing values are not known to this run.
        """
        return pd.DataFrame([_bill_row(item) for item in self.answer.items], columns=list(BILLS))

    def __repr__(self) -> str:
        reasons = [f"  {reason}" for reason in self.reasons]
        return "\n".join([self.sentence, *reasons, self.bills.to_string(index=False, max_rows=15)])

    def _repr_html_(self) -> str:
        rows = [(str(row[0]), [TableCell(_shown(cell)) for cell in row[1:]]) for row in self._rows]
        table = plain_table(f"bills a month, {self.answer.currency or 'unknown'}", BILLS, rows)
        return f"<p><strong>{escape_html(self.sentence)}</strong></p>\n{bullets(self.reasons)}{table}"

    @property
    def _rows(self) -> "list[tuple[str | float | None, ...]]":
        return [_bill_row(item) for item in self.answer.items]


def advise(saved: SavedRun, months: Months, language: Language) -> AdviceFrame:
    """Advise every subscriber of a table or a file.

    Raises:
        DataError: columns are missing or rows break rules; lists all of them.
    """
    scorer = Scorer(saved, language, has_reasons=True)
    with TemporaryDirectory() as folder, _months_file(months) as file:
        target = Path(folder, "advice.parquet")
        with shown_share("advise") as report:
            scored = score_file(scorer, file, target, report)
        table = parquet.read_table(target)
    money = {field.name: "float64" for field in table.schema if str(field.type).startswith("decimal")}
    frame = AdviceFrame(table.to_pandas(date_as_object=False).astype(money))
    frame.scorer, frame.input_sha256 = scorer, scored.input_sha256
    frame.months = months.copy() if isinstance(months, pd.DataFrame) else months
    for note in scored.notes:
        warnings.warn(note, stacklevel=3)
    return frame


def _check_unchanged(file: Path, expected: str) -> None:
    if (found := sha256_of_file(file)) != expected:
        raise DataError(
            f"{file} was changed after the advice: expected sha256 {expected}, got {found}; type run.advise"
            f"({str(file)!r}) to advise again"
        )


@contextmanager
def _months_file(months: Months) -> Iterator[Path]:
    """Yield the file of the months; that of a DataFrame is removed afterwards."""
    if not isinstance(months, pd.DataFrame):
        yield Path(months)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder, "months.parquet")
        write_frame(months, file)
        yield file


def _bill_row(item: Item) -> "tuple[str | float | None, ...]":
    money = (item.expected_bill, item.fee, item.extras, item.bill_p10, item.bill_p90, item.expected_saving)
    return (item.plan_id, *(None if text is None else float(text) for text in money), item.prob_cheaper)


def _shown(cell: "str | float | None") -> str:
    return "-" if cell is None else f"{cell:.2f}"
