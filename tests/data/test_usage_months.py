"""`data=usage_months`: an operator's own months load to a history without gaps, or the file is refused."""

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given

from planrec.catalogue import Catalogue
from planrec.data.observation import Records, observe
from planrec.data.usage_months import UsageMonths
from planrec.errors import DataError
from planrec.schema.columns import Usage
from planrec.schema.tables import UsageHistory

CONF = Path(__file__).parent.parent.parent / "conf"
HEADER = "subscriber,month,plan,voice_calls,voice_minutes,sms,data_mib,region\n"
DROP = {"on_bad_rows": "drop_and_report"}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLANREC_DATA", raising=False)


def catalogue(**changes: Any) -> Catalogue:
    """The two plans `surf` and `ultimate`, which round each call."""
    content = yaml.safe_load((CONF / "catalogue" / "megaline_us.yaml").read_text("utf-8"))
    return Catalogue.model_validate(content | changes)


def ends(plan: str, day: str) -> Catalogue:
    """The same plans, one of which ends on this day."""
    content = yaml.safe_load((CONF / "catalogue" / "megaline_us.yaml").read_text("utf-8"))
    for one in content["plans"]:
        if one["id"] == plan:
            one["valid_for"]["end"] = day
    return Catalogue.model_validate(content)


def load(rows: str, plans: Catalogue | None = None, header: str = HEADER, **changes: Any) -> UsageHistory:
    Path("months.csv").write_text(header + rows, "utf-8")
    values = yaml.safe_load((CONF / "data" / "usage_months.yaml").read_text("utf-8"))
    del values["defaults"]
    return UsageMonths(**values | {"path": "months.csv"} | changes).load(plans)


def message(rows: str, plans: Catalogue | None = None, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(rows, plans, **changes)
    return str(caught.value)


def months_of(history: UsageHistory, subscriber: object) -> list[str]:
    return [str(month) for month in history.month[history.subscriber == subscriber]]


def test_every_value_arrives_in_its_month():
    history = load("2,2018-02,surf,3,7.25,1,10,north\n1,2018-01,ultimate,5,9.5,0,20.126,south\n")
    assert history.subscriber.tolist() == [1, 2]
    assert history.month.astype(str).tolist() == ["2018-01", "2018-02"]
    assert [history.plans[held] for held in history.plan_held] == ["ultimate", "surf"]
    assert {name: values.tolist() for name, values in history.usage.items()} == {
        "voice_calls": [5, 3],
        "voice_minutes": [9.5, 7.25],
        "sms": [0, 1],
        "data_mib": [20.13, 10],
    }
    assert history.attributes["region"].tolist() == ["south", "north"]
    assert [column.name for column in history.inputs] == ["region"]
    assert history.dropped["where"].tolist() == []


def test_a_month_without_a_row_has_zero_usage_and_the_plan_of_the_month_before():
    history = load("a,2018-01,surf,5,9,1,20,north\na,2018-04,ultimate,5,9,1,20,south\n")
    assert months_of(history, "a") == ["2018-01", "2018-02", "2018-03", "2018-04"]
    assert history.usage["sms"].tolist() == [1, 0, 0, 1]
    assert [history.plans[held] for held in history.plan_held] == ["surf", "surf", "surf", "ultimate"]
    assert history.attributes["region"].tolist() == ["north", "north", "north", "south"]
    assert any("2 month(s) without a row count as months of zero usage" in note for note in history.notes)


def test_a_window_ends_with_the_last_row_of_the_subscriber_not_of_the_file():
    history = load("a,2018-01,surf,5,9,1,20,n\nb,2018-01,surf,5,9,1,20,n\nb,2018-06,surf,5,9,1,20,n\n")
    assert months_of(history, "a") == ["2018-01"]


@pytest.mark.parametrize(
    ("month", "year"),
    [
        ("2018-11", None),
        ("201811", None),
        ("2018-11-30", None),
        ("2018-11-01", None),
        ("30.11.2018", None),
        ("20181115", None),
        ("11", 2018),
    ],
)
def test_months_are_read_in_every_form(month, year):
    assert months_of(load(f"a,{month},surf,5,9,1,20,n\n", time_year=year), "a") == ["2018-11"]


def test_whole_numbers_that_a_tool_wrote_as_fractions_are_read_as_whole():
    history = load("7.0,201811.0,1.0,5,9,1,20,n\n,201811.0,1.0,5,9,1,20,n\n", **DROP, plan_names={1: "surf"})
    assert (history.subscriber.tolist(), history.plans) == ([7], ("surf",))


def test_the_order_of_rows_does_not_matter():
    rows = [f"{s},2018-{m:02},surf,{s},{m},1,20,n\n" for s in (9, 10, 8) for m in (1, 2, 5)]
    one, other = load("".join(rows)), load("".join(reversed(rows)))
    assert one.subscriber.tolist() == other.subscriber.tolist() == sorted(one.subscriber.tolist())
    assert one.usage["voice_minutes"].tolist() == other.usage["voice_minutes"].tolist()


def test_parquet_gives_the_same_history_as_csv(tmp_path):
    rows = "7,2018-01-31,surf,5,9.5,1,20,n\n7,2018-02-28,surf,6,1,1,20,s\n"
    csv = load(rows)
    frame = pd.read_csv("months.csv", parse_dates=["month"])
    frame.to_parquet("months.parquet")
    parquet = load(rows, path="months.parquet")
    assert parquet.subscriber.tolist() == csv.subscriber.tolist() == [7, 7]
    assert parquet.month.tolist() == csv.month.tolist()
    assert {n: v.tolist() for n, v in parquet.usage.items()} == {n: v.tolist() for n, v in csv.usage.items()}


def test_an_operators_own_names_are_mapped_and_dropped_columns_left_out():
    header = "MSISDN;Period;Tariff;calls;min;billed;sms;mb;age;spend\n"
    history = load(
        "079;2018-01;S1;3;7,5;9;1;10;40;12\n",
        catalogue(),
        header=header,
        subscriber_column="MSISDN",
        month_column="Period",
        plan_column="Tariff",
        plan_names={"S1": "surf"},
        usage_columns={
            "voice_calls": "calls",
            "voice_minutes": "min",
            "voice_minutes_billed": "billed",
            "sms": "sms",
            "data_mib": "mb",
        },
        drop_columns=["age"],
    )
    assert history.subscriber.tolist() == ["079"]
    assert history.plans == ("surf", "ultimate")
    assert history.plan_held.tolist() == [0]
    assert history.usage[Usage.VOICE_MINUTES].tolist() == [7.5]
    assert history.usage[Usage.VOICE_MINUTES_BILLED].tolist() == [9]
    assert list(history.attributes) == ["spend"]


def test_a_note_says_that_bills_are_approximate_without_billed_minutes():
    rows = "a,2018-01,surf,5,9,1,20,n\n"
    assert any("bills are approximate" in note for note in load(rows, catalogue()).notes)
    assert not any("approximate" in note for note in load(rows).notes)


def test_everything_that_is_wrong_is_counted_and_shown_in_one_error():
    rows = (
        "a,2018-01,surf,5,9,-2,20,n\n"
        "a,2018-02,surf,5,inf,-3,20,n\n"
        "a,2018-03,gold,5,9,1,20,n\n"
        "b,2018-01,surf,5,9,1,20,n\n"
        "b,2018-01,surf,6,9,1,20,n\n"
        ",2018-01,surf,5,9,1,20,n\n"
        "c,,surf,5,9,1,20,n\n"
        "c,2017-12,surf,5,9,1,x,n\n"
        "c,2018-05,surf,5,9,1,2e9,n\n"
    )
    text = message(rows, catalogue(), currency="EUR")
    for part in (
        "months.csv (9 rows) does not fit the options data.*; data.on_bad_rows=drop_and_report leaves",
        "data.currency must be the catalogue's, got 'EUR'; 'megaline-us' has 'USD'",
        "column 'sms' (data.usage_columns.sms) must be >= 0, got '-2' at line 2 (2 such rows, also line 3)",
        "column 'voice_minutes' (data.usage_columns.voice_minutes) must be finite, got 'inf' at line 3",
        "must hold plans of the catalogue ('surf', 'ultimate'), 'gold' is not one of them at line 4",
        "one row per month: which of several is true is unknown at line 5 (2 such rows, also line 6)",
        "column 'subscriber' (data.subscriber_column) must not be blank (NA, N/A, n/a ... count as blank)"
        " at line 7",
        "column 'month' (data.month_column) must not be blank (NA, N/A, n/a ... count as blank) at line 8",
        "'surf' is valid from 2018-01-01 to further notice, got '2017-12' at line 9",
        "column 'data_mib' (data.usage_columns.data_mib) must hold numbers, got 'x' at line 9",
        "must be at most 1,000,000,000, got '2e9' at line 10",
    ):
        assert part in text


def test_a_month_counts_as_valid_when_any_day_of_it_is():
    rows = "a,2018-05,surf,5,9,1,20,n\na,2018-06,surf,5,9,1,20,n\n"
    assert len(load(rows, ends("surf", "2018-06-02"))) == 2
    assert "got '2018-06' at line 3" in message(rows, ends("surf", "2018-06-01"))


def test_a_missing_column_is_named_with_a_near_one():
    text = message("a,2018-01,surf,5,9,1,20,n\n", month_column="mnth")
    assert "data.month_column: no column 'mnth' (did you mean 'month'?)" in text


def test_dropped_rows_are_listed_with_their_reason_and_the_rest_stays():
    history = load(
        "a,2018-01,surf,5,9,-2,20,n\nb,2018-01,surf,5,9,1,20,n\n,2018-01,surf,5,9,1,20,n\n", **DROP
    )
    assert history.subscriber.tolist() == ["b"]
    found = dict(zip(history.dropped["where"], history.dropped["reason"], strict=True))
    assert found == {
        "line 2": "column 'sms' (data.usage_columns.sms) must be >= 0",
        "line 4": "column 'subscriber' (data.subscriber_column) must not be blank"
        " (NA, N/A, n/a ... count as blank)",
    }
    assert any(note.startswith("1 row(s) dropped: column 'sms'") for note in history.notes)


def test_a_dropped_row_never_becomes_a_month_of_zero_usage():
    good = "a,2018-{:02},surf,5,9,1,20,n\n"
    rows = [good.format(month) for month in range(1, 8)]
    rows[2] = "a,2018-03,surf,5,9,-1,20,n\n"
    history = load("".join(rows), **DROP)
    assert months_of(history, "a") == ["2018-04", "2018-05", "2018-06", "2018-07"]
    assert (history.usage["sms"] == 1).all()


def test_a_silent_month_after_a_dropped_row_is_unknown_as_well():
    rows = "a,2018-01,surf,5,9,1,20,n\na,2018-02,gold,5,9,1,20,n\na,2018-05,surf,5,9,1,20,n\n"
    # March and April would have the plan of February, which is unknown.
    assert months_of(load(rows, catalogue(), **DROP), "a") == ["2018-05"]


def test_a_row_without_a_month_drops_its_subscriber():
    rows = "a,2018-01,surf,5,9,1,20,n\na,,surf,5,9,1,20,n\nb,2018-01,surf,5,9,1,20,n\n"
    assert load(rows, **DROP).subscriber.tolist() == ["b"]


def test_an_exact_repeat_is_dropped_and_its_month_stays():
    row = "a,2018-01,surf,5,9,1,20,n\n"
    assert "must not repeat an earlier row exactly at line 3" in message(row + row)
    history = load(row + row, **DROP)
    assert (len(history), history.dropped["where"].tolist()) == (1, ["line 3"])


def test_two_different_rows_for_one_month_are_both_dropped():
    rows = "a,2018-01,surf,5,9,1,20,n\na,2018-01,surf,5,9,2,20,n\na,2018-02,surf,5,9,1,20,n\n"
    assert months_of(load(rows, **DROP), "a") == ["2018-02"]


def test_a_file_of_bad_rows_only_is_an_error():
    assert "no month is left" in message("a,2018-01,surf,5,9,-2,20,n\n", **DROP)
    assert "no month is left" in message(",2018-01,surf,5,9,2,20,n\n", **DROP)


@given(
    st.lists(
        st.dictionaries(st.integers(0, 11), st.booleans(), min_size=1, max_size=8), min_size=1, max_size=4
    )
)
def test_an_observation_is_the_longest_run_without_an_unknown_month(subscribers):
    """Compare with a loop over the months."""
    records = Records(
        subscriber=np.array([k for k, months in enumerate(subscribers) for _ in months]),
        month=np.array([m for months in subscribers for m in sorted(months)], "datetime64[M]"),
        is_bad=np.array([months[m] for months in subscribers for m in sorted(months)], bool),
    )
    observation = observe(records, records.first_month, records.last_month)
    for k, months in enumerate(subscribers):
        runs, run, unknown = [[]], [], False
        for month in range(min(months), max(months) + 1):
            unknown = months.get(month, unknown)
            run = [] if unknown else [*run, month]
            runs.append(run)
        expected = max(reversed(runs), key=len)
        mine = observation.subscriber == k
        assert observation.month[mine].astype(int).tolist() == expected
        assert observation.is_silent[mine].tolist() == [month not in months for month in expected]


def test_train_runs_on_a_file_of_months(tmp_path):
    from planrec.config.compose import compose
    from planrec.training.experiment import run

    plans = ("surf", "ultimate")
    rows = [
        f"{s},2018-{m:02},{plans[s % 2]},{5 + s},{(9 + s * 7) % 50},1,{20 * (s % 2)},n\n"
        for s in range(1, 31)
        for m in (1, 2, 4)
    ]
    Path("months.csv").write_text(HEADER + "".join(rows), "utf-8")
    config = compose(
        "data=usage_months", "data.path=months.csv", "model=logistic", "cv.n_folds=2", "n_bootstrap=20"
    )
    result = run(config)
    assert len(result.table) == 30 * 4
    assert result.table.plans == plans


def test_one_row_has_no_plural():
    assert message("a,soon,surf,5,9,1,20,n\n").startswith("months.csv (1 row) does not fit")


def test_attributes_beyond_the_limit_are_refused():
    header = HEADER.replace("region", "spend")
    with pytest.raises(DataError, match=r"'spend' must be within .*, got '1e300' at line 2"):
        load("a,2018-01,surf,5,9,1,20,1e300\n", header=header)
