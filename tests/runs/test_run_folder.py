import hashlib
import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from planrec.cli import main
from planrec.errors import RunError
from planrec.runs.model_file import canonical_skops
from planrec.runs.provenance import git_commit
from planrec.runs.read import load_run, read_manifest, replay_golden
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.conftest import SMALL
from tests.quick_configs import composed


@pytest.fixture
def copied(history_run, tmp_path):
    return shutil.copytree(history_run, tmp_path / "run")


def test_a_loaded_run_gives_the_answers_that_it_was_saved_with(history_run, row_run, bill_run):
    for folder in (history_run, row_run, bill_run):
        saved = load_run(folder)
        assert replay_golden(saved) is None
        assert len(saved.manifest.golden.requests) > 0


def test_golden_answers_that_differ_are_refused(history_run):
    saved = load_run(history_run)
    (first, *others), *rest = saved.manifest.golden.probability
    changed = {"probability": ((first + 1e-9, *others), *rest)}
    golden = saved.manifest.golden.model_copy(update=changed)
    saved = replace(saved, manifest=saved.manifest.model_copy(update={"golden": golden}))
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
    manifest = json.loads((copied / "run.json").read_text()) | {"schema": "planrec.run/99"}
    (copied / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"schema must be 'planrec.run/2', got 'planrec.run/99'"):
        load_run(copied)


def test_two_runs_never_share_a_folder(tmp_path):
    config = composed(*SMALL)
    begin_run(tmp_path, config, "one")
    with pytest.raises(RunError, match="belongs to another run"):
        begin_run(tmp_path, config, "two")


NEIGHBORS = "estimator model.class_path=sklearn.neighbors.KNeighborsClassifier"


@pytest.mark.parametrize("model", ["lgbm", "forest", "logistic", NEIGHBORS])
def test_the_same_run_again_gives_the_same_predictions_and_the_same_bytes(model):
    first, second = (run(composed(*SMALL, *f"model={model}".split())) for _ in range(2))
    assert first.out_of_fold.equals(second.out_of_fold)
    assert canonical_skops(first.recommender.pipeline) == canonical_skops(second.recommender.pipeline)


def test_threads_change_neither_predictions_nor_bytes():
    first, second = (run(composed(*SMALL, f"threads={threads}")) for threads in (1, 2))
    assert first.out_of_fold.equals(second.out_of_fold)
    assert canonical_skops(first.recommender.pipeline) == canonical_skops(second.recommender.pipeline)


def test_a_run_knows_everything_needed_to_repeat_it(history_run):
    manifest = read_manifest(history_run)
    assert manifest.config["seed"] == 0
    assert {"python", "planrec", "lightgbm", "scikit-learn"} <= set(manifest.versions)
    assert set(manifest.files) == {"config.json", "model.skops", "out_of_fold.parquet", "profile.json"}
    assert len(manifest.data_fingerprint) == 64


BROKEN = {
    "empty": "",
    "cut off": '{"schema": "planrec.run/2", "plans": [',
    "a list": "[]",
    "text": '"planrec.run/2"',
    "not a number": '{"schema": NaN}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_run_json_that_is_none_is_refused(copied, content):
    (copied / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json"):
        load_run(copied)


def test_a_run_json_in_another_encoding_is_refused(copied):
    (copied / "run.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(RunError, match="cannot be read as JSON"):
        load_run(copied)


def changed(folder, path, value):
    """Put a value into run.json at a path; `...` removes the key."""
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    node = manifest
    for key in path[:-1]:
        node = node[key]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    (folder / "run.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("files",), ..., "files: must be given and is missing"),
        (("files",), {}, r"files must hold the sha256 of config\.json, model\.skops, out_of_fold\.parquet"),
        (("files", "model.skops"), ..., r"files must hold the sha256 of model\.skops"),
        (("files", "../secret"), "0" * 64, r"files\.\.\./secret"),
        (("files", "model.skops"), 3, r"files\.model\.skops"),
        (("plans",), [], "plans"),
        (("plans",), ["smart"], "plans must"),
        (("golden", "requests"), [], r"golden\.requests"),
        (("golden", "recommended"), [0], "each request must have its answer"),
        (("inputs", "columns"), 3, r"inputs\.columns"),
        (("metrics", 0), {"metric": "accuracy"}, r"metrics\.0"),
        (("shoe_size",), 43, "shoe_size"),
        (("config", "model", "kind"), "oracle", r"config\.model"),
        (("config", "model", "shoe_size"), 43, r"config\.model\.lgbm\.shoe_size"),
        (("config",), [], "config"),
        (("catalogue", "plans"), [], "catalogue"),
        (("catalogue_sha256",), "0" * 64, "another sha256"),
    ],
)
def test_a_run_json_that_describes_no_run_is_refused_and_says_where(copied, path, value, found):
    with pytest.raises(RunError, match=found):
        load_run(changed(copied, path, value))


def test_plans_that_are_not_those_of_the_catalogue_are_refused(copied):
    plans = read_manifest(copied).plans
    with pytest.raises(RunError, match="plans must be those of its catalogue"):
        load_run(changed(copied, ("plans",), plans[::-1]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("golden", "requests", 0), {}),
        (("golden", "requests", 0, "months"), []),
        (("golden", "requests", 0, "months"), [{"month": "soon"}]),
        (("golden", "probability", 0), [1.0]),
    ],
)
def test_golden_requests_that_are_none_are_refused(copied, path, value):
    with pytest.raises(RunError, match="cannot be answered again"):
        replay_golden(load_run(changed(copied, path, value)))


def test_a_model_that_the_installed_versions_cannot_read_is_refused(copied):
    content = b"not a model"
    (copied / "model.skops").write_bytes(content)
    changed(copied, ("files", "model.skops"), hashlib.sha256(content).hexdigest())
    with pytest.raises(RunError, match=r"model\.skops cannot be read by the installed versions"):
        load_run(copied)


@pytest.mark.parametrize(
    ("folder", "run_id"),
    [
        ("2030-01-31/12-00-00-abc123", "2030-01-31/12-00-00-abc123"),
        ("multirun/cells/0123456789abcdef", "cells/0123456789abcdef"),
    ],
)
def test_a_run_is_called_date_and_time_and_in_a_sweep_by_its_address(tmp_path, folder, run_id):
    config = composed(*SMALL, "model=dummy", "baselines=[]")
    begin_run(tmp_path / folder, config, "train")
    save_run(run(config), tmp_path / folder, "train")
    assert load_run(tmp_path / folder).run_id == run_id


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_that_of_a_checkout_and_never_of_a_repository_around_it(tmp_path):
    package, installed = tmp_path / "planrec", tmp_path / "venv" / "planrec"
    package.mkdir()
    installed.mkdir(parents=True)
    assert git_commit(package) is None
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), (*identity, "commit", "--quiet", "--allow-empty", "-m", "first")):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert len(git_commit(package)) == 40
    assert git_commit(installed) is None


@pytest.mark.parametrize("card", ["model", "data"])
def test_both_cards_are_printed_for_several_runs_of_every_target(card, history_run, bill_run, capsys):
    assert main(["card", card, str(history_run), str(bill_run)]) == 0
    page = capsys.readouterr().out
    assert f"`planrec card {card}`" in page
    for folder in (history_run, bill_run):
        assert read_manifest(folder).data_fingerprint[:16] in page


@pytest.mark.parametrize("card", ["model", "data"])
def test_a_card_of_no_run_is_an_error_and_no_traceback(card, tmp_path, capsys):
    assert main(["card", card, str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_rows_that_the_source_dropped_are_in_the_run_folder_with_their_reason(tmp_path):
    rows = ["subscriber,month,plan,voice_calls,voice_minutes,sms,data_mib"]
    rows += [
        f"{person},2018-{month:02},{('a', 'b')[person % 2]},{10 + person},{20 + month},3,{900 * month}"
        for person in range(12)
        for month in range(1, 5)
    ]
    (tmp_path / "months.csv").write_text("\n".join([*rows, "3,2018-05,b,-1,20,3,900"]), "utf-8")
    options = [
        "data=usage_months",
        f"data.path={tmp_path / 'months.csv'}",
        "data.on_bad_rows=drop_and_report",
    ]
    config = composed(*options, "cv.n_folds=2", "n_bootstrap=20", "model=dummy", "threads=1")
    folder = tmp_path / "2030-01-31" / "12-00-00-abc123"
    begin_run(folder, config, "planrec train")
    save_run(run(config), folder, "planrec train")
    (dropped,) = (folder / "dropped_rows.csv").read_text("utf-8").splitlines()[1:]
    assert "line 50" in dropped
    assert "dropped_rows.csv" in load_run(folder).manifest.files
