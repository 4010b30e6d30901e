"""Copies of runs in MLflow: complete, once, nothing of this machine; the registry follows the pin."""

import json
import platform
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as parquet
import pytest
from filelock import FileLock

from planrec.cli import main
from planrec.errors import ConfigError
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run, read_run_json
from planrec.schema.request import read_request
from planrec.serving.pin import read_pin
from planrec.serving.pin_run import pin_run
from planrec.serving.rollback import rollback
from planrec.tracking import after_training, run_copy
from planrec.tracking.after_training import track_saved
from planrec.tracking.many_copies import LOCK
from planrec.tracking.neutral_run import without_folders
from planrec.tracking.run_copy import SHA256, params_of
from planrec.tracking.tracking_store import tracking_store, without_password
from tests.small_sweeps import SMALL_SWEEP, sweep_into
from tests.trained_runs import edit_run

pytestmark = [
    # Of MLflow itself, on import and when it reads its tables.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


@pytest.fixture
def outputs(history_run, tmp_path):
    """Return a folder with two runs whose files name folders of this machine."""
    outputs = tmp_path / "home-of-ana" / "outputs"
    for name in ("one", "two"):
        folder = shutil.copytree(history_run, outputs / "2030-01-31" / name)
        edit_run(folder, lambda run, name=name: named(run, name, outputs))
    return outputs


def named(run, name, outputs):
    run.update(
        run_id=f"2030-01-31/{name}",
        command=f"planrec train 'data.path={outputs}/my months.csv' hydra.run.dir={outputs}/x",
        notes=[f"3 rows of {outputs}/months.csv are dropped"],
    )


def copies(server):
    with tracking_store(server) as store:
        return store.client.search_runs([store.experiment_id], order_by=["attributes.start_time"])


def test_a_run_is_copied_once_with_parameters_metrics_and_files(outputs, server, capsys):
    assert main(["track", "2030-01-31/one", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out == "sent 2030-01-31/one\ntracked: 1 sent, 0 there already\n"
    assert main(["track", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.endswith("tracked: 1 sent, 1 there already\n")
    found = {run.info.run_name: run for run in copies(server)}
    assert set(found) == {"2030-01-31/one", "2030-01-31/two"}
    run, saved = found["2030-01-31/one"], read_run_json(outputs / "2030-01-31" / "one")
    assert run.data.tags[SHA256] == saved.sha256
    assert (run.info.status, run.data.params["model.kind"]) == ("FINISHED", "lgbm")
    value = next(value for value in saved.manifest.metrics if value.model == "lgbm" and not value.group)
    sent = [run.data.metrics[f"{value.metric}{part}"] for part in ("", ".low", ".high")]
    np.testing.assert_array_equal(sent, [value.value, value.low, value.high])
    assert any(name.startswith("baseline.popular.") for name in run.data.metrics)
    with tracking_store(server) as store:
        files = {file.path for file in store.client.list_artifacts(run.info.run_id, "run")}
    assert files == {f"run/{name}" for name in ("run.json", *saved.manifest.files)}


def test_nothing_of_this_machine_reaches_the_store(outputs, server, monkeypatch, tmp_path):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "secret-user-ana")
    monkeypatch.setattr(socket, "gethostname", lambda: "secret-host-crm")
    monkeypatch.setattr(platform, "node", lambda: "secret-host-crm")
    pin_run(outputs / "2030-01-31" / "one", outputs)
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 0
    assert main(["track", "--outputs", str(outputs)]) == 0
    files = [file for file in (tmp_path / "store").rglob("*") if file.is_file()]
    secrets = [b"home-of-ana", b"secret-user-ana", b"secret-host-crm", str(outputs).encode()]
    assert len(files) > 10
    found = [(file, secret) for file in files for secret in secrets if secret in file.read_bytes()]
    assert found == []
    # The place of the SQLite file is the only absolute path, in its own table of experiments.
    texts = [file.read_text("utf-8") for file in files if file.suffix != ".db" and is_text(file)]
    assert [text for text in texts if str(tmp_path) in text] == []


def is_text(file):
    return file.suffix in (".json", ".yaml", ".txt", ".md", "") and file.name != "model.skops"


def test_rows_of_subscribers_stay_here(outputs, server, tmp_path):
    main(["track", "2030-01-31/one", "--outputs", str(outputs)])
    (file,) = (tmp_path / "store").rglob("out_of_fold.parquet")
    here = parquet.read_table(outputs / "2030-01-31" / "one" / "out_of_fold.parquet")
    there = parquet.read_table(file)
    assert here.num_rows > 0
    assert (there.num_rows, there.column_names) == (0, here.column_names)


def answers(folder):
    saved = load_run(folder)
    named = {str(n): read_request(request) for n, request in enumerate(saved.manifest.golden.requests)}
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    return [encoded(answer) for answer in answers_of(saved.recommender, named, model)]


def test_the_registered_model_gives_the_same_answers_bit_for_bit(outputs, server, tmp_path):
    import mlflow.pyfunc

    folder = outputs / "2030-01-31" / "one"
    pin_run(folder, outputs)
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 0
    model = mlflow.pyfunc.load_model("models:/planrec@champion")
    requests = list(read_run_json(folder).manifest.golden.requests)
    there = model.predict(requests)
    assert [json.dumps(answer) for answer in there] == [
        json.dumps(json.loads(answer)) for answer in answers(folder)
    ]
    assert len(there) == len(requests) > 5
    names = [file.name for file in (tmp_path / "store" / "mlflow-artifacts").rglob("*") if file.is_file()]
    assert [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))] == []


def champion(server):
    with tracking_store(server) as store:
        found = store.client.get_model_version_by_alias("planrec", "champion")
        n_versions = len(store.client.search_model_versions("name = 'planrec'"))
    return found.tags["planrec.run_id"][-3:], n_versions


def test_the_alias_follows_the_pin_and_its_rollback(outputs, server, capsys):
    for change, expected in (
        (lambda: pin_run(outputs / "2030-01-31" / "one", outputs), ("one", 1)),
        (lambda: pin_run(outputs / "2030-01-31" / "two", outputs), ("two", 2)),
        (lambda: None, ("two", 2)),
        (lambda: rollback(outputs), ("one", 2)),
    ):
        change()
        assert main(["track", "--registry", "--outputs", str(outputs)]) == 0
        assert champion(server) == expected
    assert "2030-01-31/one is version 1 of planrec, the champion" in capsys.readouterr().out


def test_without_a_pin_nothing_is_registered(outputs, server, capsys):
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 1
    assert "no run is pinned" in capsys.readouterr().err


def test_a_copy_that_broke_off_is_replaced(outputs, server, monkeypatch, capsys):
    send = run_copy._batches

    def broken(items, most):
        yield from send(items, most)
        raise OSError("disk full")

    monkeypatch.setattr(run_copy, "_batches", broken)
    assert main(["track", "2030-01-31/one", "--outputs", str(outputs)]) == 1
    assert "did not take the runs: disk full" in capsys.readouterr().err
    assert [run.info.status for run in copies(server)] == ["RUNNING"]
    monkeypatch.setattr(run_copy, "_batches", send)
    assert main(["track", "2030-01-31/one", "--outputs", str(outputs)]) == 0
    assert [run.info.status for run in copies(server)] == ["FINISHED"]


def test_the_cells_of_a_sweep_are_nested(tmp_path, server, capsys):
    (tmp_path / "sweep").mkdir()
    sweep = sweep_into(tmp_path / "sweep", "model=dummy,logistic")
    capsys.readouterr()
    for sent in (2, 0):
        assert main(["track", str(sweep), "--outputs", str(sweep.parents[2])]) == 0
        assert capsys.readouterr().out.endswith(f"tracked: {sent} sent, {2 - sent} there already\n")
    assert main(["track", "--outputs", str(sweep.parents[2])]) == 0
    found = copies(server)
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    assert (parent.info.status, parent.data.tags["mlflow.user"]) == ("FINISHED", "planrec")
    nested = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.params["model.kind"] for run in nested} == {"dummy", "logistic"}
    assert len(found) == 3


def test_a_server_that_is_down_is_reported_with_the_way_on(outputs, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = ["--server", "http://ana:secret@127.0.0.1:9"]
    assert main(["track", *server, "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert "http://127.0.0.1:9 did not take the runs" in said
    assert "secret" not in said


@pytest.mark.parametrize("url", ["", "file:///tmp/mlruns", "./mlruns", "ftp://host", "http://two words"])
def test_the_server_must_be_named(url, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match="tracking needs a server such as"), tracking_store(url):
        pass


@pytest.mark.parametrize("user", ["ana:secret", "ana:se@cret", "ana:s/ecret", "ana:a b?#", "a@crm.es:x", "@"])
def test_no_part_of_a_password_is_printed(user):
    assert without_password(f"https://{user}@host/x") == "https://host/x"
    assert without_password(f"no answer of https://{user}@host/x") == "no answer of https://host/x"
    assert without_password(f"{user}@host:5000") == "host:5000"


@pytest.mark.parametrize("password", ["s/ecret", "s?ecret", "s#ecret", "s ecret", "s/e@cret"])
def test_a_password_whose_url_has_two_readings_is_refused(password):
    with (
        pytest.raises(
            ConfigError, match=r"got 'http://host:1/'.*write / \? # @ of a password as %2F"
        ) as raised,
        tracking_store(f"http://ana:{password}@host:1/"),
    ):
        pass
    assert "ecret" not in str(raised.value)


def test_a_run_is_complete_if_the_server_takes_too_long(outputs, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(after_training, "SECONDS", 1.5)
        began = time.monotonic()
        line = track_saved(outputs / "2030-01-31" / "one", outputs)
    assert time.monotonic() - began < 10
    assert line.startswith("not tracked (the server took more than 1.5 seconds): the run is complete;")
    assert line.endswith(f"planrec track {outputs / '2030-01-31' / 'one'} --outputs {outputs}")


def test_a_run_is_complete_if_its_process_fails(outputs, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="error: no server\n  - more\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    assert track_saved(outputs / "2030-01-31" / "one", outputs).startswith("not tracked (no server): the run")


def test_parameters_have_names_that_mlflow_takes():
    params = {param.key: param.value for param in params_of({"a": {"b=(c)": 1, "d": {}}, "e": "x" * 9_000})}
    assert params == {"a.b__c_": "1", "a.d": "{}", "e": "x" * 6_000}


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("planrec train data.path=/a/b.csv", "planrec train data.path=b.csv"),
        ("planrec train 'data.paths=[/a b/c.csv,/d/e.csv]'", "planrec train 'data.paths=[c.csv,e.csv]'"),
        ("/opt/venv/bin/planrec train model=lgbm", "planrec train model=lgbm"),
        ("planrec train 'unclosed", "planrec"),
        (r"planrec train data.path=C:\Users\ana\b.csv", "planrec train data.path=b.csv"),
        (r"planrec train 'data.path=C:\Users\ana maria\b.csv'", "planrec train data.path=b.csv"),
        ("planrec train data.path=//crm/share/ana/b.csv", "planrec train data.path=b.csv"),
        ("planrec train data.path=file:///home/ana/b.csv", "planrec train data.path=file:b.csv"),
        ("planrec train 'data.path=/home/ana maria'", "planrec train data.path=home"),
        ("planrec train --outputs /home/ana", "planrec train --outputs home"),
        (r"planrec train --outputs C:\Users\ana", "planrec train --outputs home"),
        (
            "planrec train data.path=~ana/b.csv a='calls / months'",
            "planrec train data.path=b.csv 'a=calls / months'",
        ),
    ],
)
def test_commands_keep_the_names_of_files_only(command, kept):
    assert without_folders({"command": command}) == {"command": kept}


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("3 rows of //crm/share/ana/b.csv are dropped", "3 rows of b.csv are dropped"),
        (r"3 rows of \\crm\share\ana\b.csv are dropped", "3 rows of b.csv are dropped"),
        (r"3 rows of 'C:\Users\ana maria\b.csv' are dropped", "3 rows of 'b.csv' are dropped"),
        (r"3 rows of C:\Program Files (x86)\ana\b.csv", "3 rows of b.csv"),
        ("3 rows of /home/O'Brien, Ana/b.csv are dropped", "3 rows of b.csv are dropped"),
        ("3 rows (file:///home/ana maria/b.csv, /home/ana/c.csv)", "3 rows (file:b.csv, c.csv)"),
        ('{"path": "/home/ana/b.csv", "old": "~ana/c.csv"}', '{"path": "b.csv", "old": "c.csv"}'),
        ("3 rows of /home/ana/b.csv by postgresql://ana:s/e@crm/log", "3 rows of b.csv by postgresql:log"),
        ("see https://ana:secret@mlflow.example/x", "see https://mlflow.example/x"),
        ("/home/O'Brien, Ana/", "home"),
        (
            r"no file in 'C:\Users\ana maria', see https://example.org/a",
            "no file in 'home', see https://example.org/a",
        ),
        ("see https://example.org/home/a of /home/ana/c.csv", "see https://example.org/home/a of c.csv"),
        ("~5/6 of the calls / months, or more, see https://example.org/a/b", None),
    ],
)
def test_sentences_keep_the_names_of_files_only(sentence, kept):
    assert without_folders([sentence]) == [kept or sentence]


def test_a_home_folder_is_no_name_of_a_person(monkeypatch):
    monkeypatch.setenv("HOME", "/srv/people/ana")
    assert without_folders({"outputs": "/srv/people/ana"}) == {"outputs": "home"}
    assert without_folders({"outputs": "/srv/people/ana/runs"}) == {"outputs": "runs"}


def test_the_pinned_run_of_the_registry_is_the_pinned_one(outputs, server, capsys):
    pin_run(outputs / "2030-01-31" / "one", outputs)
    file = outputs / "2030-01-31" / "one" / "run.json"
    file.write_text(file.read_text() + "\n")
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 1
    assert "was changed after it was pinned" in capsys.readouterr().err
    assert read_pin(outputs).run == "2030-01-31/one"


@pytest.mark.slow
def test_training_tracks_what_it_saved_and_never_fails_because_of_it(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", *SMALL_SWEEP, "model=dummy", "tracking=mlflow"]
    assert main(command) == 0
    assert capsys.readouterr().err.endswith("tracked: 1 sent, 0 there already\n")
    assert main([*command, "-m", "seed=1,2"]) == 0
    assert capsys.readouterr().err.endswith("tracked: 2 sent, 0 there already\n")
    assert len(copies(server)) == 4, "the sweep is a run too"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert main([*command, "--json"]) == 0
    said = capsys.readouterr()
    assert "not tracked (http://127.0.0.1:9 did not take the runs: " in said.err
    assert json.loads(said.out)["schema"] == "planrec.train/1"
    assert len(list(tmp_path.glob("outputs/20*/*/run.json"))) == 2


@pytest.mark.nightly
def test_a_killed_copy_is_completed_by_the_next_and_nothing_is_doubled(outputs, server):
    command = [sys.executable, "-m", "planrec", "track", "--outputs", str(outputs)]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            process.kill()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("tracked: ")
    found = copies(server)
    assert sorted((run.info.run_name, run.info.status) for run in found) == [
        ("2030-01-31/one", "FINISHED"),
        ("2030-01-31/two", "FINISHED"),
    ]


def test_a_second_call_at_once_exits_with_3(tmp_path, server, capsys):
    with FileLock(tmp_path / LOCK):
        assert main(["track", "--outputs", str(tmp_path)]) == 3
    assert "another planrec track is running" in capsys.readouterr().err
