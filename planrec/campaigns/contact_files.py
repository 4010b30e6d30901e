"""The files of a campaign beside the months: objections, earlier contacts, and columns of subscribers."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from planrec.campaigns.contact_rules import Contacts
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.column_types import as_readable, text_of, tidy_text
from planrec.data.reading.input_file import InputFile
from planrec.data.reading.open_input import open_input
from planrec.errors import ConfigError, DataError
from planrec.schema.columns import InputColumn
from planrec.serving.scoring.advice_columns import SENTENCES, RecommendationIds
from planrec.serving.scoring.month_reader import MonthReader
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.serving.scoring.scorer import Scorer
from planrec.wording import did_you_mean, shown

SUBSCRIBER_NAMES = ("subscriber", "subscriber_ref")
"Names of the column of subscribers in files of objections and contacts."
TIME, OFFER, DECLINED = "time", "offer", "declined"
OFFSET = re.compile(r"\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|([+-]\d{2}):?(\d{2}))$")
"Time of day with the offset from UTC."

Read = TypeVar("Read")


def read_objections(file: Path) -> frozenset[str]:
    """Read the subscribers in a file with a column `subscriber` (or `subscriber_ref`).

    Raises:
        DataError: the file cannot be read, lacks the column, or holds a blank name.
    """
    opened = open_input(file)
    name = _subscriber_column(opened)
    names = pa.chunked_array(_checked(opened, [name], lambda part: part.subscribers(name)), pa.string())
    return frozenset(tidy_text(names, ()).to_pylist())


def read_contacts(file: Path, time_zone: str) -> Contacts:
    """Read a file with the columns `subscriber`, `time`, and if there are, `offer` and `declined`.

    Args:
        file: CSV, Parquet or .xlsx.
        time_zone: of the days, and of times without one.

    Raises:
        DataError: the file cannot be read, lacks a column, or has bad values: lists all with lines.
    """
    opened = open_input(file)
    name, has = _subscriber_column(opened), opened.columns.tidy
    if TIME not in has:
        raise DataError(f"{file} must have a column {TIME!r}{did_you_mean(TIME, has)}; it has {shown(has)}")
    names = [name, TIME, *(each for each in (OFFER, DECLINED) if each in has)]

    def read(part: PartColumns) -> Contacts:
        n, known = part.part.num_rows, part.part.column_names
        time = part.dates(TIME)
        part.add(f"column {TIME!r} must not be blank", np.isnat(time))
        offer = part.attribute(_column(OFFER, "text")) if OFFER in known else np.full(n, None, object)
        declined = part.attribute(_column(DECLINED, "boolean")) if DECLINED in known else np.zeros(n)
        who = np.array(tidy_text(pa.chunked_array([part.subscribers(name)]), ()).to_pylist(), object)
        return Contacts(who, _local_days(part.part[TIME], time, time_zone), offer, declined == 1)

    parts = list(_checked(opened, names, read))
    return Contacts(*(np.concatenate([getattr(part, each) for part in parts]) for each in vars(parts[0])))


def columns_of_subscribers(
    scorer: Scorer, file: Path, names: Sequence[str], subscriber: Sequence[str]
) -> dict[str, np.ndarray]:
    """Read columns of a months file: the cells of the last month of each subscriber.

    Args:
        scorer: knows the names of the columns of the run's files.
        file: a file that was scored.
        names: the columns to read.
        subscriber: the subscribers in the order of the result.

    Raises:
        ConfigError: the file has no such column.
    """
    opened = open_input(file, scorer.form.cells)
    _check_names(opened, names)
    own, reader = scorer.reader.column("subscriber"), scorer.reader
    month = reader.column("month") if isinstance(reader, MonthReader) else None
    frames = []
    for part in opened.parts([*dict.fromkeys([own, *([month] if month else []), *names])], _silent):
        read = PartColumns(part, BrokenRules(), opened.part_reading)
        cells = {name: _text(part[name], read.reading.blank) for name in names}
        frame = pd.DataFrame(cells | {"planrec subscriber": _text(subscribers(part, own), ())})
        number = 0 if month is None else read.months(month, scorer.form.time_year).astype(np.int64)
        frames.append(frame.assign(**{"planrec month": number}))
    rows = pd.concat(frames).sort_values("planrec month", kind="stable")
    last = rows.drop_duplicates("planrec subscriber", keep="last").set_index("planrec subscriber")
    ordered = last.reindex([name.strip() for name in subscriber])
    found = {name: pa.array(ordered[name], pa.string(), from_pandas=True).to_pylist() for name in names}
    return {name: np.array(cells, object) for name, cells in found.items()}


def short_sentence(scorer: Scorer, file: Path, name: str) -> str:
    """Return the short sentence about one subscriber of a months file that was scored."""
    opened, own = open_input(file, scorer.form.cells), scorer.reader.column("subscriber")
    found = []
    for part in opened.parts(scorer.columns_of(opened.columns.tidy, str(file)), _silent):
        is_own = pa.array(_text(subscribers(part, own), ()) == name, pa.bool_())
        found.append(part.filter(is_own))
    rows = PartColumns(pa.concat_tables(found), BrokenRules(), opened.part_reading)
    advice = scorer.answers(rows, RecommendationIds(""))
    return "" if advice is None else str(advice.columns[SENTENCES[1]][0])


def check_subscriber_column(scorer: Scorer, file: Path, extra: Sequence[str]) -> None:
    """Check that a months file names its subscribers and has the columns of the settings.

    Raises:
        ConfigError: it does not; lists every column that is missing.
    """
    opened = open_input(file, scorer.form.cells)
    _check_names(opened, [scorer.reader.column("subscriber"), *extra])


def _local_days(column: pa.ChunkedArray, time: np.ndarray, zone: str) -> np.ndarray:
    """Return the days of contacts in a time zone, shape (n,), datetime64[D].

    Args:
        column: the cells of the file.
        time: what they show, shape (n,), datetime64[s]; NaT stays NaT.
        zone: of the campaign.
    """
    if pa.types.is_timestamp(column.type):
        is_local = column.type.tz is None
        days = time if is_local else _in_zone(column.cast(pa.timestamp("s", "UTC"), safe=False), zone)
        return days.astype("datetime64[D]")
    texts = text_of(as_readable(column, ())).to_pylist()
    seconds = np.array([np.nan if text is None else offset_of(text.strip()) for text in texts], float)
    has_offset, local = ~np.isnan(seconds), time.copy()
    utc = time[has_offset] - seconds[has_offset].astype("timedelta64[s]")
    local[has_offset] = _in_zone(pa.array(utc, pa.timestamp("s")).cast(pa.timestamp("s", "UTC")), zone)
    return local.astype("datetime64[D]")


def _in_zone(instants: pa.Array | pa.ChunkedArray, zone: str) -> np.ndarray:
    return pc.local_timestamp(instants.cast(pa.timestamp("s", zone))).to_numpy(zero_copy_only=False)


def offset_of(text: str) -> float:
    """Return the seconds by which the clock of a cell is before UTC; NaN without an offset.

    >>> offset_of("2026-05-30 23:30-05:30"), offset_of("2026-05-30T23:30:00Z"), offset_of("2026-05-30")
    (-19800.0, 0.0, nan)
    """
    match = OFFSET.search(text)
    if match is None:
        return float("nan")
    hours, minutes = match[1] or "+00", match[2] or "00"
    return float(f"{hours[0]}1") * (3600 * int(hours[1:]) + 60 * int(minutes))


def _check_names(opened: InputFile, names: Sequence[str]) -> None:
    has = opened.columns.tidy
    if missing := [f"no column {name!r}{did_you_mean(name, has)}" for name in names if name not in has]:
        raise ConfigError(
            f"{opened.path} must have the columns of the campaign, it has {shown(has, 20)}", missing
        )


def _subscriber_column(opened: InputFile) -> str:
    found = next((name for name in SUBSCRIBER_NAMES if name in opened.columns.tidy), None)
    if found is None:
        has = opened.columns.tidy
        near = did_you_mean(SUBSCRIBER_NAMES[0], has)
        raise DataError(
            f"{opened.path} must have a column {SUBSCRIBER_NAMES[0]!r}{near}; it has {shown(has)}"
        )
    return found


def _checked(opened: InputFile, names: Sequence[str], read: Callable[[PartColumns], Read]) -> list[Read]:
    """Read every part; report all bad rows at once."""
    bad = BrokenRules()
    found = [read(PartColumns(part, bad, opened.part_reading)) for part in opened.parts(names, _silent)]
    if bad:
        raise DataError(f"{opened.path} has bad rows", [*map(str, bad.bad_rows(opened.places))])
    return found


def _column(name: str, kind: str) -> InputColumn:
    return InputColumn.model_validate({"name": name, "kind": kind, "becomes": name})


def _text(column: pa.ChunkedArray, blank: tuple[str, ...]) -> object:
    return tidy_text(text_of(as_readable(column, ())), blank).to_pandas()


def _silent(share: float) -> None:
    """Show no progress: these files are small beside the scoring."""
