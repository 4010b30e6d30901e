from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrec.errors import DataError
from planrec.schema.columns import Usage, lag
from planrec.schema.decision_rows import decision_rows, latest_rows
from planrec.schema.tables import UsageHistory


def history_of(lengths: list[int]) -> UsageHistory:
    """One subscriber per entry; the data used in month m (0, 1 ...) by subscriber s is 100 s + m."""
    n = sum(lengths)
    month = np.concatenate([np.arange(length) for length in lengths])
    subscriber = np.repeat(np.arange(len(lengths)), lengths)
    usage = (100 * subscriber + month).astype(float)
    return UsageHistory(
        subscriber=subscriber,
        month=np.datetime64("2018-01", "M") + month.astype("timedelta64[M]"),
        plan_held=np.zeros(n, np.int32),
        plans=("only",),
        usage=dict.fromkeys(Usage.MEASURED, usage),
    )


@given(st.lists(st.integers(1, 8), min_size=1, max_size=6), st.integers(1, 7))
def test_lag_k_is_the_usage_k_months_before_the_decision(lengths, window):
    history = history_of(lengths)
    decisions = decision_rows(history, None, window)
    month = history.month.astype(int) - np.datetime64("2018-01", "M").astype(int)
    for ago in range(1, window + 1):
        back = month - (ago - 1)
        expected = np.where(back >= 0, 100.0 * history.subscriber + back, np.nan)
        np.testing.assert_array_equal(decisions.columns[lag(Usage.DATA_MIB, ago)], expected)


@given(st.lists(st.integers(1, 8), min_size=1, max_size=6), st.integers(1, 7))
def test_nothing_after_the_decision_is_read(lengths, window):
    history = history_of(lengths)
    at = np.array(["2018-04"], "datetime64[M]")
    early = history.month < at[0]
    past = UsageHistory(
        history.subscriber[early],
        history.month[early],
        history.plan_held[early],
        history.plans,
        {name: array[early] for name, array in history.usage.items()},
    )
    whole, cut = decision_rows(history, at, window), decision_rows(past, at, window)
    for name, array in whole.columns.items():
        np.testing.assert_array_equal(array, cut.columns[name])


@given(st.lists(st.lists(st.booleans(), max_size=8), min_size=1, max_size=5), st.integers(1, 7))
def test_given_months_make_the_rows_of_a_history_with_silent_months(middles, window):
    """Each list says which of the months between the first and the last one are given."""
    given_months = [np.array([True, *middle, True]) for middle in middles]
    lengths = [len(is_given) for is_given in given_months]
    is_given = np.concatenate(given_months)
    history = history_of(lengths)
    usage = {name: np.where(is_given, amounts, 0.0) for name, amounts in history.usage.items()}
    whole = decision_rows(replace(history, usage=usage), None, window)
    latest = latest_rows(
        np.array([each.sum() for each in given_months]),
        history.month.astype(np.int64)[is_given],
        {name: amounts[is_given] for name, amounts in history.usage.items()},
        window,
    )
    last = np.cumsum(lengths) - 1
    for name, column in latest.columns.items():
        np.testing.assert_array_equal(column, whole.columns[name][last])
    np.testing.assert_array_equal(latest.as_of, whole.as_of[last])
    np.testing.assert_array_equal(np.flatnonzero(is_given)[latest.last_month], last)


def test_decisions_fall_on_the_day_after_the_last_complete_month():
    decisions = decision_rows(history_of([2]), None, 1)
    assert decisions.as_of.tolist() == [np.datetime64("2018-02-01"), np.datetime64("2018-03-01")]


def test_only_subscribers_observed_in_the_month_before_have_decisions():
    decisions = decision_rows(history_of([2, 4]), np.array(["2018-05"], "datetime64[M]"), 2)
    assert decisions.last_month.tolist() == [5]


def test_a_month_that_is_missing_inside_a_history_is_refused():
    whole = history_of([3])
    kept = np.array([0, 2])
    with pytest.raises(DataError, match="without gaps"):
        UsageHistory(
            whole.subscriber[kept],
            whole.month[kept],
            whole.plan_held[kept],
            whole.plans,
            {name: array[kept] for name, array in whole.usage.items()},
        )
