"""Score a file: read it part by part, answer, write; memory does not grow with the file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from planrec.data.reading.bad_rows import BrokenRules, hints
from planrec.data.reading.input_file import InputFile, Progress
from planrec.data.reading.numerals import ReadingNotes
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.output import output_file
from planrec.serving.scoring.part_columns import PartColumns
from planrec.serving.scoring.scorer import Scorer
from planrec.serving.scoring.subscriber_parts import OutOfOrderError, sorted_parts, whole_subscribers


@dataclass(frozen=True)
class Scored:
    """Facts about the answers that were written."""

    rows: int
    decisions: Counter[str]
    was_sorted: bool
    "Whether the file was not in the order of its subscribers; the answers are."
    notes: tuple[str, ...] = ()
    "How the file was read, if it could have been read in another way."


def score_file(scorer: Scorer, source: Path, target: Path, progress: Progress) -> Scored:
    """Write advice for every subscriber of a file. `target` is replaced once everything is written.

    Raises:
        DataError: if the file cannot be read, lacks columns, or holds bad values: lists all with lines.
        OSError: if the answers cannot be written.
    """
    file = open_input(source, scorer.form.cells)
    columns = scorer.columns_of(file.columns.tidy, str(source))
    if not isinstance(scorer.reader, MonthReader):
        return _write(scorer, file, file.parts(columns, progress), target)
    name = scorer.reader.column("subscriber")
    try:
        return _write(scorer, file, whole_subscribers(file.parts(columns, progress), name), target)
    except OutOfOrderError:
        parts = sorted_parts(file.parts(columns, progress), name)
        return replace(_write(scorer, file, whole_subscribers(parts, name), target), was_sorted=True)


def _write(scorer: Scorer, file: InputFile, parts: Iterator[pa.Table], target: Path) -> Scored:
    bad, noted, decisions = BrokenRules(), ReadingNotes(), Counter[str]()
    with output_file(target, scorer.schema) as writer:
        for part in parts:
            # After the first bad value nothing will be written: the other parts are read to report all.
            answers = scorer.answers(PartColumns(part, bad, file.reading, noted))
            if answers is not None:
                writer.write_table(answers)
                for entry in answers["decision"].value_counts().to_pylist():
                    decisions[entry["values"]] += entry["counts"]
        if bad:
            broken = bad.bad_rows(file.places)
            problems = [*map(str, broken), *hints(broken)]
            raise DataError(f"{file.path} cannot be scored by the run {scorer.saved.run_id}", problems)
    notes = (*file.notes, *noted.notes)
    return Scored(decisions.total(), decisions, was_sorted=False, notes=notes)
