"""A row of a scored file, and the row that the same run writes for the same input now."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.column_types import tidy_text
from planrec.data.reading.input_file import POSITION, InputFile
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.recommending.answer import ModelName
from planrec.recommending.answering import answers_of
from planrec.recommending.request_table import requests_of
from planrec.runs.read import SavedRun
from planrec.serving.decision_log import LoggedRun
from planrec.serving.replay.replayed_answer import Replayed, differences, load_logged_run, run_lines
from planrec.serving.scoring.advice_columns import RECOMMENDATION_ID, SUBSCRIBER_REF, RecommendationIds
from planrec.serving.scoring.advice_manifest import AdviceManifest, check_content, read_manifest_of
from planrec.serving.scoring.output import without_formulas
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.serving.scoring.scorer import Advice, Scorer

Row = dict[str, str | None]
"Column of a scored file -> its cell as CSV shows it; None if it is blank."


@dataclass(frozen=True)
class AdviceFile:
    """A scored file that is the one of its manifest."""

    path: Path
    manifest: AdviceManifest

    @classmethod
    def open(cls, path: Path) -> "AdviceFile":
        """Read the manifest and check the file. Raises DataError."""
        return cls(path, read_manifest_of(path))

    def rows_of(self, subscriber: str) -> list[Row]:
        """Return the rows of a subscriber.

        Raises:
            DataError: the file has none.
        """
        rows = [row for table in self._parts() for row in rows_in(table, subscriber)]
        if not rows:
            raise DataError(
                f"no row of {subscriber!r} in {self.path}: expected a {SUBSCRIBER_REF} of the file"
            )
        return rows

    def as_written(self, columns: pa.Table) -> pa.Table:
        """Return advice as this file shows it."""
        return without_formulas(columns) if self.path.suffix == ".csv" else columns

    def _parts(self) -> Iterator[pa.Table]:
        file = open_input(self.path)
        for part in file.parts(file.columns.tidy, lambda share: None):
            yield part.drop_columns([POSITION])


def rows_in(table: pa.Table, subscriber: str) -> list[Row]:
    """Return the rows of a subscriber, with all cells as text; CSV has formulas behind an apostrophe."""
    texts = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    names = pc.utf8_trim_whitespace(texts[SUBSCRIBER_REF])
    found = texts.filter(pc.is_in(names, value_set=pa.array([subscriber, f"'{subscriber}"]))).to_pylist()
    return [{name: cell or None for name, cell in row.items()} for row in found]


def replay_rows(advice: AdviceFile, source: Path, subscriber: str, outputs: Path) -> list[Replayed]:
    """Compute the rows of a subscriber again from the input that was scored.

    Raises:
        DataError: there is no such row, or the input is not the one of the manifest.
        RunError: the run is not below `outputs`, or it was changed.
        LogError: the catalogue of the run is not the one of the file.
    """
    earlier, manifest = advice.rows_of(subscriber), advice.manifest
    check_content(source, manifest.input, "input of the manifest")
    run = LoggedRun(**manifest.run.model_dump())
    saved = load_logged_run(str(advice.path), run, outputs)
    has_reasons = "sentence" in earlier[0]
    scorer = Scorer(saved, manifest.language, has_reasons, manifest.overrides)
    again = advice_again(scorer, open_input(source, scorer.form.cells), subscriber)
    now = rows_in(advice.as_written(again.columns), subscriber)
    requests = requests_of(again.table)
    ids = [row[RECOMMENDATION_ID] or "" for row in earlier]
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    named = dict(zip(ids, requests, strict=True))
    answers = answers_of(saved.recommender, named, model, manifest.language)
    return [
        Replayed(
            identity=tuple(_identity(row, advice, saved)),
            earlier=dict(row),
            version=run.version,
            saved=saved,
            request=request,
            now=dict(computed | {RECOMMENDATION_ID: row[RECOMMENDATION_ID]}),
            compared=answer,
            differences=tuple(_differences(row, computed)),
            equal="equal, every cell",
        )
        for row, computed, request, answer in zip(earlier, now, requests, answers, strict=True)
    ]


def _identity(row: Row, advice: AdviceFile, saved: SavedRun) -> Iterator[tuple[str, str]]:
    manifest = advice.manifest
    yield "answer", f"{row[RECOMMENDATION_ID]}, in {advice.path}"
    yield "given", f"{manifest.written_at}, by {manifest.command}"
    yield "input", f"{manifest.input.name}, sha256 {manifest.input.sha256}"
    yield "subscriber", str(row[SUBSCRIBER_REF])
    yield from run_lines(LoggedRun(**manifest.run.model_dump()), saved.folder)
    yield "done", f"{row['plan'] if row['decision'] == 'recommend' else row['decision']}"


def _differences(earlier: Row, now: Row) -> Iterator[str]:
    """Yield the cells that differ; a file of PlanRec's earlier versions may lack columns."""
    now = now | {RECOMMENDATION_ID: earlier[RECOMMENDATION_ID]}
    yield from differences(earlier, {name: now.get(name) for name in earlier})


def advice_again(scorer: Scorer, file: InputFile, subscriber: str) -> Advice:
    """Give advice again for the rows of one subscriber.

    Raises:
        DataError: the file has no such rows, or they cannot be scored.
    """
    columns = scorer.columns_of(file.columns.tidy, str(file.path))
    name = scorer.reader.column("subscriber")
    parts, blank = file.parts(columns, lambda share: None), file.reading.blank
    rows = pa.concat_tables(part.filter(_is_of(part, name, subscriber, blank)) for part in parts)
    bad = BrokenRules()
    advice = None
    if rows.num_rows:
        advice = scorer.answers(PartColumns(rows, bad, file.part_reading), RecommendationIds(""))
    if advice is None:
        problems = [str(broken) for broken in bad.bad_rows(file.places)]
        raise DataError(f"{file.path} has no rows of {subscriber!r} that can be scored", problems)
    return advice


def _is_of(part: pa.Table, name: str, subscriber: str, blank: tuple[str, ...]) -> pa.ChunkedArray:
    """Find the rows of a subscriber; without a column of subscribers they are named by their number."""
    if name not in part.column_names:
        numbers = part[POSITION].to_numpy() + 1
        return pa.chunked_array([pa.array(numbers.astype(str) == subscriber)])
    return pc.equal(tidy_text(subscribers(part, name), blank), subscriber).fill_null(fill_value=False)
