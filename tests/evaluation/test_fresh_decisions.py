"""Decisions that a run was not trained on."""

from dataclasses import replace

import numpy as np
import pytest

from planrec.errors import DataError
from planrec.evaluation import TrainedOn, fresh_decisions
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable

INPUTS = InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False)
TABLE = DecisionTable(
    X={"age": np.arange(6.0)},
    subscriber=np.array([1, 1, 2, 2, 3, 3]),
    plans=("mini", "plus"),
    menu=np.ones((6, 2), bool),
    inputs=INPUTS,
    y=np.zeros(6, np.int64),
    as_of=np.array(["2030-01-01", "2030-04-01"] * 3, "datetime64[D]"),
)
RUN = TrainedOn("a", frozenset({"1", "2"}), True, np.datetime64("2030-04-01"), "0" * 64)


def rows(table: DecisionTable, *runs: TrainedOn, since: str | None = None) -> list[int]:
    day = None if since is None else np.datetime64(since, "D")
    return fresh_decisions(table, runs, day).rows.tolist()


def test_by_default_only_decisions_after_the_training_are_fresh():
    found = fresh_decisions(TABLE, [RUN], None)
    assert found.rows.tolist() == [1, 3, 5]
    assert (found.excluded.before, found.excluded.in_training, found.n_seen) == (3, 0, 2)


def test_since_adds_earlier_decisions_of_subscribers_outside_the_training():
    assert rows(TABLE, RUN, since="2030-01-01") == [1, 3, 4, 5]


def test_a_run_that_does_not_know_all_its_subscribers_is_judged_after_its_training_only():
    assert rows(TABLE, replace(RUN, knows_all=False), since="2030-01-01") == [1, 3, 5]


def test_a_decision_must_be_fresh_for_every_run():
    younger = replace(RUN, run_id="b", subscribers=frozenset({"3"}), ends=np.datetime64("2030-07-01"))
    assert rows(TABLE, RUN, younger, since="2030-01-01") == [1, 3]
    with pytest.raises(DataError, match="no decision is left to judge"):
        rows(TABLE, RUN, younger)


def test_without_time_new_subscribers_are_fresh():
    assert rows(replace(TABLE, as_of=None), replace(RUN, ends=None)) == [4, 5]
    with pytest.raises(DataError, match="has no time"):
        rows(replace(TABLE, as_of=None), RUN, since="2030-01-01")


def test_without_time_and_subscribers_only_the_whole_table_is_recognised():
    nameless = replace(TABLE, as_of=None, has_subscribers=False)
    run = TrainedOn("a", frozenset(), False, None, "0" * 64)
    found = fresh_decisions(nameless, [run], None)
    assert len(found.rows) == 6
    assert "cannot be recognised" in found.notes[0]
    with pytest.raises(DataError, match="was trained on these data"):
        rows(nameless, replace(run, data_fingerprint=nameless.fingerprint()))
