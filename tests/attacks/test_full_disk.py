"""A full scratch disk costs metrics and idempotency, never an answer."""

import errno
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import suppress
from time import time

import pytest

from api.answer_store import IN_PROGRESS_SECONDS, AnswerStore, State, StoredAnswer
from api.metric_files import AllocatedFile
from tests.api.processes import serving

KINDS = 400
"""Requests of different series: their counters do not fit in the first files."""


def test_a_file_of_counters_is_on_the_disk_before_it_is_written_to(tmp_path):
    file = AllocatedFile(str(tmp_path / "counter_1.db"))
    for number in range(3_000):
        file.write_value(f"series {number:05}", number, 0.0)
    found = (tmp_path / "counter_1.db").stat()
    assert found.st_blocks * 512 >= found.st_size > 65_536
    file.close()
    reader = AllocatedFile(str(tmp_path / "counter_1.db"), read_mode=True)
    values = {name: value for name, value, _ in reader.read_all_values()}
    reader.close()
    assert values == {f"series {number:05}": number for number in range(3_000)}


def test_a_file_that_the_disk_cannot_hold_is_not_left_empty(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    with pytest.raises(OSError, match="No space left"):
        AllocatedFile(str(tmp_path / "counter_1.db"))
    assert list(tmp_path.iterdir()) == []


def test_keys_are_kept_again_when_the_disk_has_space(tmp_path, caplog):
    store = AnswerStore(tmp_path / "missing" / "answers.sqlite3")
    assert [store.begin(name, "request")[0] for name in "ab"] == [State.NOT_KEPT] * 2
    store.finish("a", None)
    assert caplog.text.count("not kept for their Idempotency-Key") == 1
    (tmp_path / "missing").mkdir()
    assert [store.begin("a", "request")[0] for _ in range(2)] == [State.NEW, State.IN_PROGRESS]
    store.close()


@pytest.mark.parametrize("answer", [StoredAnswer(201, (), b"{}", "/predict"), None])
def test_a_key_whose_answer_was_not_stored_can_be_repeated_at_once(tmp_path, monkeypatch, answer):
    def fail(*arguments):
        raise sqlite3.OperationalError("database or disk is full")

    store, other = (AnswerStore(tmp_path / "answers.sqlite3") for _ in range(2))
    assert store.begin("a", "request")[0] == State.NEW
    assert other.begin("a", "request")[0] == State.IN_PROGRESS
    with monkeypatch.context() as full:
        full.setattr(store, "_finish", fail)
        store.finish("a", answer)
    for worker in (store, other):
        assert worker.begin("a", "request") == (State.NOT_KEPT, None)
        assert worker.begin("a", "other")[0] == State.OTHER_REQUEST
    monkeypatch.setattr("api.answer_store.time", lambda: time() + IN_PROGRESS_SECONDS + 1)
    assert [worker.begin("a", "request")[0] for worker in (other, store)] == [State.NEW, State.IN_PROGRESS]
    store.close()
    other.close()


def test_the_table_of_failed_claims_needs_no_disk_that_has_space(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    store = AnswerStore(tmp_path / "answers.sqlite3")
    assert store.begin("a", "request")[0] == State.NEW
    monkeypatch.setattr(store, "_finish", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("full")))
    store.finish("a", None)
    assert store.begin("a", "request") == (State.NOT_KEPT, None)
    store.close()


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a file system of 2 MiB."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Fill the disk."""
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))
    assert shutil.disk_usage(folder).free == 0


@pytest.mark.nightly
def test_workers_answer_while_the_scratch_disk_is_full(outputs, example, small_disk):
    request = json.loads(example)
    with serving(outputs, "--workers", "2", PLANREC_SERVER__SCRATCH=str(small_disk)) as server:
        for _ in range(2):
            server.wait_for("Application startup complete")
        fill(small_disk)
        for number in range(KINDS):
            headers = {"Idempotency-Key": f"key {number}".replace(" ", "-")} if number % 4 == 0 else {}
            assert server.ask("POST", "/predict", request, headers)[0] == 200
            assert server.ask("PUT", f"/run/{number}")[0] == 404
        assert server.ask("GET", "/metrics")[0] == 200
        worker = next(line for line in server.log if "Started server process" in line)
        os.kill(json.loads(worker)["pid"], 9)
        server.wait_for("died")
        server.wait_for("Application startup complete")
        assert [server.ask("POST", "/predict", request)[0] for _ in range(20)] == [200] * 20
        (small_disk / "ballast").unlink()
        assert server.ask("GET", "/metrics")[0] == 200
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.log]
    assert [line for line in lines if "error" in line] == [], "a traceback"
    told = [line["message"] for line in lines if line["level"] == "error"]
    assert 1 <= len(told) <= 12, "once per outage, not once per request"
