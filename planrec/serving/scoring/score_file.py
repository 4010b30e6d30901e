"""Score a file: read it part by part, answer, write; memory does not grow with the file."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from planrec.errors import DataError
from planrec.serving.scoring.bad_values import BadValues
from planrec.serving.scoring.months import MonthsForm
from planrec.serving.scoring.output import output_file
from planrec.serving.scoring.parts import InputFile, input_file
from planrec.serving.scoring.scorer import Scorer
from planrec.serving.scoring.whole import OutOfOrderError, sorted_parts, whole_subscribers

Report = Callable[[float], None]
"Is told which share of the file is read."


@dataclass(frozen=True)
class Scored:
    """What was written."""

    rows: int
    decisions: Counter[str]
    was_sorted: bool
    "The file was in another order than that of its subscribers; the answers are in theirs."


def score_file(scorer: Scorer, source: Path, target: Path, report: Report) -> Scored:
    """Write advice for every subscriber of a file. `target` is replaced once everything is written.

    Raises:
        DataError: the file cannot be read, lacks columns, or holds bad values: all of them, with their lines.
        OSError: the answers cannot be written.
    """
    file = input_file(source)
    columns = scorer.columns_of(file.columns, str(source))
    if not isinstance(scorer.form, MonthsForm):
        return _written(scorer, file, file.parts(columns, report), target, False)
    name = scorer.form.column("subscriber")
    try:
        return _written(scorer, file, whole_subscribers(file.parts(columns, report), name), target, False)
    except OutOfOrderError:
        parts = sorted_parts(file.parts(columns, report), name)
        return _written(scorer, file, whole_subscribers(parts, name), target, True)


def _written(
    scorer: Scorer, file: InputFile, parts: Iterator[pa.Table], target: Path, was_sorted: bool
) -> Scored:
    bad, decisions = BadValues(), Counter[str]()
    with output_file(target, scorer.schema) as writer:
        for part in parts:
            # After the first bad value nothing will be written: the rest is read to tell all of them.
            answers = scorer.answers(part, file.decimal_comma, bad)
            if answers is not None:
                writer.write_table(answers)
                for entry in answers["decision"].value_counts().to_pylist():
                    decisions[entry["values"]] += entry["counts"]
        if bad:
            problems = bad.told(file.places(bad.positions))
            raise DataError(f"{file.path} cannot be scored by the run {scorer.saved.run_id}", problems)
    return Scored(decisions.total(), decisions, was_sorted)
