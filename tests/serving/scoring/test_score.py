"""Scoring a file: the answers of the API, all bad values in one message, no half-written file."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from planrec.catalogue.monthly_cost import savings
from planrec.cli import main
from planrec.data.reading import parquet_file, text_file
from planrec.recommending.amounts import decimals
from planrec.runs.read import SavedRun, load_run
from planrec.schema.decision_rows import running_month
from planrec.schema.request import read_request
from planrec.serving.scoring import part_columns, subscriber_parts
from planrec.serving.scoring.scorer import Scorer
from tests.conftest import STRANGERS_TABLE
from tests.trained_runs import train_into

PLANS = ("mini", "light", "base", "plus", "max", "unlimited")
USAGE = ("voice_calls", "voice_minutes", "voice_minutes_billed", "sms", "data_mib")


def months_table(n: int = 7, n_months: int = 5, seed: int = 0) -> pd.DataFrame:
    """Make subscribers s01, s02 ... from 2026-01 on, with all columns that a run on bills reads."""
    generator = np.random.default_rng(seed)
    rows = n * n_months
    table = pd.DataFrame({"subscriber": [f"s{row // n_months:04}" for row in range(rows)]})
    table["month"] = [f"2026-{1 + row % n_months:02}" for row in range(rows)]
    table["plan_held"] = [PLANS[row // n_months % len(PLANS)] for row in range(rows)]
    for name in USAGE:
        table[name] = np.round(generator.gamma(2, 9_000 if name == "data_mib" else 150, rows), 2)
    return table


def requests_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the requests to the API about these subscribers."""
    requests = []
    for _, rows in table.groupby("subscriber", sort=True):
        last = rows.sort_values("month").iloc[-1]
        months = [
            {"month": row["month"]} | {name: float(row[name]) for name in USAGE} for _, row in rows.iterrows()
        ]
        held = last["plan_held"] or None
        advice = last.get("last_recommended") or None
        requests.append({"months": months, "attributes": {}, "plan_held": held, "last_recommended": advice})
    return requests


def money(amount: float) -> Decimal:
    """Return an amount as the API writes it."""
    [[[text]]] = decimals(np.array([[[amount]]]), 100)
    return Decimal(text)


def expected(saved: SavedRun, requests: list[dict[str, Any]], language: Any = "en") -> list[dict[str, Any]]:
    """Return the answers to the same requests, one by one."""
    answers = []
    for request in requests:
        table = saved.recommender.table([read_request(request)])
        prediction, decisions = saved.recommender.recommend(table)
        [sentences] = saved.recommender.reasons(table, language).of_decisions(prediction, decisions)
        plan, saving = int(decisions.recommended[0]), savings(table, prediction)
        is_known = plan >= 0 and saving is not None and not np.isnan(saving[0, plan])
        answers.append(
            {
                "plan": saved.recommender.plans[plan] if plan >= 0 else None,
                "decision": decisions.decision[0],
                "saving": money(saving[0, plan]) if is_known else None,
                "reason": decisions.reason[0],
                "sentence": sentences.full,
                "sentence_short": sentences.short,
            }
        )
    return answers


def score(*words: object) -> int:
    return main(["score", *map(str, words)])


def scored(saved: SavedRun, table: pd.DataFrame, folder: Path, suffix: str = "csv", *options: str) -> Path:
    source, target = folder / f"in.{suffix}", folder / f"out.{suffix}"
    table.to_csv(source, index=False) if suffix == "csv" else table.to_parquet(source, index=False)
    assert score(source, target, "--run", saved.folder, *options) == 0
    return target


def read_same(file: Path) -> pd.DataFrame:
    """Read the columns that do not depend on the bytes of the input file."""
    return read(file).drop(columns="recommendation_id")


def read(file: Path) -> pd.DataFrame:
    if file.suffix == ".csv":
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    frame = pq.read_table(file).to_pandas()
    return frame.map(lambda cell: "" if pd.isna(cell) else str(cell))


@st.composite
def month_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Gaps, one month, unknown plans, last advice, whole and broken amounts, months in any order."""
    rows: list[dict[str, Any]] = []
    amount = st.integers(0, 10**6).map(lambda hundredths: hundredths / 100) | st.sampled_from([0.0, 1e9])
    for subscriber in range(draw(st.integers(1, 4))):
        months = draw(st.lists(st.integers(0, 13), min_size=1, max_size=9, unique=True))
        held, advice = (draw(st.sampled_from(["", *PLANS])) for _ in range(2))
        for month in months:
            cells = {"subscriber": f"s{subscriber}", "month": str(np.datetime64("2025-01") + month)}
            usage = {name: draw(amount) for name in USAGE}
            rows.append(cells | {"plan_held": held, "last_recommended": advice} | usage)
    return pd.DataFrame(rows)


@pytest.mark.filterwarnings("ignore:usage .* is (tiny|huge):UserWarning")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(month_tables(), st.sampled_from(["en", "es"]))
def test_a_scored_file_equals_the_answers_of_the_api(
    saved: SavedRun, table: pd.DataFrame, language: Any
) -> None:
    answers = Scorer(saved, language, True).score(pa.Table.from_pandas(table)).to_pylist()
    wanted = expected(saved, requests_of(table), language)
    found = [{name: answer[name] for name in wanted[0]} for answer in answers]
    assert found == wanted, (found, wanted)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_command_writes_these_answers(saved: SavedRun, tmp_path: Path, suffix: str) -> None:
    table = months_table()
    found = read(scored(saved, table, tmp_path, suffix))
    assert found["subscriber_ref"].tolist() == sorted(set(table["subscriber"]))
    for name in ("plan", "decision", "reason", "sentence", "sentence_short"):
        assert found[name].tolist() == [answer[name] for answer in expected(saved, requests_of(table))]
    assert found["saving"].tolist() == [str(each["saving"]) for each in expected(saved, requests_of(table))]
    assert set(found["saving_p50"]) == {""}


def test_csv_and_parquet_give_the_same(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table(n=20)
    pd.testing.assert_frame_equal(
        read_same(scored(saved, table, tmp_path, "csv")), read_same(scored(saved, table, tmp_path, "parquet"))
    )


def test_months_as_simulate_writes_them_are_scored(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table(n=6)
    usual = read_same(scored(saved, table, tmp_path))
    history = table.rename(columns={"plan_held": "plan"})
    pd.testing.assert_frame_equal(read_same(scored(saved, history, tmp_path)), usual)
    # A file that has `plan_held` means it: another column `plan` is not read.
    both = table.assign(plan="no plan of the catalogue")
    pd.testing.assert_frame_equal(read_same(scored(saved, both, tmp_path)), usual)


def test_a_mistyped_plan_held_is_still_suggested(saved: SavedRun, tmp_path: Path, capsys: Any) -> None:
    months_table().rename(columns={"plan_held": "plan_heldd"}).to_csv(tmp_path / "typo.csv", index=False)
    assert score(tmp_path / "typo.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    assert "no column 'plan_held' (did you mean 'plan_heldd'?)" in capsys.readouterr().err


@pytest.mark.parametrize("size", [1, 4, 7, 1000])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_size_of_the_parts_changes_nothing(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, suffix: str
) -> None:
    table = months_table(n=9)
    usual = read(scored(saved, table, tmp_path, suffix))
    monkeypatch.setattr(parquet_file, "BATCH_ROWS", size)
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 120 * size)
    pd.testing.assert_frame_equal(read(scored(saved, table, tmp_path, suffix)), usual)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_may_come_in_any_order(saved: SavedRun, tmp_path: Path, suffix: str, capsys: Any) -> None:
    table = months_table(n=30)
    usual = read_same(scored(saved, table, tmp_path, suffix))
    by_month = table.sort_values(["month", "subscriber"])
    pd.testing.assert_frame_equal(read_same(scored(saved, by_month, tmp_path, suffix)), usual)
    assert "(sorted by subscriber, as the file was not)" in capsys.readouterr().out


def test_numbers_in_their_own_order_need_no_sorting(saved: SavedRun, tmp_path: Path, capsys: Any) -> None:
    table = months_table(n=12)
    table["subscriber"] = np.arange(len(table)) // 5 + 5
    found = read(scored(saved, table, tmp_path))
    assert found["subscriber_ref"].tolist() == [str(number) for number in range(5, 17)]
    assert "sorted" not in capsys.readouterr().out


def test_without_reasons_only_the_sentences_are_left_out(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table()
    full = read(scored(saved, table, tmp_path))
    short = read(scored(saved, table, tmp_path, "csv", "--no-reasons"))
    pd.testing.assert_frame_equal(short, full.drop(columns=["sentence", "sentence_short"]))


def test_a_run_over_rows_scores_its_training_table(row_run: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "customers.csv", tmp_path / "out.parquet"
    source.write_text(STRANGERS_TABLE, "utf-8")
    assert score(source, target, "--run", row_run) == 0
    found, golden = pq.read_table(target).to_pylist(), load_run(row_run).manifest.golden
    assert [row["subscriber_ref"] for row in found] == [str(number) for number in range(1, 61)]
    rows = np.unique(np.linspace(0, 59, len(golden.requests)).astype(int))
    plans = load_run(row_run).recommender.plans
    assert [found[row]["plan"] for row in rows] == [plans[plan] for plan in golden.recommended]
    assert {row["saving"] for row in found} == {None}
    best = f"We recommend {found[0]['plan']}: it is the plan that fits usage like yours best (probability "
    assert found[0]["sentence"].startswith(best)


@pytest.fixture(scope="module")
def operators_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a run on an operator's file with its own names, and that file."""
    folder = tmp_path_factory.mktemp("operator")
    table = months_table(n=40, n_months=12).rename(
        columns={"subscriber": "msisdn", "month": "period", "plan_held": "tariff", "data_mib": "mb"}
    )
    table["period"] = table["period"].str.replace("2026", "2025")  # a whole year that is over
    table["tariff"] = table["tariff"].replace({"mini": "S", "max": "XL"})
    table["region"] = ["north", "south"][0]
    table.loc[table.index % 24 < 12, "region"] = "south"
    table.to_csv(folder / "operator.csv", index=False, sep=";", decimal=",")
    named = ("subscriber=msisdn", "month=period", "plan=tariff")
    options = [f"data.{role.split('=')[0]}_column={role.split('=')[1]}" for role in named]
    run = train_into(
        folder / "outputs" / "2030-01-31" / "12-00-00-abc123",
        *(f"data=usage_months data.path={folder}/operator.csv".split()),
        *options,
        "data.usage_columns.data_mib=mb",
        "data.usage_columns.voice_minutes_billed=voice_minutes_billed",
        *("+data.plan_names.S=mini", "+data.plan_names.XL=max"),
        *("catalogue=ladder", "target=best_bill", "model=rerate_3", "baselines=[]"),
        small=("cv.n_folds=2", "n_bootstrap=20", "threads=1"),
    )
    return run, folder / "operator.csv"


def test_the_file_that_a_run_was_trained_on_is_scored_as_it_is(
    operators_run: tuple[Path, Path], tmp_path: Path
) -> None:
    run, file = operators_run
    assert score(file, tmp_path / "out.csv", "--run", run, "--language", "es") == 0
    found = read(tmp_path / "out.csv")
    assert len(found) == 40
    assert set(found["plan"]) <= set(PLANS)
    advised = found[found["decision"] == "recommend"]
    assert advised["sentence"].str.startswith("Le recomendamos ").all()
    assert advised["sentence"].str.contains("on su consumo de los últimos 6 meses").all()
    assert found[found["decision"] == "stay"]["sentence"].str.startswith("Quédese con ").all()
    assert set(found["decision"]) == {"recommend", "stay"}


BROKEN = {
    "an unknown plan": ("s0000,2026-03,huge,1,1,1,1,1", ["'huge' is not one of them", "line 4"]),
    "a month twice": (
        "s0000,2026-02,mini,1,1,1,1,1",
        ["one row per month", "line 3 (2 such rows"],
    ),
    "a month that does not exist": (
        "s0000,2026-13,mini,1,1,1,1,1",
        ["'month' must hold months", "'2026-13'"],
    ),
    "a date with two readings": (
        "s0000,01/03/2026,mini,1,1,1,1,1",
        [
            "column 'month' must write dates year first (2018-11-30): day and month can be confused",
            "got '01/03/2026' at line 4",
        ],
    ),
    "a month that is not over": ("s0000,2099-01,mini,1,1,1,1,1", ["'month' must hold months that are over"]),
    "a negative amount": ("s0000,2026-03,mini,1,1,1,-4,1", ["'sms' must be >= 0, got '-4' at line 4"]),
    "an amount that is no number": ("s0000,2026-03,mini,1,1,1,lots,1", ["must hold numbers, got 'lots'"]),
    "a blank amount": (
        "s0000,2026-03,mini,1,1,1,,1",
        ["'sms' must not be blank (NA, N/A, n/a ... count as blank) at line 4"],
    ),
    "infinity": ("s0000,2026-03,mini,1,1,1,inf,1", ["'sms' must be finite, got 'inf' at line 4"]),
    "too much": ("s0000,2026-03,mini,1,1,1,1e10,1", ["'sms' must be at most 1,000,000,000"]),
    "far too much": (
        "s0000,2026-03,mini,1,1,1,1e308,1",
        ["'sms' must be at most 1,000,000,000, got '1e308'"],
    ),
    "no subscriber": (
        ",2026-03,mini,1,1,1,1,1",
        ["'subscriber' must not be blank (NA, N/A, n/a ... count as blank) at line 4"],
    ),
    "a cell too many": ("s0000,2026-03,mini,1,1,1,1,1,9", ["every row must have 8 cells", "line 4 has 9"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_row_stops_scoring_and_is_reported(
    saved: SavedRun, tmp_path: Path, case: str, capsys: Any
) -> None:
    row, messages = BROKEN[case]
    lines = months_table(n=1, n_months=2).to_csv(index=False).splitlines()
    (tmp_path / "in.csv").write_text("\n".join([*lines, row, ""]), "utf-8")
    (tmp_path / "out.csv").write_text("the last answers", "utf-8")
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    error = capsys.readouterr().err
    assert all(message in error for message in messages), error
    assert (tmp_path / "out.csv").read_text("utf-8") == "the last answers"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"])
def test_dates_with_one_reading_are_scored_in_any_order_of_day_and_month(
    saved: SavedRun, tmp_path: Path, form: str
) -> None:
    table = months_table(n=3)
    usual = read_same(scored(saved, table, tmp_path))
    last_days = pd.to_datetime(table["month"]) + pd.offsets.MonthEnd(0)
    written = table.assign(month=last_days.dt.strftime(form))
    pd.testing.assert_frame_equal(read_same(scored(saved, written, tmp_path)), usual)


def test_notes_about_a_table_in_memory_are_warnings(saved: SavedRun) -> None:
    table = months_table(n=3)
    table["data_mib"] = table["data_mib"] / 1024
    with pytest.warns(UserWarning, match="'data_mib'"):
        Scorer(saved, "en", True).score(pa.Table.from_pandas(table))


@pytest.mark.parametrize(("now", "code"), [("2026-02-28T09:59:59Z", 1), ("2026-02-28T10:00:00Z", 0)])
def test_a_month_is_scored_once_it_is_over_at_utc_plus_14(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, now: str, code: int
) -> None:
    monkeypatch.setattr(part_columns, "running_month", partial(running_month, datetime.fromisoformat(now)))
    months_table(n=1, n_months=2).to_csv(tmp_path / "in.csv", index=False)
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == code
    told = "months that are over: it is 2026-02 now, got '2026-02' at line 3"
    assert (told in capsys.readouterr().err) == bool(code)


def test_all_bad_values_of_all_parts_are_reported_at_once(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    table = months_table(n=40).astype({"sms": object})
    table.loc[3, "sms"], table.loc[150, "sms"], table.loc[99, "month"] = -1.0, -2.0, "soon"
    table.to_csv(tmp_path / "in.csv", index=False)
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 1_000)
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    error = capsys.readouterr().err
    assert "'sms' must be >= 0, got '-1.0' at line 5 (2 such rows, also line 152)" in error
    assert "got 'soon' at line 101" in error


def damaged(table: pd.DataFrame, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield files that cannot be scored, and a part of the message about each."""
    table.to_parquet(folder / "whole.parquet")
    content = (folder / "whole.parquet").read_bytes()
    text = table.to_csv(index=False)
    for name, written, message in (
        ("cut.parquet", content[: len(content) // 2], "is a damaged Parquet file"),
        ("no.parquet", b"subscriber", "is not a Parquet file"),
        (
            "utf8.csv",
            text.replace("s0001", "ñandú").encode()[:-9] + b"\xff\n",
            "is UTF-8 text but for 1 place",
        ),
        ("empty.csv", b"", "is empty (0 bytes)"),
        ("header.csv", text.splitlines()[0].encode() + b"\n", "but no rows"),
        ("sheet.csv", b"PK\x03\x04", "a damaged spreadsheet"),
        ("nul.csv", text.encode() + b"\x00", "is not text"),
    ):
        (folder / name).write_bytes(written)
        yield folder / name, message
    table.drop(columns="month").rename(columns={"sms": "sns"}).to_csv(folder / "columns.csv", index=False)
    yield folder / "columns.csv", "no column 'month'"
    yield folder / "columns.csv", "no column 'sms' (did you mean 'sns'?)"


def test_files_that_cannot_be_read_are_reported(saved: SavedRun, tmp_path: Path, capsys: Any) -> None:
    for file, message in damaged(months_table(), tmp_path):
        assert score(file, tmp_path / "out.csv", "--run", saved.folder) == 1
        error = capsys.readouterr().err
        assert message in error, (file, error)
        assert not (tmp_path / "out.csv").exists()
    assert score(tmp_path / "nowhere.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_wrong_options_exit_with_2(tmp_path: Path, capsys: Any) -> None:
    for arguments in (
        ["a.csv", "a.csv"],
        ["a.csv", "out.xlsx"],
        ["a.csv"],
        ["a.csv", "b.csv", "--language", "fr"],
    ):
        assert score(*arguments) == 2
    error = capsys.readouterr().err
    assert "OUTPUT must be another file than INPUT, got 'a.csv' for both" in error
    assert "OUTPUT must end in .csv or .parquet, got 'out.xlsx'" in error


def test_the_pinned_run_answers_unless_another_is_named(bill_run: Path, tmp_path: Path, capsys: Any) -> None:
    months_table().to_csv(tmp_path / "in.csv", index=False)
    options = [str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "--outputs", str(bill_run.parents[1])]
    assert score(*options) == 1
    assert "no run is pinned" in capsys.readouterr().err
    assert score(*options, "--run", "latest") == 0
    assert f"advice of the run {load_run(bill_run).run_id}" in capsys.readouterr().out


def test_a_file_in_another_encoding_is_read(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table()
    table["subscriber"] = table["subscriber"].str.replace("s", "ñ")
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "in.csv").write_text(table.to_csv(index=False), encoding)
        assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 0
        assert read(tmp_path / "out.csv")["subscriber_ref"].tolist() == sorted(set(table["subscriber"]))


def test_too_many_months_of_one_subscriber_are_reported(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 4_000)
    monkeypatch.setattr(subscriber_parts, "MOST_MONTHS", 120)
    months_table(n=1, n_months=9).loc[[0] * 2_000].to_csv(tmp_path / "in.csv", index=False)
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    assert "a subscriber must have at most 120 months" in capsys.readouterr().err


def test_months_outside_the_validity_of_the_plans_are_reported(
    saved: SavedRun, tmp_path: Path, capsys: Any
) -> None:
    table = months_table(n=2, n_months=2)
    table.loc[2:, "month"] = ["2001-01", "2001-02"]
    table.to_csv(tmp_path / "in.csv", index=False)
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    error = capsys.readouterr().err
    assert "plan 'light' must be valid in the last month of a subscriber who holds it at line 5" in error
    assert "some plan must be valid on the day after a subscriber's last month at line 5" in error
