"""`data=table` and its presets: a legal file loads to its values, any other is refused with the reasons."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given

from planrec.commands.advice import typed
from planrec.data.table import Table, UsageName
from planrec.errors import DataError
from planrec.schema.columns import MAX_NUMBER, MAX_USAGE, Usage, quantised
from planrec.schema.tables import RowTable

CONF = Path(__file__).parents[2] / "conf" / "data"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run every test in its own folder, without real data."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("PLANREC_DATA", raising=False)
    return tmp_path / "work"


def options(*presets: str, **changes: Any) -> Table:
    """`data=table` with its YAML's values, those of a preset over them, and changes over both."""
    values: dict[str, Any] = {}
    for name in ("table", *presets):
        values |= yaml.safe_load((CONF / f"{name}.yaml").read_text("utf-8"))
    del values["defaults"]
    given_here = {"path": "table.csv", "plan_column": "plan"} if not presets else {}
    return Table(**values | given_here | changes)


def load(content: str | bytes, **changes: Any) -> RowTable:
    """Load `table.csv` with this content."""
    Path("table.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return options(**changes).load(None)


def load_parquet(columns: dict[str, Any], **changes: Any) -> RowTable:
    pq.write_table(pa.table(columns), "table.parquet")
    return options(path="table.parquet", **changes).load(None)


def message(content: str | bytes, **changes: Any) -> str:
    """Return the message that refuses the file."""
    with pytest.raises(DataError) as caught:
        load(content, **changes)
    return str(caught.value)


def kinds(table: RowTable) -> dict[str, str]:
    return {column.name: column.kind for column in table.inputs}


def mentions(table: RowTable, *parts: str) -> bool:
    """Return whether one note holds all parts."""
    return any(all(part in note for part in parts) for note in table.notes)


def rows(header: str, n: int, row: str) -> str:
    """Write a file of n rows; `row` is a format string over `i`, and `p`, one of two plans."""
    return "\n".join([header, *(row.format(i=i, p="ab"[i % 2]) for i in range(n))]) + "\n"


PLAIN_TEXT = st.text(st.characters(categories=["L", "P", "Zs"], include_characters="\n"), max_size=6).map(
    lambda text: f"t{text}t"
)
VALUES = {
    "number": st.floats(-MAX_NUMBER, MAX_NUMBER) | st.integers(-(10**9), 10**9),
    "boolean": st.booleans(),
    "text": PLAIN_TEXT,
    "date": st.datetimes().map(lambda instant: np.datetime64(instant.replace(microsecond=0), "s")),
}


@st.composite
def mixed_columns(draw: st.DrawFn) -> tuple[list[tuple[str, list[Any]]], list[str]]:
    """Columns of (kind, values with None for blank, never all blank), and the plans of the rows."""
    n = draw(st.integers(2, 8))
    columns = []
    for kind in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5)):
        cells = draw(st.lists(st.none() | VALUES[kind], min_size=n, max_size=n))
        cells[draw(st.integers(0, n - 1))] = draw(VALUES[kind])
        columns.append((kind, cells))
    plans = draw(st.lists(st.sampled_from(["Smart", "Ultra +", "1"]), min_size=n, max_size=n))
    plans[:2] = ["Smart", "Ultra +"]
    return columns, plans


def written(columns: Sequence[Sequence[Any]], header: Sequence[str], dialect: dict[str, Any]) -> str:
    """CSV text; blanks are empty cells, or `NA`."""
    text = io.StringIO()
    writer = csv.writer(text, **dialect)
    writer.writerow(header)
    for cells in zip(*columns, strict=True):
        writer.writerow("NA" if cell is None else cell for cell in cells)
    return text.getvalue()


@given(
    table=mixed_columns(),
    delimiter=st.sampled_from(",;\t|"),
    lineterminator=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_any_legal_table_in_any_dialect_loads_to_its_values(
    table: tuple[list[tuple[str, list[Any]]], list[str]], encoding: str, **dialect: Any
) -> None:
    columns, plans = table
    header = ["plan", *(f"column_{at}" for at in range(len(columns)))]
    text = written([plans, *(cells for _, cells in columns)], header, dialect)
    loaded = load(text.encode(encoding))
    assert loaded.label.tolist() == plans
    assert kinds(loaded) == {name: kind for name, (kind, _) in zip(header[1:], columns, strict=True)}
    for array, (kind, cells) in zip(loaded.columns.values(), columns, strict=True):
        missing = {"text": None, "date": np.datetime64("NaT", "s")}.get(kind, np.nan)
        expected = np.array([missing if cell is None else cell for cell in cells], dtype=array.dtype)
        np.testing.assert_array_equal(array, expected)


@given(numbers=st.lists(st.decimals(-1000, 1000, places=2), min_size=2, max_size=8))
def test_decimal_commas_are_numbers_where_commas_do_not_separate(numbers: list[Any]) -> None:
    cells = [str(number).replace(".", ",") for number in numbers]
    text = written([["a", "b", *"a" * (len(cells) - 2)], cells], ["plan", "spend"], {"delimiter": ";"})
    loaded = load(text)
    np.testing.assert_array_equal(loaded.columns["spend"], np.array(numbers, dtype=float))
    assert mentions(loaded, "decimal comma", "'spend'")


def test_parquet_and_csv_of_one_table_load_alike() -> None:
    dates = np.array(["2018-01-31", "2018-02-28", "NaT"], "datetime64[s]")
    columns = {
        "plan": [1, 2, 1],
        "spend": [1.5, None, -2.25],
        "town": ["Oslo", None, "Bergen"],
        "business": [True, False, None],
        "joined": pa.array(dates),
    }
    from_parquet = load_parquet(columns)
    from_csv = load(
        "plan,spend,town,business,joined\n1.0,1.5,Oslo,TRUE,2018-01-31\n2.0,,,false,2018-02-28\n1.0,-2.25,Bergen,,\n"
    )
    assert from_parquet.inputs == from_csv.inputs
    assert from_parquet.label.tolist() == from_csv.label.tolist() == ["1", "2", "1"]
    for name, array in from_csv.columns.items():
        np.testing.assert_array_equal(from_parquet.columns[name], array)


def test_parquet_ids_stay_exact_and_categories_and_decimals_are_read() -> None:
    table = load_parquet(
        {
            "plan": pa.array(["a", "b", "a"]).dictionary_encode(),
            "account": [79161234567, 79161234568, 79161234567],
            "contract": [2**60, 2**60 + 1, 2**60],
            "price": pa.array(["1.10", "2.20", None]).cast(pa.decimal128(9, 2)),
            "nothing": pa.nulls(3),
        },
        subscriber_column="account",
    )
    assert table.subscriber is not None
    assert table.subscriber.tolist() == [79161234567, 79161234568, 79161234567]
    assert table.columns["contract"].tolist() == [str(2**60), str(2**60 + 1), str(2**60)]
    np.testing.assert_array_equal(table.columns["price"], [1.1, 2.2, np.nan])
    assert "nothing" not in table.columns


@pytest.mark.parametrize(
    ("encoding", "town"),
    [
        ("cp1251", "Москва"),
        ("cp1251", "Пермь"),
        ("cp1252", "Orléans €"),
        ("latin-1", "Århus"),
        ("cp1252", "créée à Orléans"),
    ],
)
def test_one_byte_encodings_are_guessed_with_a_note(encoding: str, town: str) -> None:
    loaded = load(f"plan,town,n\na,{town},1\nb,Oslo,2\n".encode(encoding))
    assert loaded.columns["town"].tolist() == [town, "Oslo"]
    assert mentions(loaded, "not UTF-8", "read as")


def test_blank_lines_spreadsheet_tails_and_trailing_separators_are_skipped() -> None:
    loaded = load("\nplan,n,\na,1,\n\nb,2,\n,,\n,,\n")
    assert loaded.label.tolist() == ["a", "b"]
    assert list(loaded.columns) == ["n"]


def test_quoted_cells_keep_separators_quotes_and_line_ends() -> None:
    loaded = load('plan,remark,n\r\na,"one, ""two""\nthree",1\r\nb,x,2\r\n')
    assert loaded.columns["remark"].tolist() == ['one, "two"\nthree', "x"]


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_the_separator_is_the_one_that_cuts_rows_alike(separator: str) -> None:
    text = separator.join(["plan", "a|b", "n;m" if separator != ";" else "n,m"])
    loaded = load(f"{text}\nx{separator}1|2{separator}3\ny{separator}4{separator}5\n")
    assert len(loaded.columns) == 2


def test_five_thousand_columns_load(empty_folder: Path) -> None:
    names = [f"a_rather_long_column_name_{at}" for at in range(5_000)]
    values = np.arange(5 * 5_000).reshape(5, 5_000) % 7 + 0.5
    lines = [",".join(["ab"[at % 2], *map(str, row)]) for at, row in enumerate(values)]
    loaded = load("\n".join([",".join(["plan", *names]), *lines]))
    np.testing.assert_array_equal(np.column_stack(list(loaded.columns.values())), values)


@pytest.mark.parametrize(
    ("cells", "plans"),
    [
        (("1.0", "2.0"), ["1", "2"]),
        (("0", "1"), ["0", "1"]),
        (("007", "7"), ["007", "7"]),
        (("1.5", "2.0"), ["1.5", "2.0"]),
        (("true", "false"), ["true", "false"]),
        ((" Smart ", "Ultra"), ["Smart", "Ultra"]),
    ],
)
def test_plans_are_text_and_whole_numbers_lose_their_point(cells: tuple[str, str], plans: list[str]) -> None:
    assert load(f"plan,n\n{cells[0]},1\n{cells[1]},2\n").label.tolist() == plans


def test_plans_get_readable_names_and_others_keep_theirs() -> None:
    table = load("plan,n\n0,1\n1,2\n2,2\n", plan_names={"0": "smart", 1: "ultra"})
    assert table.label.tolist() == ["smart", "ultra", "2"]


def test_many_plans_are_allowed() -> None:
    assert len(set(load(rows("plan,n", 60, "plan {i},{i}") + rows("", 60, "plan {i},{i}.5")).label)) == 60


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["1001", "1002"], [1001, 1002]),
        (["1001.0", "1002.0"], [1001, 1002]),
        (["007", "7"], ["007", "7"]),
        (["a", "7"], ["a", "7"]),
        (["1.000", "1"], ["1.000", "1"]),
    ],
)
def test_subscribers_are_whole_numbers_or_text(ids: list[str], expected: list[Any]) -> None:
    table = load(f"who,plan,n\n{ids[0]},a,1\n{ids[1]},b,2\n", subscriber_column="who")
    assert table.subscriber is not None
    assert table.subscriber.tolist() == expected
    assert list(table.columns) == ["n"]


@pytest.mark.parametrize(
    ("cells", "year", "expected"),
    [
        (("11", "12"), 2018, ["2018-12-01", "2019-01-01"]),
        (("02", "1.0"), 2020, ["2020-03-01", "2020-02-01"]),
        (("2018-11", "2018-12"), None, ["2018-12-01", "2019-01-01"]),
        (("201811", "201812"), None, ["2018-12-01", "2019-01-01"]),
        (("2018-11-30", "2018-12-31 23:59"), None, ["2018-11-30", "2018-12-31"]),
        (("20181130", "20181231"), None, ["2018-11-30", "2018-12-31"]),
        (("2018/11/30", "2018/12/31"), None, ["2018-11-30", "2018-12-31"]),
        (("30.11.2018", "1.2.2018"), None, ["2018-11-30", "2018-02-01"]),
        (("11/30/2018", "1/2/2018"), None, ["2018-11-30", "2018-01-02"]),
        (("30/11/2018", "1/2/2018"), None, ["2018-11-30", "2018-02-01"]),
        (("1/2/2018", "3/4/2018"), None, None),
        (("30/11/2018", "11/30/2018"), None, None),
        (("2018-11", "2018-12-01"), None, None),
        (("2018-02-30", "2018-03-01"), None, None),
        (("11", "12"), None, None),
        (("13", "12"), 2018, None),
        (("2018-11", "2018-12"), 2018, None),
        (("soon", "later"), None, None),
    ],
)
def test_the_instant_is_the_day_after_a_month_or_the_date_itself(
    cells: tuple[str, str], year: int | None, expected: list[str] | None
) -> None:
    text = f"when,plan,n\n{cells[0]},a,1\n{cells[1]},b,2\n"
    if expected is None:
        assert "column 'when' (data.time_column)" in message(text, time_column="when", time_year=year)
    else:
        as_of = load(text, time_column="when", time_year=year).as_of
        assert as_of is not None
        assert as_of.dtype == "datetime64[D]"
        assert as_of.astype(str).tolist() == expected


def test_usage_becomes_lag_columns_in_steps_of_a_hundredth() -> None:
    table = load("plan,mb used,n\na,1.005,1\nb,0.128,2\n", usage_columns={"data_mib": "mb used"})
    assert list(table.columns) == ["data_mib.1", "n"]
    np.testing.assert_allclose(table.columns["data_mib.1"] * 100, [100, 13], atol=1e-9)
    assert [(column.name, column.becomes) for column in table.inputs] == [
        ("mb used", "data_mib.1"),
        ("n", "n"),
    ]


@given(st.lists(st.floats(0, MAX_USAGE) | st.decimals(0, 1000, places=3).map(float), min_size=2, max_size=20))
def test_usage_is_quantised_once_to_the_nearest_hundredth(usage: list[float]) -> None:
    """Usage that was quantised before does not change when it is read again."""
    once = quantised(np.array(usage))
    np.testing.assert_array_equal(quantised(once), once)
    assert np.abs(once - usage).max() <= 0.005 + 1e-15 * MAX_USAGE
    table = load(written([["a", "b"] * len(usage), usage * 2], ["plan", "n"], {}), usage_columns={"sms": "n"})
    np.testing.assert_array_equal(table.columns["sms.1"], np.tile(once, 2))


def test_options_know_if_they_have_usage_and_time() -> None:
    bare, full = options(), options(usage_columns={"sms": "texts"}, time_column="month")
    assert tuple(bare.usage_columns) == get_args(UsageName) == Usage.ALL
    assert (bare.gives, bare.has_usage, bare.has_time) == ("rows", False, False)
    assert (full.has_usage, full.has_time) == (True, True)


def test_columns_named_like_ours_are_kept_under_another_name() -> None:
    table = load("plan,held,as_of,sms.1,texts\na,1,3,5,0\nb,2,4,6,1\n", usage_columns={"sms": "texts"})
    assert list(table.columns) == ["sms.1", "held (file)", "as_of (file)", "sms.1 (file)"]
    assert [column.name for column in table.inputs] == ["texts", "held", "as_of", "sms.1"]
    assert table.columns["sms.1"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("", "{i}"),
        ("Unnamed: 0", "{i}"),
        ("row", "{i}"),
        ("shuffled", "{s}"),
        ("customer_id", "{k}"),
        ("customerID", "{k}"),
        ("Phone Number", "0{k}"),
        ("reference", "ref-{k}"),
        ("uuid", "{k}-x"),
        ("user_id", "{i}"),
        ("order_id", "{k}/2018"),
    ],
)
def test_ids_are_dropped_with_a_note(header: str, cell: str) -> None:
    lines = [
        cell.format(i=i, s=i * 7 % 30, k=5000 + i * i * 13) + f",{'ab'[i % 2]},{i % 3}" for i in range(30)
    ]
    table = load("\n".join([f"{header},plan,n", *lines]))
    assert list(table.columns) == ["n"]
    assert mentions(table, "dropped as id", header.replace("Unnamed: 0", "unnamed 1"))


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("minutes", "{i}.25"),
        ("seconds", "{k}"),
        ("paid", "{k}"),
        ("spend", "{k},50"),
        ("mostly", "{k}.5{x}"),
        ("joined", "2018-01-{d}"),
        ("thousands", "{k},834.0"),
        ("thousands", "{k}.834,0"),
        ("spend", "€{k}.50"),
        ("spend", "US$ {k}"),
        ("spend", "EUR {k}.50"),
        ("spend", "(£{k}.50)"),
        ("spend", "{k}.50 zł"),
        ("share", "{k}.3%"),
        ("", "{k}.3%"),
    ],
)
def test_measurements_that_all_differ_are_kept(header: str, cell: str) -> None:
    lines = [
        cell.format(i=i, k=i * i * 13, x="" if i else " min", d=f"{i + 1:02}") + f";{'ab'[i % 2]};{i % 3}"
        for i in range(30)
    ]
    assert list(load("\n".join([f"{header};plan;n", *lines])).columns) == [header or "unnamed 1", "n"]


@pytest.mark.parametrize("cells", ["6,83,4.0", "€12.50", "12.3%", "-$5", "12 GB"])
def test_amounts_that_are_read_as_text_are_doubted(cells: str) -> None:
    table = load(rows("amount;plan", 30, f"{cells};{{p}}").replace(cells, "", 1))
    assert kinds(table) == {"amount": "text"}
    assert mentions(table, "'amount' is read as text", "begin like numbers", f"the first is '{cells}'")


def test_words_and_codes_are_not_doubted() -> None:
    text = "plan,region,zip,code\na,north,0150,AB1\nb,south,5003,ref-2\n"
    assert not mentions(load(text), "is read as text")


def test_values_of_few_rows_do_not_show_an_id() -> None:
    assert list(load("town,age,plan\nOslo,31,a\nBergen,32,b\nArendal,33,a\n").columns) == ["town", "age"]


def test_a_repeated_id_is_kept_with_the_option_that_names_the_subscriber() -> None:
    lines = [f"{i // 2},{i % 3},{'ab'[i % 2]}" for i in range(100)]
    text = "\n".join(["user_id,region_id,plan", *lines])
    table = load(text)
    assert list(table.columns) == ["user_id", "region_id"]
    assert mentions(table, "'user_id'", "50 values in 100 rows", "type data.subscriber_column=user_id,")
    assert not mentions(table, "'region_id'")
    assert not load(text, subscriber_column="user_id").notes


@pytest.mark.parametrize(
    "header", ["user", "Subscriber", "customer", "ACCOUNT", "account number", "customer_no", "client"]
)
@pytest.mark.parametrize("cell", ["{k}", "line {k}"])
def test_a_repeated_subscriber_is_kept_with_the_option_that_names_it(header: str, cell: str) -> None:
    lines = [cell.format(k=1000 + i // 2 * 7) + f",{'ab'[i % 2]}" for i in range(100)]
    table = load("\n".join([f"{header},plan", *lines]))
    assert list(table.columns) == [header]
    naming = typed({"data.subscriber_column": header})
    assert mentions(table, f"'{header}' is used as a feature", f"type {naming},")


@pytest.mark.parametrize(
    ("header", "cell"), [("account", "{k}.5"), ("customer_value", "{k}"), ("user", "{b}"), ("users", "true")]
)
def test_balances_and_kinds_of_customers_do_not_name_subscribers(header: str, cell: str) -> None:
    lines = [cell.format(k=i * 7, b=i % 3) + f",{'ab'[i % 2]}" for i in range(100)]
    assert not mentions(load("\n".join([f"{header},plan", *lines])), "data.subscriber_column=")


def test_codes_with_leading_zeros_or_sixteen_digits_are_text() -> None:
    table = load("zip,card,plan\n0150,4000123412341234,a\n0150,4000123412341235,b\n5003,4000123412341234,a\n")
    assert kinds(table) == {"zip": "text", "card": "text"}
    assert table.columns["card"][:2].tolist() == ["4000123412341234", "4000123412341235"]


def test_a_column_of_numbers_and_a_few_words_is_text_and_doubted() -> None:
    table = load(rows("spend,plan", 30, "{i},{p}").replace("\n7,", "\nunknown,"))
    assert kinds(table) == {"spend": "text"}
    assert mentions(table, "'spend'", "1 of its cells is not a number", "'unknown'")


def test_dates_with_ambiguous_day_and_month_stay_text_and_are_doubted() -> None:
    table = load("joined,plan\n1/2/2018,a\n3/4/2018,b\n")
    assert kinds(table) == {"joined": "text"}
    assert mentions(table, "day and month cannot be distinguished", "'1/2/2018'")


def test_a_table_without_subscribers_has_a_note_about_its_scores() -> None:
    assert mentions(load("n,plan\n1,a\n2,b\n"), "data.subscriber_column", "both sides of every split")
    assert not load("n,who,plan\n1,x,a\n2,y,b\n", subscriber_column="who").notes


def test_one_row_has_no_plural() -> None:
    table = load("n,plan\n1,a\n2,b\n1,a\n")
    assert mentions(table, "1 of 3 rows repeats an earlier row exactly, the first is line 4")
    table = load(rows("spend,plan", 30, "{i},{p}").replace("\n7,", "\nunknown,"))
    assert mentions(table, "1 of its cells is not a number,")


def test_exact_duplicates_are_reported_or_dropped() -> None:
    text = ",n,m,plan\n0,1,5,a\n1,2,5,b\n2,1,5,a\n3,1,,a\n4,1,,a\n"
    kept, dropped = load(text), load(text, exact_duplicates="drop")
    assert mentions(
        kept, "2 of 5 rows repeat an earlier row exactly, the first is line 4", "data.exact_duplicates=drop"
    )
    assert len(kept.label) == 5
    np.testing.assert_array_equal(dropped.columns["m"], [5, 5, np.nan])
    assert dropped.label.tolist() == ["a", "b", "a"]
    assert mentions(dropped, "2 of 5 rows", "dropped")


def test_column_names_fit_with_one_blank_or_with_those_of_the_file() -> None:
    text = "Call  Failure, Tariff\tPlan\n1,a\n2,b\n"
    for name in ("Tariff Plan", " Tariff\tPlan"):
        table = load(text, plan_column=name)
        assert list(table.columns) == ["Call Failure"]
    assert mentions(table, "2 column name(s)", "'Call Failure'")


def test_every_problem_of_every_column_is_in_one_error() -> None:
    text = "calls,mb,plan,extra\n1,-2,a,0\n-3,x,,0\n,1e10,b,inf\n-4,5,b,0\n"
    assert message(
        text,
        usage_columns={"voice_calls": "calls", "data_mib": "mb", "sms": "extras"},
        subscriber_column="user",
        drop_columns=["calls"],
    ).splitlines() == [
        "table.csv (4 rows) does not fit the options data.*",
        "  - data.subscriber_column: no column 'user'",
        "  - data.usage_columns.sms: no column 'extras' (did you mean 'extra'?)",
        "  - the file has 4 column(s): 'calls', 'mb', 'plan', 'extra'",
        "  - column 'calls' can have one role only, it has 2:"
        " data.usage_columns.voice_calls, data.drop_columns[0]",
        "  - column 'plan' (data.plan_column) must not be blank (NA, N/A, n/a ... count as blank) at line 3",
        "  - column 'calls' (data.usage_columns.voice_calls) must not be blank"
        " (NA, N/A, n/a ... count as blank) at line 4",
        "  - column 'calls' (data.usage_columns.voice_calls) must be >= 0,"
        " got '-3' at line 3 (2 such rows, also line 5)",
        "  - column 'mb' (data.usage_columns.data_mib) must hold numbers, got 'x' at line 3",
        "  - column 'mb' (data.usage_columns.data_mib) must be >= 0, got '-2' at line 2",
        "  - column 'mb' (data.usage_columns.data_mib) must be at most 1,000,000,000, got '1e10' at line 4",
        "  - column 'extra' must be finite, got 'inf' at line 4: leave such cells blank,"
        " or add the column to data.drop_columns",
        "  - an amount below 0 is a correction: net it with the month that it corrects",
    ]


def test_numbers_beyond_the_limit_are_refused_with_column_count_and_places() -> None:
    text = message("n,m,plan\n1e30,1e300,a\n-1e30,5,b\n-1.1e30,1e31,b\n,-1e300,a\n")
    assert text.splitlines()[1:] == [
        "  - column 'n' must be within -1e+30 and 1e+30, got '-1.1e30' at line 4:"
        " leave such cells blank, or add the column to data.drop_columns",
        "  - column 'm' must be within -1e+30 and 1e+30, got '1e300' at line 2"
        " (3 such rows, also line 4, line 5):"
        " leave such cells blank, or add the column to data.drop_columns",
    ]


def test_whole_numbers_too_big_for_integers_are_refused_in_parquet_too() -> None:
    with pytest.raises(DataError, match=r"must be at most 1,000,000,000, got '1e.?30' at row 2"):
        load_parquet({"plan": ["a", "b"], "n": [1.0, 1e30]}, usage_columns={"sms": "n"})
    with pytest.raises(DataError, match="'n' must be finite, got '-inf' at row 1"):
        load_parquet({"plan": ["a", "b"], "n": [-np.inf, 1e30]})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "table.csv is empty (0 bytes): it must hold a header and rows"),
        ("\n \n", "table.csv is empty (3 bytes): it must hold a header and rows"),
        ("n,plan\n", "table.csv has 2 column(s) but no rows"),
        (
            "n,m,plan\n1,2,a\n1,2\n\n1,2,3,b\n",
            "table.csv: every row must have 3 cells, as the header has\n  - line 3 has 2\n  - line 5 has 4",
        ),
        (
            "n,n,m,m,plan\n1,2,3,4,a\n",
            "table.csv: column names must differ\n"
            "  - 'n' is the name of columns 1, 2\n"
            "  - 'm' is the name of columns 3, 4",
        ),
        (
            'n,plan\n1,a\n"2,b\n3,b\n',
            "table.csv: the row that begins on line 3 cannot be cut into cells: unexpected end of data;"
            " is a quotation mark left open?",
        ),
        (
            b"PK\x03\x04",
            "table.csv is a damaged spreadsheet: File is not a zip file; save it again",
        ),
        (
            b"\x1f\x8b\x08",
            "table.csv must be CSV, Parquet or .xlsx, it is compressed by gzip: unpack it first",
        ),
        (b"n,pl\x00an\n", "table.csv is not text: NUL at character 5; save it as UTF-8 CSV"),
        (
            "n,plan\n1,ä\n2,ö\n3,ü".encode() + b"\xff\n",
            "table.csv is UTF-8 text but for 1 place(s), first on line 4: save it again",
        ),
        (
            b"\xff\xfea",
            "table.csv begins with the byte-order mark of utf-16 but is not utf-16 text: truncated data",
        ),
        (
            "n,Plan\n1,a\n",
            "table.csv (1 row) does not fit the options data.*\n"
            "  - data.plan_column: no column 'plan' (did you mean 'Plan'?)\n"
            "  - the file has 2 column(s): 'n', 'Plan'",
        ),
        (
            "n,plan\n1,a\n2,a\n",
            "table.csv (2 rows) does not fit the options data.*\n"
            "  - column 'plan' (data.plan_column) must hold two plans or more, it holds only 'a'",
        ),
        (
            "plan\na\nb\n",
            "table.csv (2 rows) does not fit the options data.*\n"
            "  - no column is left to learn from; the file has 'plan'",
        ),
        (
            rows("n,plan", 30, "1,{i}.5"),
            "table.csv (30 rows) does not fit the options data.*\n"
            "  - column 'plan' (data.plan_column) must hold plans, it holds 30 different values in 30 rows:"
            " '0.5', '1.5', '10.5', '11.5', '12.5', and 25 more",
        ),
    ],
)
def test_a_file_without_a_table_of_plans_is_refused(content: str | bytes, expected: str) -> None:
    assert message(content) == expected


def test_many_ragged_rows_are_counted_and_the_first_shown() -> None:
    text = message(rows("n,plan", 40, "{i}").replace("plan\n0\n", "plan\n0,a\n"))
    assert text.splitlines()[1:] == [
        *(f"  - line {line} has 1" for line in range(3, 8)),
        "  - ... and 34 more rows",
    ]


def test_line_numbers_count_quoted_line_ends_and_blank_lines() -> None:
    text = 'n,remark,plan\n1,"two\nlines",a\n\n-1,x,b\n-2,y,b\n-3,z,b\n'
    assert "got '-1' at line 5 (3 such rows, also line 6, line 7)" in message(
        text, usage_columns={"sms": "n"}
    )


def test_blank_subscribers_and_times_are_refused() -> None:
    text = message("who,when,plan,n\nx,,a,1\n?,2018-11,b,2\n", subscriber_column="who", time_column="when")
    assert (
        "column 'who' (data.subscriber_column) must not be blank (NA, N/A, n/a ... count as blank),"
        " got '?' at line 3" in text
    )
    assert (
        "column 'when' (data.time_column) must not be blank (NA, N/A, n/a ... count as blank) at line 2"
        in text
    )


@pytest.mark.parametrize("numbers", ["1.5 2.5 x", "1,5 2,5 x"])
def test_one_word_among_usage_numbers_is_the_only_one_named(numbers: str) -> None:
    text = "plan;n\n" + "".join(f"{plan};{cell}\n" for plan, cell in zip("aba", numbers.split(), strict=True))
    assert message(text, usage_columns={"sms": "n"}).endswith("must hold numbers, got 'x' at line 4")


def test_nan_in_parquet_is_blank() -> None:
    with pytest.raises(
        DataError, match=r"'plan' .* must not be blank .* at row 2\n.*'n' .* must not be blank .* 3"
    ):
        load_parquet({"plan": [1.0, np.nan, 2.0], "n": [1.0, 2.0, np.nan]}, usage_columns={"sms": "n"})


def test_the_label_cannot_be_usage_too() -> None:
    text = message("plan,n\n1,2\n2,3\n", usage_columns={"sms": "plan"})
    assert "column 'plan' can have one role only, it has 2: data.plan_column, data.usage_columns.sms" in text


def test_month_numbers_without_a_year_name_the_option_to_set() -> None:
    text = message("m,plan,n\n11,a,1\n12,b,2\n", time_column="m")
    assert "holds month numbers 1 to 12: set data.time_year to their year, got '11' at line 2" in text


def test_names_for_plans_that_do_not_occur_are_refused() -> None:
    text = message("plan,n\n0,1\n1,2\n", plan_names={"0": "smart", "2": "ultra"})
    assert "data.plan_names: no plan '2' in column 'plan'; it has '0', '1'" in text


def test_problems_in_thousands_of_columns_are_cut_short() -> None:
    header = ",".join(f"c{at}" for at in range(1_000))
    text = message(f"plan,{header}\n" + "".join(f"{plan}{',inf' * 1_000}\n" for plan in "ab"))
    assert len(text.splitlines()) == 32
    assert text.endswith("... and 970 more")


def test_damaged_and_false_parquet_files_are_refused() -> None:
    Path("table.parquet").write_bytes(b"n,plan\n1,a\n")
    with pytest.raises(DataError, match=r"is not a Parquet file: it must begin with b'PAR1', got b'n,pl'"):
        options(path="table.parquet").load(None)
    Path("table.parquet").write_bytes(b"PAR1 and no more PAR1")
    with pytest.raises(DataError, match=r"^table.parquet is a damaged Parquet file: "):
        options(path="table.parquet").load(None)
    with pytest.raises(DataError, match=r"^table.parquet has 2 column\(s\) but no rows$"):
        load_parquet({"plan": pa.array([], pa.string()), "n": pa.array([], pa.int64())})


def test_nested_parquet_types_are_refused_unless_dropped() -> None:
    columns = {"plan": ["a", "b"], "n": [1, -2], "many": [[1], [2, 3]]}
    with pytest.raises(DataError) as caught:
        load_parquet(columns, usage_columns={"sms": "n"}, subscriber_column="many")
    assert "column 'many' (data.subscriber_column) must hold numbers, booleans, dates or text, it" in str(
        caught.value
    )
    assert "must be >= 0, got '-2' at row 2" in str(caught.value)
    with pytest.raises(
        DataError,
        match=r"column 'many' must hold numbers, .* it holds list<.*type 'data.drop_columns=\[many\]'",
    ):
        load_parquet(columns)
    assert list(load_parquet(columns, drop_columns=["many"]).columns) == ["n"]


def test_files_are_found_by_path_then_below_planrec_data(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = empty_folder / "named"
    monkeypatch.setenv("PLANREC_DATA", str(named))
    for number, folder in ((2, named), (1, empty_folder)):
        (folder / "here").mkdir(parents=True)
        (folder / "here" / "table.csv").write_text(f"n,plan\n{number},a\n{number},b\n")
        assert options(path="here/table.csv").load(None).columns["n"].tolist() == [number, number]


def test_no_folder_outside_the_working_directory_is_searched_unasked(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = empty_folder.parent / "shared" / "data"
    beside.mkdir(parents=True)
    (beside / "table.csv").write_text("n,plan\n1,a\n2,b\n")
    monkeypatch.setenv("PLANREC_DATA", "")
    with pytest.raises(DataError) as caught:
        options(path="table.csv").load(None)
    assert str(caught.value).splitlines() == [
        "data.path: no file 'table.csv'; set data.path to the file, or PLANREC_DATA to the folder it is in",
        "  - not found: table.csv",
    ]


def test_a_missing_file_names_the_places_the_variable_and_a_near_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("users.csv").write_text("n,plan\n")
    monkeypatch.setenv("PLANREC_DATA", "elsewhere")
    with pytest.raises(DataError) as caught:
        options(path="user.csv").load(None)
    assert str(caught.value).splitlines() == [
        "data.path: no file 'user.csv' (did you mean 'users.csv'?);"
        " set data.path to the file, or PLANREC_DATA to the folder it is in",
        "  - not found: user.csv",
        f"  - not found: {Path('elsewhere/user.csv')}",
    ]


def test_a_directory_is_refused_with_the_files_in_it() -> None:
    Path("folder").mkdir()
    Path("folder", "users.csv").touch()
    with pytest.raises(DataError) as caught:
        options(path="folder").load(None)
    assert str(caught.value) == "data.path must be a file, 'folder' is a directory; files in it: 'users.csv'"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is readable here")
def test_an_unreadable_file_is_refused() -> None:
    Path("table.csv").write_text("n,plan\n")
    Path("table.csv").chmod(0)
    with pytest.raises(DataError, match=r"^table.csv cannot be read: Permission denied$"):
        options().load(None)


def test_every_preset_sets_fields_of_the_option_and_drops_columns() -> None:
    for path in CONF.glob("*.yaml"):
        values = yaml.safe_load(path.read_text("utf-8"))
        if "table@_here_" in map(str, values.get("defaults", [])):
            assert options(path.stem).plan_column


def test_megaline_ru_is_subscriber_months_with_usage(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    table = options("megaline_ru").load(None)
    assert list(table.columns) == ["voice_calls.1", "voice_minutes.1", "sms.1", "data_mib.1"]
    assert table.subscriber is not None
    assert table.as_of is not None
    assert (len(table.label), len(set(table.subscriber))) == (2614, 398)
    assert set(table.label) == {"smart", "ultra"}
    assert (table.as_of.min(), table.as_of.max()) == (
        np.datetime64("2018-02-01"),
        np.datetime64("2019-01-01"),
    )
    assert table.notes == ()


def test_megaline_ru_public_has_no_people_and_a_note_about_it(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    table, whole = options("megaline_ru_public").load(None), options("megaline_ru").load(None)
    assert table.subscriber is None
    assert mentions(table, "data.subscriber_column", "both sides of every split", "better than")
    for name, array in whole.columns.items():
        np.testing.assert_array_equal(np.sort(table.columns[name]), np.sort(array))


def test_iranian_operator_leaves_out_copies_leaks_and_personal_data(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    table = options("iranian_operator").load(None)
    assert len(table.label) == 2850
    assert mentions(table, "300 of 3,150 rows", "dropped")
    assert mentions(table, "3 column name(s)", "'Call Failure'")
    assert not {"Charge Amount", "Customer Value", "Churn", "Age", "Age Group", "Tariff Plan"} & set(
        table.columns
    )


def test_the_reader_is_imported_only_when_a_file_is_read() -> None:
    code = "import sys, planrec.data; print('planrec.data.reading.input_file' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(CONF.parent.parent)}
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert answer.stdout.strip() == "False"
