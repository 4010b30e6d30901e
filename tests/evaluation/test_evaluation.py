"""`planrec evaluate`: trained runs on data with known outcomes."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planrec
from planrec.cli import main
from planrec.errors import ConfigError, DataError, RunError
from planrec.evaluation import Evaluation, evaluate, with_plans
from planrec.metrics import value_of
from planrec.metrics.paired import Estimate
from planrec.runs.read import load_run, read_manifest
from planrec.schema.predictions import OutOfFold
from planrec.training.experiment import load_decisions
from tests.conftest import SMALL_BILLS, STRANGERS_TABLE
from tests.data.month_files import months_file, of_file
from tests.evaluation.test_fresh_decisions import TABLE
from tests.trained_runs import train_into

LATER = "data.n_months=16"
"The run on bills has 12 months, so the decisions of 2019-01 and 2019-02 are after its training."


@pytest.fixture(scope="module")
def rerating(tmp_path_factory) -> Path:
    """A run of the rule that is also a baseline."""
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "13-00-00-def456"
    return train_into(folder, "model=rerate", "model.window=6", "baselines=[]", small=SMALL_BILLS)


@pytest.fixture(scope="module")
def later(bill_run, rerating) -> Evaluation:
    return evaluate([bill_run, rerating], LATER)


def rows_of(evaluation: Evaluation, model: str) -> pd.DataFrame:
    return evaluation.table[evaluation.table[OutOfFold.MODEL] == model].reset_index(drop=True)


def test_only_decisions_after_the_training_are_judged(later):
    assert later.since == date(2019, 1, 1)
    own = rows_of(later, later.runs[0])
    assert own[OutOfFold.AS_OF].dt.date.value_counts().to_dict() == {
        date(2019, 1, 1): 80,
        date(2019, 2, 1): 80,
    }
    assert (later.excluded.before, later.excluded.in_training, later.n_seen) == (80 * 6, 0, 80)


def test_the_first_advice_is_the_answer_of_the_saved_recommender(later, bill_run):
    table = load_decisions(later.config).table
    first = table.take(np.flatnonzero(table.as_of == np.datetime64("2019-01-01")))
    prediction, decisions = load_run(bill_run).recommender.recommend(first)
    own = rows_of(later, later.runs[0])
    own = own[own[OutOfFold.AS_OF] == pd.Timestamp("2019-01-01")]
    assert own[OutOfFold.SUBSCRIBER].tolist() == first.subscriber.tolist()
    columns = [OutOfFold.PROBABILITY + plan for plan in table.plans]
    np.testing.assert_array_equal(own[columns].to_numpy(), prediction.probability)
    assert own[OutOfFold.DECISION].tolist() == decisions.decision.tolist()


def test_metrics_baselines_and_draws_are_those_of_the_first_run(later, bill_run):
    manifest = read_manifest(bill_run)
    # The training tested one decision per subscriber, which cannot flip.
    trained = {value.metric for value in manifest.metrics}
    assert {value.metric for value in later.metrics} == trained | {"flip_rate"}
    models = list(dict.fromkeys(later.table[OutOfFold.MODEL]))
    assert models == [*later.runs, *manifest.config["baselines"]]
    (regret,) = [v for v in later.metrics if (v.model, v.metric) == (later.runs[0], "regret")]
    assert regret.value == value_of(rows_of(later, later.runs[0]), "regret")
    assert regret.low < regret.value < regret.high


def test_inputs_are_compared_with_those_of_the_training(later):
    found = {column.name: column for column in later.drift}
    assert {"data_mib.1", "months_known", "plan_held"} <= found.keys()
    assert found["data_mib.1"].n == 160
    assert found["data_mib.1"].psi >= 0


def test_a_rule_and_its_baseline_have_equal_differences(later):
    found = {(each.model, each.metric): each.estimate for each in later.differences}
    for metric in ("regret", "harm_rate", "savings_captured"):
        assert found[later.runs[1], metric] == found["rerate_6", metric]
    assert found["stay", "regret"].value > 0
    assert all(model != later.runs[0] for model, _ in found)


def test_a_run_compared_with_equal_advice_differs_by_exactly_zero(rerating):
    alone = evaluate([rerating], LATER, "baselines=[rerate_6]")
    (regret,) = [each for each in alone.differences if each.metric == "regret"]
    assert regret.estimate == Estimate(0.0, 0.0, 0.0)


def test_before_the_end_of_training_only_new_subscribers_are_judged(bill_run):
    found = evaluate([bill_run], "data.n_subscribers=110", "baselines=[]", since=date(2018, 7, 1))
    own = rows_of(found, found.runs[0])
    assert set(own[OutOfFold.SUBSCRIBER]) == set(range(81, 111))
    assert (found.excluded.in_training, found.n_seen) == (80 * 4, 0)


def test_the_data_of_the_training_is_refused(bill_run):
    with pytest.raises(DataError, match="no decision is left to judge") as refused:
        evaluate([bill_run])
    assert "is over on 2019-01-01" in str(refused.value)
    with pytest.raises(DataError, match=r"320 decisions of training"):
        evaluate([bill_run], since=date(2018, 1, 1))


def test_the_plan_held_is_judged_on_later_months(history_run):
    found = planrec.evaluate([history_run], "data.n_months=5")
    assert found.since == date(2018, 4, 2)
    assert set(rows_of(found, found.runs[0])[OutOfFold.AS_OF].dt.month) == {5, 6}
    assert {"popular", found.runs[0]} == set(found.table[OutOfFold.MODEL])


def strangers(folder: Path, change=lambda text: text) -> str:
    """Write rows that the run was not trained on: the spend of every row is another."""
    file = folder / "new.csv"
    file.write_text(change(STRANGERS_TABLE.replace('.5"', '.75"')), "utf-8")
    return f"data.path={file}"


def test_a_strangers_table_is_judged_with_a_note_about_its_rows(row_run, tmp_path):
    found = evaluate([row_run], strangers(tmp_path))
    assert (found.since, found.excluded.in_training) == (None, 0)
    assert any("cannot be recognised" in note for note in found.notes)
    assert len(rows_of(found, found.runs[0])) == 60


def test_labels_are_numbered_by_the_plans_of_the_run():
    table = replace(TABLE, plans=("plus", "ultra"), y=np.array([0, 1, 0, 1, 0, 1]))
    found = with_plans(table, ("mini", "plus", "ultra"))
    assert (found.plans, found.y.tolist()) == (("mini", "plus", "ultra"), [1, 2, 1, 2, 1, 2])
    assert found.menu.shape == (6, 3)
    assert with_plans(table, table.plans) is table


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("region", "area"), r"'region' is missing"),
        (lambda text: text.replace('"big"', '"huge"', 1), r"'huge' in 1 rows.*the run knows 'big', 'small'"),
        (lambda text: text.splitlines()[0] + "\n", "no rows|no row|empty"),
        (lambda text: text.replace('.75"', ' dollars"'), "'monthly spend' must be number"),
    ],
)
def test_wrong_tables_are_refused_with_the_reason(row_run, tmp_path, change, words):
    with pytest.raises(DataError, match=words):
        evaluate([row_run], strangers(tmp_path, change))


def test_months_with_plans_of_another_catalogue_are_refused(bill_run, tmp_path):
    def rename_one(columns):
        columns["plan"][0] = "unlimited_xl"

    file = months_file(tmp_path, 16, rename_one)
    with pytest.raises(DataError, match="must hold plans of the catalogue") as refused:
        evaluate([bill_run], *of_file(file))
    assert "'unlimited_xl'" in str(refused.value)


def test_months_of_a_file_are_judged_as_those_of_the_simulator(bill_run, later, tmp_path):
    found = evaluate([bill_run], *of_file(months_file(tmp_path, 16)), "baselines=[]", "metrics=[regret]")
    (regret,) = found.metrics
    own = [v for v in later.metrics if (v.model, v.metric) == (later.runs[0], "regret")]
    assert [regret.value] == [value.value for value in own]


def test_too_short_histories_are_refused_with_the_months_that_are_needed(bill_run, tmp_path):
    with pytest.raises(DataError, match="6 months before a decision and 3 after"):
        evaluate([bill_run], *of_file(months_file(tmp_path, 5)))


def test_the_table_of_the_training_is_recognised_without_ids(row_run):
    with pytest.raises(DataError, match="was trained on these data"):
        evaluate([row_run])


def test_runs_of_other_targets_and_plans_are_not_judged_side_by_side(bill_run, rerating, history_run):
    with pytest.raises(RunError, match="once"):
        evaluate([bill_run, bill_run], LATER)
    with pytest.raises(RunError, match="share target and plans") as refused:
        evaluate([rerating, history_run], LATER)
    assert "target: best_bill in 2030-01-31/13-00-00-def456, held in 2030-01-31/12-00-00-abc123" in str(
        refused.value
    )


@pytest.mark.parametrize("override", ["model=dummy", "target.horizon=1", "catalogue=megaline_us"])
def test_overrides_of_the_run_itself_are_refused(bill_run, override):
    with pytest.raises(ConfigError, match="does not change the run"):
        evaluate([bill_run], override)


def test_gates_decide_the_exit_code_and_json_has_no_nan(bill_run, capsys):
    words = ["evaluate", str(bill_run), LATER, "--json"]
    assert main([*words, "+gates={savings_captured: 0.999}"]) == 2, "--json takes a file that ends in .json"
    words = ["evaluate", str(bill_run), LATER, "+gates={savings_captured: 0.999}"]
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    (judged,) = content["gates"].values()
    assert judged["limits"] == {"harm_rate": 0.05, "savings_captured": 0.999}
    assert any("savings_captured must be at least 0.999" in line for line in judged["broken"])
    assert main([*words, "--gates"]) == 1
    said = capsys.readouterr().out
    assert "failed: " in said
    assert "160 decisions of 80 subscribers since 2019-01-01" in said


def test_options_may_come_between_runs_and_overrides(history_run, capsys):
    words = ["evaluate", str(history_run), "--since", "2018-06-01", "data.n_months=5"]
    assert main(words) == 0
    assert "60 decisions of 60 subscribers since 2018-06-01" in capsys.readouterr().out
    assert main([*words, "--gate"]) == 2
    assert main([*words, "--gates"]) == 2
    assert "no gate: type" in capsys.readouterr().err
    assert main(["evaluate", "data.n_months=5"]) == 2
