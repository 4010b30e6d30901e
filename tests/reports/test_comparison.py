"""Comparison of two runs: differences, segments, verdict, JSON."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planrec.cli import main
from planrec.errors import RunError
from planrec.metrics import Estimate, evaluate
from planrec.reports.comparison.run_comparison import FEWEST, Comparison, compare
from planrec.runs.read import read_out_of_fold, read_record
from tests.conftest import SMALL_BILLS
from tests.trained_runs import edit_run, train_into


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Train on later bills: one model, another model, and the first model on other folds."""
    folder = tmp_path_factory.mktemp("runs")
    small = (*SMALL_BILLS, "data.n_subscribers=200", "baselines=[stay]")
    options = {"lgbm": ["model=lgbm"], "cheap": ["model=cheapest_fee"], "folds": ["model=lgbm", "seed=1"]}
    return {name: train_into(folder / name, *chosen, small=small) for name, chosen in options.items()}


@pytest.fixture(scope="module")
def compared(runs) -> Comparison:
    return compare(runs["lgbm"], runs["cheap"])


def test_run_does_not_differ_from_itself(runs):
    found = compare(runs["lgbm"], runs["lgbm"])
    assert (found.config, found.versions, found.not_paired) == ((), (), "")
    assert {pair.difference for pair in found.metrics} == {Estimate(0.0, 0.0, 0.0)}
    assert found.verdict == "A and B are the same in regret, in every draw"


def test_changed_options_are_dotted_paths(compared):
    assert [str(change) for change in compared.config] == ["model.kind: lgbm -> cheapest_fee"]


def test_versions_and_the_commit_are_compared(runs, tmp_path):
    other = shutil.copytree(runs["lgbm"], tmp_path / "run")
    edit_run(other, lambda run: (run["versions"].update(numpy="1.0.0"), run.update(git_commit="abc")))
    found = compare(runs["lgbm"], other).versions
    assert [change.path for change in found] == ["numpy", "git_commit"]
    assert [change.second for change in found] == ["1.0.0", "abc"]


def test_differences_match_the_values(compared):
    assert compared.metrics[0].name == "regret"
    assert {"savings_captured", "harm_rate", "regret_hidden"} <= {pair.name for pair in compared.metrics}
    assert "log_loss" not in {pair.name for pair in compared.metrics}  # a rule gives no probabilities
    for pair in compared.metrics:
        assert pair.difference.value == pytest.approx(pair.second.value - pair.first.value)
        assert not pair.difference.low > pair.difference.high


def test_segments_are_measured_on_their_own_decisions(runs, compared):
    tables = [read_out_of_fold(read_record(runs[name]), [model]) for name, model in MODELS.items()]
    assert {part.segment for part in compared.segments} >= {"usage_decile", "held", "y"}
    n_decisions = tables[0]["decision_id"].nunique()
    for segment in ("usage_decile", "held", "y"):
        parts = [part for part in compared.segments if part.segment == segment]
        assert sum(part.n_decisions for part in parts) == n_decisions
        for part in parts:
            rows = [table[table[segment].astype(str) == part.value] for table in tables]
            assert part.n_subscribers == rows[0]["subscriber"].nunique()
            assert (part.difference is None) == (part.n_subscribers < FEWEST)
            if part.difference is not None:
                (one,), (two,) = (evaluate(of_run, ["regret"], seed=0, n_bootstrap=1) for of_run in rows)
                assert part.difference.value == pytest.approx(two.value - one.value)
    assert any(part.difference is None for part in compared.segments)
    assert any(part.difference is not None for part in compared.segments)


MODELS = {"lgbm": "lgbm", "cheap": "cheapest_fee"}


def test_verdict_names_the_better_run_in_either_order(runs, compared):
    assert compared.metrics[0].difference.low > 0
    assert compared.verdict == "A is better in regret"
    assert compare(runs["cheap"], runs["lgbm"]).verdict == "B is better in regret"
    # Higher is better in this metric.
    assert (
        compare(runs["lgbm"], runs["cheap"], "savings_captured").verdict == "A is better in savings_captured"
    )


def test_verdict_is_open_if_the_interval_includes_0(compared):
    pair = replace(compared.metrics[0], difference=Estimate(0.4, -0.1, 0.9))
    found = replace(compared, metrics=(pair, *compared.metrics[1:]))
    assert found.verdict == "the data is too small to separate A from B by regret"


def test_runs_on_other_folds_have_no_paired_differences(runs, capsys):
    assert main(["compare", str(runs["lgbm"]), str(runs["folds"])]) == 0
    output = capsys.readouterr().out
    assert "no paired differences: other folds: seed: 0 -> 1" in output
    found = compare(runs["lgbm"], runs["folds"])
    assert all(pair.difference is None for pair in found.metrics)
    assert found.segments == ()
    assert found.verdict.startswith("no verdict: ")


def test_terminal_marks_segments_and_states_the_number_expected_by_chance(runs, compared, capsys):
    assert main(["compare", str(runs["lgbm"]), str(runs["cheap"])]) == 0
    output = capsys.readouterr().out
    compared_parts = [part.difference for part in compared.segments if part.difference is not None]
    n_marked = sum(difference.excludes_zero for difference in compared_parts)
    assert n_marked > 0
    assert output.count("│ ! │") == n_marked
    assert f"of {len(compared_parts)} segments" in output
    assert f"would exclude 0 by chance alone if the runs were equal; {n_marked} do (!)" in output
    assert "too small: fewer than 20 subscribers" in output
    assert output.splitlines()[-1] == "A is better in regret"


def test_json_can_be_parsed(runs, compared, tmp_path):
    file = tmp_path / "deep" / "comparison.json"
    assert main(["compare", str(runs["lgbm"]), str(runs["cheap"]), "--json", str(file)]) == 0
    found = json.loads(file.read_text("utf-8"))
    assert found["verdict"] == compared.verdict
    assert found["metrics"][0]["difference"] == vars(compared.metrics[0].difference)
    assert len(found["segments"]) == len(compared.segments)
    assert found["config"] == [{"path": "model.kind", "first": "lgbm", "second": "cheapest_fee"}]


def test_runs_without_a_common_metric_have_no_verdict(runs, history_run):
    found = compare(history_run, runs["cheap"], "log_loss")
    assert found.metric is None
    assert found.verdict == "no verdict: not both runs have a metric that can rank them"
    assert re.match("other data: .*target.kind: held -> best_bill", found.not_paired)


def test_changed_out_of_fold_table_is_refused(runs, tmp_path):
    other = shutil.copytree(runs["lgbm"], tmp_path / "run")
    (other / "out_of_fold.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"out_of_fold.parquet is not the file that this run saved"):
        compare(runs["lgbm"], other)


def test_wrong_options_are_reported_without_a_traceback(runs, tmp_path, capsys):
    assert main(["compare", str(runs["lgbm"]), str(tmp_path / "nowhere")]) == 1
    assert f"no run '{tmp_path / 'nowhere'}': expected a folder, `latest` or the" in capsys.readouterr().err
    assert main(["compare", str(runs["lgbm"]), str(runs["cheap"]), "--metric", "regrets"]) == 2
    assert "did you mean 'regret'?" in capsys.readouterr().err


def test_only_columns_of_metrics_and_segments_are_read(runs):
    table = read_out_of_fold(read_record(runs["lgbm"]), ["stay"])
    assert set(table["model"]) == {"stay"}
    assert not [
        name
        for name in table
        if name.startswith(("reason", "bill@", "p10@", "decision")) and name != "decision_id"
    ]
    assert np.isfinite(table.filter(like="future@").to_numpy()).all()
