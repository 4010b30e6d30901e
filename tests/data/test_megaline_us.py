"""`data=megaline_us`: events become months, calls rounded one by one, windows from the first event on."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given

from planrec.catalogue import Catalogue, MonthUsage, invoice, rate
from planrec.data.event_history import read_events
from planrec.data.megaline_us import MegalineUs
from planrec.errors import DataError
from planrec.schema.columns import Usage
from planrec.schema.tables import UsageHistory

CONF = Path(__file__).parent.parent.parent / "conf"
TABLES = ("calls", "messages", "internet", "users", "plans")
WHOLE = {"drop_first_month": False, "drop_month_of_leaving": False}
DROP = {"on_bad_rows": "drop_and_report"}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLANREC_DATA", raising=False)


def catalogue(content: dict[str, Any] | None = None) -> Catalogue:
    text = (CONF / "catalogue" / "megaline_us.yaml").read_text("utf-8")
    return Catalogue.model_validate(yaml.safe_load(text) | (content or {}))


def rounding(mode: str, step: float) -> Catalogue:
    """The two plans with another rounding of each call."""
    plans = yaml.safe_load((CONF / "catalogue" / "megaline_us.yaml").read_text("utf-8"))["plans"]
    for plan in plans:
        plan["services"]["voice"]["rounding"] = {"scope": "event", "mode": mode, "step": step}
    return catalogue({"plans": plans})


def options(**changes: Any) -> MegalineUs:
    values = yaml.safe_load((CONF / "data" / "megaline_us.yaml").read_text("utf-8"))
    del values["defaults"]
    return MegalineUs(**values | {"path": "events", "memory_mib": 256} | changes)


def write(calls: str = "", messages: str = "", internet: str = "", users: str = "") -> None:
    """Write the five tables; events as `user date amount` lines, users as `user plan churn_date`."""
    Path("events").mkdir(exist_ok=True)
    headers = {
        "calls": "id,user_id,call_date,duration",
        "messages": "id,user_id,message_date",
        "internet": "id,user_id,session_date,mb_used",
        "users": "user_id,first_name,last_name,age,city,reg_date,plan,churn_date",
        "plans": "plan_name,usd_monthly_pay",
    }
    rows: dict[str, list[str]] = {"plans": ["surf,20", "ultimate,70"], "users": []}
    for name, text in (("calls", calls), ("messages", messages), ("internet", internet)):
        lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
        rows[name] = [f"{name[0]}{at},{line.replace(' ', ',')}" for at, line in enumerate(lines)]
    for line in users.strip().splitlines():
        user, plan, left = [*line.split(), ""][:3]
        rows["users"].append(f'{user},Ann,Lee,{30 + len(user)},"Tulsa, OK",2018-01-01,{plan},{left}')
    for name, header in headers.items():
        text = "\n".join([header, *rows[name]]) + "\n"
        Path("events", f"megaline_{name}.csv").write_text(text, "utf-8")


def load(plans: Catalogue | None = None, **changes: Any) -> UsageHistory:
    return options(**changes).load(plans or catalogue())


def message(plans: Catalogue | None = None, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(plans, **changes)
    return str(caught.value)


def months_of(history: UsageHistory, subscriber: int) -> list[str]:
    return [str(month) for month in history.month[history.subscriber == subscriber]]


def test_events_add_up_to_months_with_every_call_rounded_up():
    write(
        calls="1 2018-03-01 8.52 \n 1 2018-03-31 0.01 \n 1 2018-03-15 0.0 \n 1 2018-04-01 2",
        messages="1 2018-03-02 \n 1 2018-03-02",
        internet="1 2018-03-05 89.86 \n 1 2018-03-06 0.0 \n 1 2018-03-07 10.14",
        users="1 ultimate",
    )
    history = load(**WHOLE)
    assert history.month.astype(str).tolist() == ["2018-03", "2018-04"]
    assert history.plans == ("surf", "ultimate")
    assert history.plan_held.tolist() == [1, 1]
    assert {name: values.tolist() for name, values in history.usage.items()} == {
        "voice_calls": [3, 1],  # the call of 0 minutes was missed: it counts and is free
        "voice_minutes": [8.53, 2],
        "voice_minutes_billed": [9 + 1 + 0, 2],
        "sms": [2, 0],
        "data_mib": [100, 0],  # as measured: the rounding of a month belongs to rating
    }


@pytest.mark.parametrize(
    ("mode", "step", "billed"),
    [("ceil", 1, 3), ("ceil", 0.5, 2.5), ("nearest", 1, 2), ("floor", 1, 1), ("nearest", 0.5, 2)],
)
def test_calls_are_rounded_by_the_rule_of_the_catalogue(mode, step, billed):
    write(calls="1 2018-03-01 0.6 \n 1 2018-03-01 1.3", users="1 surf")
    assert load(rounding(mode, step), **WHOLE).usage[Usage.VOICE_MINUTES_BILLED].tolist() == [billed]


def test_a_window_goes_from_the_first_event_to_the_last_month_of_the_data():
    write(
        messages="1 2018-02-10 \n 1 2018-05-02 \n 2 2018-08-30 \n 3 2018-08-01",
        users="1 surf \n2 surf\n3 surf\n4 surf",
    )
    history = load(**WHOLE)
    assert months_of(history, 1) == [f"2018-{month:02}" for month in range(2, 9)]
    assert history.usage[Usage.SMS][history.subscriber == 1].tolist() == [1, 0, 0, 1, 0, 0, 0]
    assert months_of(history, 2) == ["2018-08"]
    assert months_of(history, 4) == []
    assert any("no event, so no window: 1 of 4 users" in note for note in history.notes)


def test_the_first_month_and_the_month_of_leaving_are_dropped_by_default():
    write(
        messages="1 2018-02-10 \n 2 2018-02-10 \n 3 2018-02-10 \n 4 2018-06-30",
        users="1 surf 2018-05-30\n2 surf 2018-05-31\n3 surf\n4 surf",
    )
    history = load()
    assert months_of(history, 1) == ["2018-03", "2018-04"]
    assert months_of(history, 2) == ["2018-03", "2018-04", "2018-05"]  # left on its last day: complete
    assert months_of(history, 3) == ["2018-03", "2018-04", "2018-05", "2018-06"]
    assert months_of(history, 4) == []
    assert any("1 subscriber(s) have no complete month" in note for note in history.notes)
    assert months_of(load(drop_month_of_leaving=False), 1) == ["2018-03", "2018-04", "2018-05"]
    assert months_of(load(drop_first_month=False), 1) == ["2018-02", "2018-03", "2018-04"]


def test_events_after_the_month_of_leaving_are_not_used_and_a_note_says_so():
    write(messages="1 2018-02-10 \n 1 2018-04-10 \n 1 2018-06-10", users="1 surf 2018-04-20")
    history = load(**WHOLE)
    assert months_of(history, 1) == ["2018-02", "2018-03", "2018-04"]
    assert any("1 month(s) with events after the month of leaving" in note for note in history.notes)


@pytest.mark.parametrize(
    "forms",
    [
        ("2018-03-04", "2018-05-25"),
        ("04/03/2018", "25/05/2018"),
        ("3/4/18", "5/25/18"),
        ("4/3/18", "25/5/18"),
        ("2018-03-04T09:30:00", "2018-05-25T23:59:59"),
    ],
)
def test_dates_are_read_in_the_forms_of_the_public_copies(forms):
    write(messages="".join(f"1 {day}\n" for day in forms), users="1 surf")
    assert months_of(load(**WHOLE), 1) == ["2018-03", "2018-04", "2018-05"]


def test_dates_in_an_unclear_order_need_an_option():
    write(messages="1 3/4/2018 \n 1 5/6/2018", users="1 surf")
    text = message()
    assert "megaline_messages: column 'message_date' has dates like '3/4/2018'" in text
    assert "type data.date_order=day_month or data.date_order=month_day" in text
    assert months_of(load(**WHOLE, date_order="month_day"), 1) == ["2018-03", "2018-04", "2018-05"]
    assert months_of(load(**WHOLE, date_order="day_month"), 1) == ["2018-04", "2018-05", "2018-06"]


def test_parquet_gives_the_same_history_as_csv():
    write(
        calls="1 2018-03-01 8.52 \n 2 2018-05-31 0.01",
        internet="1 2018-04-05 89.86",
        messages="2 2018-04-01",
        users="1 ultimate\n2 surf 2018-05-31",
    )
    csv = load(**WHOLE, drop_columns=[])
    for name in TABLES:
        frame = pd.read_csv(f"events/megaline_{name}.csv")
        for column in [column for column in frame if column.endswith("_date")]:
            frame[column] = pd.to_datetime(frame[column])
        frame["user_id"] = frame.get("user_id", pd.Series(dtype=float)).astype(float)
        frame.to_parquet(f"events/megaline_{name}.parquet")
        Path(f"events/megaline_{name}.csv").unlink()
    parquet = load(**WHOLE, drop_columns=[])
    for field in ("subscriber", "month", "plan_held"):
        assert getattr(parquet, field).tolist() == getattr(csv, field).tolist()
    for field in ("usage", "attributes"):
        assert {n: v.tolist() for n, v in getattr(parquet, field).items()} == {
            n: v.tolist() for n, v in getattr(csv, field).items()
        }


def test_names_of_people_are_never_read_and_age_and_city_only_if_wanted():
    write(messages="1 2018-03-04", users="1 surf")
    assert list(load(**WHOLE).attributes) == []
    history = load(**WHOLE, drop_columns=["city"], protected_columns={})
    assert history.attributes["age"].tolist() == [31]
    assert [column.name for column in history.inputs] == ["age"]
    assert "data.drop_columns: 'first_name' is not read" in message(drop_columns=["first_name"])


def test_everything_that_is_wrong_is_counted_and_shown_in_one_error():
    write(
        calls="1 2018-03-01 -2 \n 1 2018-03-01 -3 \n 1 2018-03-01 nan \n 1 2018-03-01 long \n 7 2018-03-01 1",
        messages=" ,2018-03-01 \n 1 2017-12-31 \n 1 2018-02-30",
        internet="1 2018-03-05 2e9",
        users="1 surf\n2 gold\n3 surf soon\n4 surf\n4 surf",
    )
    text = message()
    for part in (
        "events does not fit the options data.*; data.on_bad_rows=drop_and_report leaves bad rows out",
        "megaline_users: plan must hold plans of the catalogue ('surf', 'ultimate'), 'gold' is not one"
        " of them at megaline_users, user_id 2",
        "megaline_users: user_id must be there once at megaline_users, user_id 4 (2 such rows",
        "megaline_users: churn_date must be blank or a date at megaline_users, user_id 3",
        "megaline_calls: duration must be >= 0, got '-2' at megaline_calls, id c0"
        " (2 such rows, also megaline_calls, id c1)",
        "megaline_calls: duration must be finite, got 'nan' at megaline_calls, id c2",
        "megaline_calls: duration must be a number, got 'long' at megaline_calls, id c3",
        "megaline_calls: user_id must be in megaline_users, got '7' at megaline_calls, id c4",
        "megaline_messages: user_id must not be blank at megaline_messages, id m0",
        "megaline_messages: message_date must be in the validity of the plan held, got '2017-12-31'",
        "megaline_messages: message_date must be a date, got '2018-02-30' at megaline_messages, id m2",
        "megaline_internet: mb_used must be at most 1,000,000,000, got '2e9' at megaline_internet, id i0",
    ):
        assert part in text


def test_an_event_on_the_day_when_the_plan_has_ended_is_outside_its_validity():
    plans = yaml.safe_load((CONF / "catalogue" / "megaline_us.yaml").read_text("utf-8"))["plans"]
    plans[0]["valid_for"]["end"] = "2018-05-01"
    write(messages="1 2018-04-30 \n 1 2018-05-01 \n 2 2018-05-01", users="1 surf\n2 ultimate")
    text = message(catalogue({"plans": plans}))
    assert "validity of the plan held, got '2018-05-01' at megaline_messages, id m1" in text
    assert "m2" not in text


def test_a_catalogue_in_another_currency_is_refused():
    write(messages="1 2018-03-04", users="1 surf")
    assert "the catalogue's currency must be USD" in message(catalogue({"currency": "EUR"}))


def test_missing_files_and_columns_are_all_named():
    write(messages="1 2018-03-04", users="1 surf")
    Path("events/megaline_calls.csv").unlink()
    Path("events/megaline_internet.csv").write_text("id,user,session_date,mb_used\n", "utf-8")
    text = message()
    assert "no file megaline_calls.csv or megaline_calls.parquet" in text
    assert "megaline_internet.csv: no column 'user_id'" in text
    assert "no file 'nowhere/megaline_users.csv'" in message(path="nowhere")


def test_a_dropped_event_makes_its_month_unknown_and_is_listed():
    write(
        calls="1 2018-03-01 -2",
        messages="".join(f"1 2018-{month:02}-05\n" for month in range(1, 8)) + "9 2018-01-01",
        users="1 surf",
    )
    history = load(**WHOLE, **DROP)
    assert months_of(history, 1) == ["2018-04", "2018-05", "2018-06", "2018-07"]
    assert dict(zip(history.dropped["where"], history.dropped["reason"], strict=True)) == {
        "megaline_calls, id c0": "megaline_calls: duration must be >= 0",
        "megaline_messages, id m7": "megaline_messages: user_id must be in megaline_users",
    }
    assert any("3 month(s) left out" in note for note in history.notes)


def test_dropping_a_user_drops_events_and_an_undated_event_drops_its_user():
    write(
        messages="1 2018-01-05 \n 2 2018-01-05 \n 3 2018-01-05 \n 3 2018-02-30",
        users="1 surf\n2 gold\n3 surf",
    )
    assert load(**WHOLE, **DROP).subscriber.tolist() == [1]


EVENTS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 400), st.integers(0, 2_000)), min_size=1, max_size=25
)


@given(calls=EVENTS)
def test_months_equal_a_loop_over_calls_in_any_order(calls):
    """In hundredths, with plain integers."""
    days = np.datetime64("2018-01-01") + np.arange(401).astype("timedelta64[D]")
    lines = [f"{user} {days[day]} {Decimal(hundredths) / 100}" for user, day, hundredths in calls]
    write(calls="\n".join(lines), users="1 surf\n2 ultimate\n3 surf")
    users, months = read_events(options(threads=1), catalogue())
    expected: dict[tuple[int, str], list[int]] = {}
    for user, day, hundredths in calls:
        sums = expected.setdefault((user, str(days[day])[:7]), [0, 0, 0])
        for at, value in enumerate((1, hundredths, (hundredths + 99) // 100)):
            sums[at] += value
    keys = [(int(users.ids[u]), str(m)) for u, m in zip(months.user, months.month, strict=True)]
    assert keys == sorted(expected)
    found = [months.usage[name] for name in Usage.ALL[:3]]
    assert [[a, round(b * 100), c] for a, b, c in zip(*found, strict=True)] == [expected[key] for key in keys]


def test_mean_bills_equal_the_published_ones_in_both_implementations(shared_data):
    plans = catalogue()
    users, months = read_events(options(path=str(shared_data / "megaline_us")), plans)
    held = users.plan[months.user]
    bills = rate(months.usage, plans)[np.arange(len(held)), held]
    assert (len(bills), len(np.unique(months.user))) == (1858, 393)
    for row, bill in enumerate(bills):
        month = MonthUsage(
            **{name: Decimal(str(round(values[row], 2))) for name, values in months.usage.items()}
        )
        assert invoice(plans, plans.plan_ids[held[row]], month) * 100 == int(bill)
    means = {plan: bills[held == index].mean() / 100 for index, plan in enumerate(plans.plan_ids)}
    assert means == {"surf": pytest.approx(61.305, abs=5e-4), "ultimate": pytest.approx(72.714, abs=5e-4)}


def test_the_real_tables_give_the_windows_that_the_domain_page_counts(shared_data):
    history = load(path=str(shared_data / "megaline_us"))
    months = np.unique(history.subscriber, return_counts=True)[1]
    assert (len(months), int(months.sum())) == (329, 1451)
    # Decisions with 3 and 6 months of history and 3 months after them.
    assert [int(np.maximum(months - window - 2, 0).sum()) for window in (3, 6)] == [288, 45]


def test_train_runs_on_the_events(monkeypatch, shared_data):
    from planrec.config.compose import compose
    from planrec.training.experiment import run

    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    result = run(compose("data=megaline_us", "model=logistic", "cv.n_folds=2", "n_bootstrap=20"))
    assert len(result.table) == 288
    assert result.table.plans == ("surf", "ultimate")
