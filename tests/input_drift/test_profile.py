"""Profiles of training data, and comparisons of other data with them."""

import json
import re
import shutil

import numpy as np
import pytest

from planrec.errors import RunError
from planrec.input_drift import (
    ABSTAINS,
    PLAN_ADVISED,
    PLAN_HELD,
    column_drift,
    hard_problems,
    profile_of,
    read_profile_json,
    watched_columns,
)
from planrec.input_drift.column_profile import LEAST_ROWS
from planrec.runs.read import load_run, read_profile
from planrec.training.experiment import load_decisions
from tests.trained_runs import edit_run

PLANS = ("mini", "plus")


def columns_of_day(n, *, seed=0, factor=1.0):
    rng = np.random.default_rng(seed)
    return {
        "data_mib.1": rng.lognormal(9, 0.6, n) * factor,
        "sms.1": np.where(rng.random(n) < 0.3, 0.0, rng.poisson(20, n) + 1.0),
        "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(18, 90, n).astype(float)),
        PLAN_HELD: np.array(PLANS, object)[(rng.random(n) < 0.1).astype(int)],
        PLAN_ADVISED: np.array(["stay", "plus"], object)[(rng.random(n) < 0.2).astype(int)],
        ABSTAINS: np.zeros(n),
    }


@pytest.fixture(scope="module")
def profile():
    return profile_of(columns_of_day(5_000), PLANS, None)


def test_a_profile_counts_every_row_of_every_column_once(profile):
    assert {column.name: column.n for column in profile.columns} == dict.fromkeys(columns_of_day(1), 5_000)
    data = profile.columns[0]
    assert len(data.counts) == 11
    assert all(450 <= count <= 550 for count in data.counts[:10])
    assert data.counts[10] == 0


def test_a_profile_is_read_as_it_was_written(profile):
    assert read_profile_json(profile.json_bytes, "profile.json") == profile


def test_a_profile_is_about_one_kilobyte(bill_run):
    assert (bill_run / "profile.json").stat().st_size < 2_048


def test_a_text_of_few_rows_is_not_named():
    names = np.array(["Ana Pérez"] + ["north"] * 50, object)
    assert profile_of({"region": names}, PLANS, None).columns[0].values == ("north",)


RARE = [
    [7_654.0, 7_655.0],
    [12_345.0] * 4,
    [float(value) for value in range(7_000, 7_009)],
    [0.0] * 40 + [float(value) for value in range(7_000, 7_004)],
    [0.0] * 8 + [float(value) for value in range(7_000, 7_030)],
]


@pytest.mark.parametrize("values", RARE)
@pytest.mark.parametrize("unit", ["float64", "datetime64[D]"])
def test_no_cell_of_a_profile_has_the_rows_of_few_persons(values, unit):
    (column,) = profile_of({"spend": np.array(values).astype(np.int64).astype(unit)}, PLANS, None).columns
    named = column.counts[: len(column.values or column.edges)]
    assert min(named, default=LEAST_ROWS) >= LEAST_ROWS
    assert not column.edges or column.counts[-2] == 0 or column.counts[-2] >= LEAST_ROWS
    assert (sum(column.counts), column.counts[-1]) == (len(values), 0)
    if len(set(values)) == len(values) < 2 * LEAST_ROWS or len(values) < LEAST_ROWS:
        assert (column.edges, column.values, column.cells) == ((), (), ("other", "missing"))
    assert column.typical is None or np.count_nonzero(values) >= LEAST_ROWS


def test_the_size_of_few_numbers_is_not_kept():
    (column,) = profile_of({"spend": np.array([0.0] * 40 + [12_345.0] * 4)}, PLANS, None).columns
    assert (column.values, column.counts, column.typical) == ((0.0,), (40, 4, 0), None)
    assert "12345" not in profile_of({"spend": np.array([12_345.0] * 4)}, PLANS, None).json_bytes.decode()


def test_a_text_column_without_frequent_values_has_one_cell():
    (column,) = profile_of({"name": np.array([*"abc", None], object)}, PLANS, None).columns
    assert column.counts == (3, 1)
    assert column.count(np.array(["d", "e", None], object)).tolist() == [2, 1]


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        (np.full(9, np.nan), (0, 9)),
        (np.zeros(9), (9, 0, 0)),
        (np.array(["2026-01-01"] * 5 + ["NaT"], "datetime64[s]"), (5, 0, 1)),
        (np.array([], float), (0, 0)),
    ],
)
def test_columns_with_little_in_them_have_a_profile(values, cells):
    (column,) = profile_of({"odd": values}, PLANS, None).columns
    assert column.counts == cells
    assert column.count(values).tolist() == list(cells)
    assert len(column.cells) == len(cells)


def test_the_index_of_the_same_population_is_its_expected_noise(profile):
    found = [column_drift(profile, columns_of_day(1_000, seed=seed))[0] for seed in range(1, 41)]
    assert np.mean([drift.psi for drift in found]) == pytest.approx(9 * (1 / 5_000 + 1 / 1_000), rel=0.15)
    assert found[0].psi_expected == pytest.approx(9 * (1 / 5_000 + 1 / 1_000))
    assert np.mean([drift.p_value < 0.1 for drift in found]) < 0.25


def test_more_usage_raises_the_index_of_its_column_only(profile):
    found = {drift.name: drift for drift in column_drift(profile, columns_of_day(1_000, seed=1, factor=1.5))}
    assert found["data_mib.1"].psi > 0.2
    assert found["data_mib.1"].p_value < 1e-9
    assert found["data_mib.1"].typical_ratio == pytest.approx(1.5, rel=0.1)
    assert found["sms.1"].psi < 0.05


def test_a_column_that_is_not_there_is_all_missing(profile):
    day = columns_of_day(1_000, seed=1)
    del day["age"]
    found = {drift.name: drift for drift in column_drift(profile, day)}
    assert (found["age"].missing, found["age"].n) == (1.0, 1_000)


def test_a_quiet_day_has_no_hard_problem(profile):
    assert hard_problems(profile, columns_of_day(1_000, seed=1)) == []


def _without(name):
    return lambda day: day.pop(name)


def _with(name, change):
    return lambda day: day.update({name: change(day[name])})


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (_without("age"), "age: the column is missing"),
        (_with("data_mib.1", lambda v: v * 1024), r"data_mib.1: typical value .* 1,0\d\d times"),
        (_with("data_mib.1", lambda v: v / 30), "data_mib.1: typical value .* allowed: 0.125 to 8 times"),
        (
            _with("sms.1", lambda v: np.where(np.arange(len(v)) < 400, np.nan, v)),
            "sms.1: 40% .* 0% in training",
        ),
        (
            _with(PLAN_HELD, lambda v: np.full(len(v), "mini", object)),
            "plan_held: plus has vanished, about",
        ),
        (_with(PLAN_ADVISED, lambda v: np.full(len(v), "stay", object)), "plan_advised: plus has vanished"),
    ],
)
def test_a_fault_is_named_the_same_day(profile, fault, found):
    day = columns_of_day(1_000, seed=1)
    fault(day)
    (problem,) = hard_problems(profile, day)
    assert re.search(found, problem), problem


def test_a_day_of_identical_rows_is_a_fault(profile):
    one = {name: values[:1] for name, values in columns_of_day(1, seed=1).items()}
    day = {name: np.repeat(values, 1_000) for name, values in one.items()}
    assert "all 1,000 rows are identical" in hard_problems(profile, day)


def test_no_rows_are_a_fault(profile):
    assert hard_problems(profile, {name: v[:0] for name, v in columns_of_day(1).items()}) == [
        "there are no rows"
    ]


def test_a_few_rows_prove_no_fault(profile):
    assert hard_problems(profile, {name: v[:5] for name, v in columns_of_day(9, seed=1).items()}) == []


def test_training_keeps_the_profile_of_its_decisions(bill_run):
    saved = load_run(bill_run)
    profile = read_profile(saved)
    counted = {column.name: column for column in profile.columns}
    table = load_decisions(saved.config).table
    assert counted["data_mib.1"].n == counted[PLAN_HELD].n == len(table)
    assert set(counted) == set(watched_columns(table)) | {PLAN_ADVISED, ABSTAINS}
    assert profile.catalogue_sha256 == saved.manifest.catalogue_sha256
    assert hard_problems(profile, watched_columns(table)) == []


def test_a_run_without_a_profile_is_served_and_named_when_it_is_compared(bill_run, tmp_path):
    older = shutil.copytree(bill_run, tmp_path / bill_run.parent.name / bill_run.name)
    (older / "profile.json").unlink()
    edit_run(older, lambda manifest: manifest["files"].pop("profile.json"))
    with pytest.raises(RunError, match=r"has no profile\.json: .* train it again: planrec train"):
        read_profile(load_run(older))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda content: content.update(schema="planrec.profile/9"), "schema"),
        (
            lambda content: content["columns"][0].update(counts=[1]),
            "counts of 'data_mib.1' must be 11",
        ),
        (lambda content: content["columns"][0].update(edges=[3.0, 1.0] * 4 + [2.0]), "must ascend"),
        (lambda content: content["columns"][0].update(rows=[1]), "rows"),
    ],
)
def test_a_profile_that_is_none_is_refused(profile, change, found):
    content = json.loads(profile.json_bytes)
    change(content)
    with pytest.raises(RunError, match=found):
        read_profile_json(json.dumps(content).encode(), "profile.json")


def test_a_run_on_a_table_has_a_profile_of_its_attributes(row_run):
    saved = load_run(row_run)
    profile = read_profile(saved)
    assert "monthly spend" in {column.name for column in profile.columns}
    assert PLAN_HELD not in {column.name for column in profile.columns}
