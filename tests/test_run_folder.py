import json
import shutil

import pytest

from planrec.errors import RunError
from planrec.experiment import run
from planrec.model_file import canonical_skops
from planrec.run_folder import begin_run, load_run, read_manifest, replay_golden
from planrec.train import compose
from tests.conftest import SMALL


@pytest.fixture
def copied(history_run, tmp_path):
    return shutil.copytree(history_run, tmp_path / "run")


def test_a_loaded_run_gives_the_answers_that_it_was_saved_with(history_run, row_run):
    for folder in (history_run, row_run):
        saved = load_run(folder)
        assert replay_golden(saved) is None
        assert len(saved.manifest["golden"]["requests"]) > 0


def test_golden_answers_that_differ_are_refused(history_run):
    saved = load_run(history_run)
    saved.manifest["golden"]["probability"][0][0] += 1e-9
    with pytest.raises(RunError, match="does not give the answers"):
        replay_golden(saved)


def test_a_run_that_was_killed_half_way_is_recognised(copied):
    (copied / "run.json").unlink()
    with pytest.raises(RunError, match=r"holds no run\.json: the run did not finish"):
        load_run(copied)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="not a run"):
        load_run(tmp_path)
    with pytest.raises(RunError, match="is not a folder"):
        load_run(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.skops", "out_of_fold.parquet", "config.json"])
def test_every_changed_or_missing_file_is_named(copied, name):
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[:-1])
    with pytest.raises(RunError, match=f"{name} is not the file that this run saved"):
        load_run(copied)
    (copied / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        load_run(copied)


def test_a_run_of_another_schema_is_refused(copied):
    manifest = read_manifest(copied) | {"schema": "planrec.run/99"}
    (copied / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"schema must be 'planrec.run/1', got 'planrec.run/99'"):
        load_run(copied)


def test_two_runs_never_share_a_folder(tmp_path):
    config = compose(*SMALL)
    begin_run(tmp_path, config, "one")
    with pytest.raises(RunError, match="belongs to another run"):
        begin_run(tmp_path, config, "two")


@pytest.mark.parametrize("model", ["lgbm", "forest", "logistic"])
def test_the_same_run_again_gives_the_same_predictions_and_the_same_bytes(model):
    first, second = (run(compose(*SMALL, f"model={model}")) for _ in range(2))
    assert first.out_of_fold.equals(second.out_of_fold)
    assert canonical_skops(first.recommender.pipeline) == canonical_skops(second.recommender.pipeline)


def test_threads_do_not_change_predictions():
    first, second = (run(compose(*SMALL, f"threads={threads}")) for threads in (1, 2))
    assert first.out_of_fold.equals(second.out_of_fold)


def test_a_run_knows_everything_needed_to_repeat_it(history_run):
    manifest = read_manifest(history_run)
    assert manifest["config"]["seed"] == 0
    assert {"python", "planrec", "lightgbm", "scikit-learn"} <= set(manifest["versions"])
    assert set(manifest["files"]) == {"config.json", "model.skops", "out_of_fold.parquet"}
    assert len(manifest["data_fingerprint"]) == 64
