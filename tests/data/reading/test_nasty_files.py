"""Files as people send them: each is read as it was meant, with a note, or refused with the fix."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from planrec.catalogue import Catalogue
from planrec.config.overrides import parsed_override
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.open_input import open_input
from planrec.data.table import Table
from planrec.data.usage_months import UsageMonths
from planrec.data.usage_units import unit_doubt
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm
from planrec.schema.columns import InputColumn
from planrec.schema.tables import RowTable, UsageHistory
from planrec.serving.scoring.part_columns import PartColumns
from tests.conftest import REPOSITORY

MONTHS = "subscriber,month,plan,voice_calls,voice_minutes,sms,data_mib\n"
NBSP, NARROW = "\u00a0", "\u202f"


@dataclass(frozen=True)
class Nasty:
    """One file, and its reading."""

    content: str | bytes
    values: dict[str, list[Any]] = field(default_factory=dict)
    "Column -> values; `plan` for the label."
    notes: tuple[str, ...] = ()
    "Parts of notes, one of each at least."
    refusal: tuple[str, ...] = ()
    "Parts of the message; none if the file is read."
    options: dict[str, Any] = field(default_factory=dict)


def usage(column: str = "n", **options: Any) -> dict[str, Any]:
    return {"usage_columns": {"data_mib": column}} | options


def in_units(**units: str) -> dict[str, Any]:
    return dict.fromkeys(("voice_minutes", "voice_minutes_billed", "data_mib")) | units


TWENTY = "".join(f"{'ab'[at % 2]},{at}.5\n" for at in range(20))

ROWS = {
    "thousands points, shown by another column": Nasty(
        "plan;mb;bill\na;650;7,5\nb;1.721;8,25\n",
        {"data_mib.1": [650, 1721], "bill": [7.5, 8.25]},
        (
            "column 'mb': '1.721' is read as 1721, because column 'bill' has '7,5';"
            " if it is 1.721, type data.decimal=point",
        ),
        options=usage("mb"),
    ),
    "a point that may separate thousands": Nasty(
        "plan;n\na;650\nb;1.721\n",
        refusal=(
            "column 'n' (data.usage_columns.data_mib) must have one reading: '1.721' can be 1.721 or 1721;"
            " type data.decimal=point or data.decimal=comma at line 3",
        ),
        options=usage(),
    ),
    "a comma that may separate thousands": Nasty(
        "plan;n\na;650\nb;1,721\n", refusal=("'1,721' can be 1.721 or 1721",), options=usage()
    ),
    "the same point, settled by an option": Nasty(
        "plan;n\na;650\nb;1.721\n",
        {"data_mib.1": [650, 1721]},
        ("separators of thousands: column 'n' ('1.721' is 1721)",),
        options=usage(decimal="comma"),
    ),
    "the same point, settled by the separator of thousands": Nasty(
        "plan;n\na;650\nb;1.721\n", {"data_mib.1": [650, 1721]}, options=usage(thousands="point")
    ),
    "the same point between commas": Nasty(
        "plan,n\na,650\nb,1.721\n",
        {"data_mib.1": [650, 1.72]},
        ("'1.721' is read as 1.721, because commas separate the cells of the file; if it is 1721",),
        options=usage(),
    ),
    "an attribute that nothing settles": Nasty(
        "plan;n\na;650\nb;1.721\n",
        {"n": [650, 1.721]},
        ("'1.721' is read as 1.721; no cell of the file shows its decimal mark; if it is 1721",),
    ),
    "a column that settles itself": Nasty(
        "plan;n\na;0.721\nb;1.721\n", {"data_mib.1": [0.72, 1.72]}, options=usage()
    ),
    "American thousands in quotes": Nasty(
        'plan,n,bill\na,"1,721",7.5\nb,650,8.25\n',
        {"data_mib.1": [1721, 650]},
        ("'1,721' is read as 1721, because column 'bill' has '7.5'",),
        options=usage(),
    ),
    "American thousands with decimals": Nasty(
        "plan;n\na;6,834.0\nb;12.5\n", {"n": [6834, 12.5]}, ("column 'n' ('6,834.0' is 6834)",)
    ),
    "Indian groups": Nasty('plan,n\na,"12,34,567.5"\nb,7\n', {"n": [1234567.5, 7]}),
    "Swiss apostrophes": Nasty(
        "plan;n\na;1'234.50\nb;2’345.00\n", {"data_mib.1": [1234.5, 2345]}, options=usage()
    ),
    "French narrow blanks": Nasty(
        f"plan;n\na;1{NARROW}234,5\nb;12{NBSP}345,0\n", {"data_mib.1": [1234.5, 12345]}, options=usage()
    ),
    "millions with two points": Nasty("plan;n\na;1.234.567\nb;3\n", {"n": [1234567, 3]}),
    "groups of thousands that an option forbids": Nasty(
        "plan;n\na;1.234,5\nb;3\n",
        refusal=("must hold numbers, got '1.234,5' at line 2",),
        options=usage(decimal="comma", thousands="none"),
    ),
    "both marks as decimals in one column": Nasty(
        "plan;n\na;7.5\nb;8.5\na;7,5\n", refusal=("must hold numbers, got '7,5' at line 4",), options=usage()
    ),
    "both marks as decimals in two columns": Nasty(
        "plan;n;m\na;7.5;7,5\nb;8.5;8,5\n", {"n": [7.5, 8.5], "m": [7.5, 8.5]}, ("decimal comma", "'m'")
    ),
    "codes with leading zeros": Nasty("plan;n\na;0150\nb;5003\n", {"n": ["0150", "5003"]}),
    "digits of another script": Nasty(
        "plan,n\na,١٢\nb,7\n", refusal=("must hold numbers, got '١٢' at line 2",), options=usage()
    ),
    "full-width digits": Nasty("plan,n\na,１２\nb,7\n", refusal=("got '１２' at line 2",), options=usage()),
    "a typographic minus": Nasty("plan,n\na,−5\nb,7\n", refusal=("got '−5' at line 2",), options=usage()),
    "a minus behind the number": Nasty(
        "plan,n\na,5-\nb,7\n", refusal=("got '5-' at line 2",), options=usage()
    ),
    "a unit in every cell": Nasty(
        "plan,n\na,1.5 GB\nb,2 GB\n", refusal=("got '1.5 GB' at line 2 (2 such rows",), options=usage()
    ),
    "an error of a formula": Nasty(
        "plan,n,m\na,#DIV/0!,1\nb,2.5,2\na,3.5,3\n",
        {"n": [np.nan, 2.5, 3.5]},
        ("column 'n': 1 of 3 cells is an error of a spreadsheet, the first is '#DIV/0!' at line 2",),
    ),
    "a lookup that found nothing": Nasty(
        "plan,town,m\na,#N/A,1\nb,#NV,2\na,Oslo,3\n",
        {"town": [None, None, "Oslo"]},
        ("'town': 2 of 3 cells are",),
    ),
    "an error as usage": Nasty("plan,n\na,#REF!\nb,2\n", refusal=("got '#REF!' at line 2",), options=usage()),
    "an error as a plan": Nasty(
        "plan,n\n#VALUE!,1\nb,2\na,3\n",
        refusal=(
            "'plan' (data.plan_column) must not be an error of a spreadsheet",
            "got '#VALUE!' at line 2",
        ),
    ),
    "None, which is a plan": Nasty(
        "plan,n\nNone,1\nb,2\nNone,4\n",
        refusal=("got 'None' at line 2 (2 such rows", "'None' is read as blank", "'data.blank=[NA]'"),
    ),
    "None, which is a plan by option": Nasty(
        "plan,n\nNone,1\nb,NA\nNone,4\n",
        {"plan": ["None", "b", "None"], "n": [1, np.nan, 4]},
        options={"blank": ["NA"]},
    ),
    "a dash for nothing": Nasty("plan,n\na,-\nb,2\n", {"n": [np.nan, 2]}, options={"blank": ["-"]}),
    "a number for nothing": Nasty("plan,n\na,-999\nb,2\n", {"n": [np.nan, 2]}, options={"blank": ["-999"]}),
    "nan, which is no number once other cells are blank": Nasty(
        "plan,n\na,nan\nb,2\n",
        refusal=("must hold numbers, got 'nan' at line 2",),
        options=usage(blank=["NA"]),
    ),
    "a blank cell as usage": Nasty(
        "plan,n\na,-\nb,2\n",
        refusal=("must not be blank (- counts as blank), got '-' at line 2",),
        options=usage(blank=["-"]),
    ),
    "Spanish and French errors": Nasty(
        "plan,n\na,#N/D\na,#¡NULO!\na,#¡DIV/0!\na,#¡VALOR!\na,#¡REF!\na,#¿NOMBRE?\na,#¡NUM!\n"
        "a,#VALEUR!\na,#NOM?\na,#NUL!\na,#NOMBRE!\nb,2\n",
        {"n": [*[np.nan] * 11, 2]},
        ("column 'n': 11 of 12 cells are errors of a spreadsheet",),
    ),
    "plans with thousands": Nasty(
        "plan;n\n1.000;1\n2.000;2\n1.000;3\n", {"plan": ["1.000", "2.000", "1.000"]}
    ),
    "shortened ids": Nasty(
        "who,plan,n\n4.47912E+11,a,1\n4.47913E+11,b,2\n",
        refusal=("'who' (data.subscriber_column) must be written in full: a spreadsheet", "'4.47912E+11'"),
        options={"subscriber_column": "who"},
    ),
    "ids that became one": Nasty(
        "who,plan,n\n4.47912E+11,a,1\n4.47912E+11,b,2\n",
        refusal=("a spreadsheet shortened the number", "all 2 rows have '4.47912E+11'"),
        options={"subscriber_column": "who"},
    ),
    "a line for the spreadsheet": Nasty(
        "sep=;\nplan;n\na;1\nb;2\n", {"n": [1, 2]}, ("the first line names the separator of cells, ';'",)
    ),
    "the same line in UTF-16": Nasty(
        '"sep=|"\r\nplan|n,m\r\na|1\r\nb|2\r\n'.encode("utf-16"), {"n,m": [1, 2]}
    ),
    "title lines": Nasty(
        "Usage of May\n\nplan,n,m\na,1,2\nb,2,3\n",
        {"n": [1, 2]},
        ("1 title line above the header left out: 'Usage of May'",),
    ),
    "title lines with all separators": Nasty(
        "Usage;;;\nMay;;;\nplan;n;m;k\na;1;2;x\nb;2;3;y\n",
        {"m": [2, 3]},
        ("2 title lines above", "'Usage', 'May'"),
    ),
    "a second header row": Nasty(
        "customer,usage,,plan\nid,minutes,mb,label\nk0,7.6,383,a\nk1,9,2,b\nk2,8,4,a\n",
        refusal=(
            "table.csv: line 2 looks like a second header row ('id', 'minutes', 'mb', 'label'): join both",
        ),
    ),
    "a second header row below merged cells": Nasty(
        "plan,usage,usage\nlabel,minutes,mb\na,7.6,383\nb,9,2\na,8,4\n",
        refusal=("line 2 looks like a second header row",),
    ),
    "a row of units": Nasty(
        "plan,n,m\n,min,MB\na,7.6,383\nb,9,2\na,8,4\n", refusal=("line 2 looks like a second",)
    ),
    "a header in the middle": Nasty(
        "plan,n\na,1\nb,2\nplan,n\na,4\n",
        {"plan": ["a", "b", "plan", "a"]},
        ("plan 'plan' has the name of its column: if the file repeats its header, delete that row",),
    ),
    "spellings of one plan": Nasty(
        "plan,n\nSmart S,1\nsmart-s,2\nSmart S,3\nMax,4\n",
        {"n": [1, 2, 3, 4]},
        ("plans 'Smart S' (2 rows), 'smart-s' (1 row) differ only in spelling",),
    ),
    "a plan of one subscriber": Nasty(
        f"plan,n\n{TWENTY}platinum,3\n",
        notes=("plan 'platinum' has 1 row (1 subscriber): it can be learned or",),
    ),
    "gigabytes by name": Nasty(
        "plan,data_gb\na,1\nb,2\n",
        refusal=(
            "'data_gb' (data.usage_columns.data_mib) must be in MiB, its name says GB",
            "=GB, or data.units.data_mib=MiB if",
        ),
        options=usage("data_gb"),
    ),
    "gigabytes by option": Nasty(
        "plan,data_gb\na,1\nb,2.097152\n",
        {"data_mib.1": [953.67, 2000]},
        options=usage("data_gb", units=in_units(data_mib="GB")),
    ),
    "gibibytes and seconds": Nasty(
        "plan,data,secs\na,1,90\nb,0.5,60\n",
        {"data_mib.1": [1024, 512], "voice_minutes.1": [1.5, 1]},
        options={
            "usage_columns": {"data_mib": "data", "voice_minutes": "secs"},
            "units": in_units(data_mib="GiB", voice_minutes="s"),
        },
    ),
    "megabytes by name": Nasty(
        "plan,data_mb\na,1\nb,2\n",
        {"data_mib.1": [1, 2]},
        ("'data_mb': MB is read as MiB, 2^20 bytes; if it is 10^6 bytes, type data.units.data_mib=MB",),
        options=usage("data_mb"),
    ),
    "a month that a spreadsheet renamed": Nasty(
        "when,plan,n\nNov-18,a,1\nDec-18,b,2\n",
        refusal=("must hold months",),
        options={"time_column": "when"},
    ),
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(kind: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((REPOSITORY / f"conf/data/{kind}.yaml").read_text("utf-8"))
    del values["defaults"]
    return values


def rows(path: str, catalogue: Catalogue | None = None, **options: Any) -> RowTable:
    return Table(**settings("table") | {"path": path, "plan_column": "plan"} | options).load(catalogue)


def months(path: str, catalogue: Catalogue | None = None, **options: Any) -> UsageHistory:
    return UsageMonths(**settings("usage_months") | {"path": path} | options).load(catalogue)


def has_notes(notes: tuple[str, ...], *parts: str) -> bool:
    return all(any(part in note for note in notes) for part in parts)


@pytest.mark.parametrize("name", ROWS)
def test_a_nasty_table_is_read_as_meant_or_refused(name: str) -> None:
    nasty = ROWS[name]
    content = nasty.content
    Path("table.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    if nasty.refusal:
        with pytest.raises(DataError) as caught:
            rows("table.csv", **nasty.options)
        assert [part for part in nasty.refusal if part not in str(caught.value)] == [], str(caught.value)
        return
    table = rows("table.csv", **nasty.options)
    for column, values in nasty.values.items():
        found = table.label if column == "plan" else table.columns[column]
        np.testing.assert_array_equal(found, np.array(values, found.dtype), column)
    assert has_notes(table.notes, *nasty.notes), table.notes


def test_the_fix_of_a_label_is_an_override() -> None:
    Path("table.csv").write_text("plan,n\nSmart S,1\nsmart-s,2\nSmart S,3\nMax,4\n")
    (note,) = [note for note in rows("table.csv").notes if "spelling" in note]
    (override,) = shlex.split(note.rpartition("type ")[2])
    assert override == '+data.plan_names={smart-s:"Smart S"}'
    assert parsed_override(override) is not None
    renamed = rows("table.csv", plan_names={"smart-s": "Smart S"})
    assert not any("spelling" in note for note in renamed.notes)


def test_decimal_marks_and_separators_must_differ() -> None:
    with pytest.raises(ValueError, match="decimal and thousands must differ, both are 'comma'"):
        rows("table.csv", decimal="comma", thousands="comma")


def month_file(*lines: str) -> str:
    Path("months.csv").write_text(MONTHS + "\n".join(lines) + "\n", "utf-8")
    return "months.csv"


def refusal_of_months(*lines: str) -> str:
    with pytest.raises(DataError) as caught:
        months(month_file(*lines))
    return str(caught.value)


def test_parts_of_a_month_on_two_plans_are_added_up() -> None:
    history = months(month_file("s,2018-01,a,1,2,3,4.5", "s,2018-02,a,1,1,1,1", "s,2018-02,b,2,3,4,5.25"))
    assert [history.plans[plan] for plan in history.plan_held] == ["a", "b"]
    assert {name: values.tolist() for name, values in history.usage.items()} == {
        "voice_calls": [1, 3],
        "voice_minutes": [2, 4],
        "sms": [3, 5],
        "data_mib": [4.5, 6.25],
    }
    assert has_notes(history.notes, "1 month(s) have rows on several plans: usage is added up")


def test_a_bad_part_makes_the_whole_month_unknown() -> None:
    file = month_file("s,2018-01,a,1,1,1,1", "s,2018-02,a,-1,1,1,1", "s,2018-02,b,2,3,4,5")
    history = months(file, on_bad_rows="drop_and_report")
    assert history.month.astype(str).tolist() == ["2018-01"]


def test_two_rows_on_one_plan_are_refused_still() -> None:
    assert "one row per month" in refusal_of_months("s,2018-02,a,1,1,1,1", "s,2018-02,a,2,3,4,5")
    assert "(3 such rows" in refusal_of_months(
        "s,2018-02,a,1,1,1,1", "s,2018-02,a,2,3,4,5", "s,2018-02,b,2,3,4,5"
    )


def test_an_amount_below_zero_is_named_with_the_way_to_net_it() -> None:
    text = refusal_of_months("s,2018-01,a,1,1,1,1", "s,2018-02,a,2,-3.5,4,5")
    assert (
        "column 'voice_minutes' (data.usage_columns.voice_minutes) must be >= 0, got '-3.5' at line 3" in text
    )
    assert "net it with the month that it corrects" in text
    assert "data.on_bad_rows=drop_and_report" in text


def test_midnight_of_another_zone_is_no_month() -> None:
    text = refusal_of_months("s,2018-01-31T23:00:00Z,a,1,1,1,1", "s,2018-03-31T22:00:00Z,a,1,1,1,1")
    assert "can be the first midnight of the next month in another time zone" in text
    assert "got '2018-01-31T23:00:00Z' at line 2" in text
    assert len(months(month_file("s,2018-01-31T23:59:59Z,a,1,1,1,1"))) == 1


def test_an_offset_leaves_the_month_of_the_clock() -> None:
    history = months(
        month_file("s,2018-02-01T00:00:00+01:00,a,1,1,1,1", "s,2018-03-01T00:00:00+01:00,a,1,1,1,1")
    )
    assert history.month.astype(str).tolist() == ["2018-02", "2018-03"]


@pytest.mark.parametrize(
    ("numbers", "note"),
    [
        ("1,400,50,15.5", "usage 'data_mib' is tiny against every allowance of the catalogue"),
        ("1,400,50,20", "type data.units.data_mib=GB"),
        ("1,400,50,15000", None),
        ("1,400,50,9e8", "usage 'data_mib' is huge against every allowance of the catalogue"),
        ("1,0.5,50,15000", "type data.units.voice_minutes=h"),
    ],
)
def test_usage_far_from_every_allowance_is_doubted(numbers: str, note: str | None) -> None:
    content = yaml.safe_load((REPOSITORY / "conf/catalogue/megaline_us.yaml").read_text("utf-8"))
    catalogue = Catalogue.model_validate(content)
    history = months(month_file(f"s,2018-11,surf,{numbers}"), catalogue)
    doubts = [one for one in history.notes if "against every allowance" in one]
    assert bool(doubts) == (note is not None)
    assert note is None or note in doubts[0]


@pytest.mark.parametrize(
    ("usage_column", "name", "unit"),
    [
        ("data_mib", "data_GiB", "GiB"),
        ("data_mib", "used_KiB", "KiB"),
        ("data_mib", "dataGiB", "GiB"),
        ("data_mib", "data_kilobyte", "kB"),
        ("data_mib", "GBytes", "GB"),
        ("data_mib", "gigas", "GB"),
        ("data_mib", "data_bytes", "B"),
        ("data_mib", "dataMiB", None),
        ("data_mib", "data_MB", None),
        ("voice_minutes", "segundos", "s"),
        ("voice_minutes", "horas_de_voz", "h"),
        ("voice_minutes", "minutos", None),
    ],
)
def test_the_unit_in_the_name_of_a_column_is_found(usage_column: str, name: str, unit: str | None) -> None:
    doubt = unit_doubt(usage_column, name, CellForm())
    assert (doubt is None) == (unit is None)
    assert unit is None or f"its name says {unit}: type data.units.{usage_column}={unit}," in str(doubt)


def test_numbers_that_count_as_blank_are_blank_in_parquet_too() -> None:
    columns = {"plan": ["a", "b", "a"], "whole": [-999, 1, 2], "part": [0.5, -999.0, 2.5]}
    pq.write_table(pa.table(columns), "table.parquet")
    found = rows("table.parquet", blank=["-999"]).columns
    np.testing.assert_array_equal(found["whole"], [np.nan, 1, 2])
    np.testing.assert_array_equal(found["part"], [0.5, np.nan, 2.5])


def test_scoring_reads_blank_numbers_and_nan_as_training_does() -> None:
    Path("part.csv").write_text("n,m,month\n-999,1,2018-01-31 23:00:00\n2,nan,2018-02-15 12:00:00\n")
    file = open_input(Path("part.csv"), CellForm(blank=("-999",)))
    (part,) = file.parts(("n", "m", "month"), lambda share: None)
    columns = PartColumns(part, BrokenRules(), file.reading)
    number = InputColumn(name="n", kind="number", becomes="n")
    np.testing.assert_array_equal(columns.attribute(number), [np.nan, 2])
    assert columns.months("month", None).astype(str).tolist() == ["2018-01", "2018-02"]
    assert not columns.bad
    columns.amounts("m", "data_mib")
    assert [str(bad) for bad in columns.bad.bad_rows(file.places)] == [
        "column 'm' must hold numbers, got 'nan' at line 3"
    ]


def test_instants_of_parquet_are_those_of_their_zone() -> None:
    begins = np.array(["2018-01-01", "2018-02-01", "2018-07-01"], "datetime64[s]")
    local = pa.array(begins).cast(pa.timestamp("s"))
    instants = pa.compute.assume_timezone(local, "Europe/Berlin")
    columns = {"subscriber": ["s"] * 3, "month": instants, "plan": ["a"] * 3}
    numbers = dict.fromkeys(("voice_calls", "voice_minutes", "sms", "data_mib"), [1.0] * 3)
    pq.write_table(pa.table(columns | numbers), "months.parquet")
    history = months("months.parquet")
    assert history.month[[0, 1, -1]].astype(str).tolist() == ["2018-01", "2018-02", "2018-07"]
    assert has_notes(history.notes, "column 'month' is in the time zone 'Europe/Berlin'")


def test_a_zone_that_is_not_known_is_refused_by_name() -> None:
    instants = pa.array([0, 1], pa.timestamp("s", "Mars/Olympus"))
    pq.write_table(pa.table({"plan": ["a", "b"], "when": instants}), "table.parquet")
    with pytest.raises(
        DataError, match="column 'when' is in the time zone 'Mars/Olympus', which this computer"
    ):
        rows("table.parquet")
