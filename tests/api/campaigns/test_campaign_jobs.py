"""Campaigns as jobs of the server: limits, owners, ends of all kinds, and no trace of the uploaded files."""

import csv
import io
import json
import os
import signal
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import msgspec
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.campaigns import job_process, job_store
from api.campaigns.job_folder import DAMAGED, ENDED, JobFolder, JobState
from api.campaigns.job_store import CampaignJobs
from api.middleware.api_keys import hash_of
from api.settings import Access, CampaignLimits, Settings
from planrec.runs.read import load_run
from tests.serving.scoring.test_score import months_table

KEYS = ("planrec_one", "planrec_two")
MONTHS = months_table(n=40)
CONTENT = MONTHS.to_csv(index=False).encode()


@pytest.fixture(scope="module")
def saved(forecast_run):
    return load_run(forecast_run)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        outputs=tmp_path,
        access=Access(key_hashes=tuple(hash_of(key.encode()) for key in KEYS)),
        campaigns=CampaignLimits(upload_bytes=200_000, kept=3),
    )


@pytest.fixture
def client(saved, settings):
    with worker(saved, settings) as client:
        yield client


@contextmanager
def worker(saved, settings):
    with TestClient(create_app(saved, settings=settings)) as client:
        client.headers["x-api-key"] = KEYS[0]
        yield client


@pytest.fixture
def idle(monkeypatch):
    """Jobs whose process never begins."""
    monkeypatch.setattr(job_store, "_run_process", lambda folder: None)


def started(client, settings=None, months=CONTENT, **files):
    parts = {"months": ("june.csv", months, "text/csv")} | files
    data = {} if settings is None else {"settings": json.dumps(settings)}
    return client.post("/campaigns", files=parts, data=data)


def finished(client, job, seconds=60):
    deadline = monotonic() + seconds
    while job["state"] in ("waiting", "running") and monotonic() < deadline:
        sleep(0.1)
        job = client.get(f"/campaigns/{job['id']}").json()
    return job


def folders(settings):
    return list((settings.outputs / "campaign_jobs").glob("*/"))


def test_an_upload_is_scored_with_its_settings_and_files(client, settings, caplog):
    objections = ("no.csv", b"subscriber\ns0000\ns0001\n", "text/csv")
    answer = started(client, {"cap": 5, "minimum_saving": 1}, do_not_contact=objections)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/campaigns/{job['id']}"
    assert job["months_file"] == "june.csv"
    job = finished(client, job)
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
    summary = job["summary"]
    assert summary["figures"]["subscribers"] == 40
    assert summary["figures"]["contacted"] == 5
    assert summary["do_not_contact"] == {"entries": 2, "matched": 2}
    advice = client.get(f"/campaigns/{job['id']}/advice.csv")
    assert advice.headers["content-disposition"] == 'attachment; filename="campaign.csv"'
    rows = list(csv.DictReader(io.StringIO(advice.text)))
    assert [row["subscriber_ref"] for row in rows] == [f"s{number:04}" for number in range(40)]
    assert sum(row["contact"] == "true" for row in rows) == 5
    manifest = client.get(f"/campaigns/{job['id']}/manifest").json()
    assert manifest["summary"]["figures"] == summary["figures"]
    assert str(settings.outputs) not in json.dumps(manifest)
    [folder] = folders(settings)
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {
        *("advice.csv", "advice.csv.manifest.json", "request.msgpack", "state.msgpack", "lock")
    }
    assert client.delete(f"/campaigns/{job['id']}").status_code == 204
    assert folders(settings) == []
    assert client.get(f"/campaigns/{job['id']}").status_code == 404
    assert "s0007" not in caplog.text
    assert "june" not in caplog.text


def test_a_file_that_cannot_be_scored_fails_with_every_reason(client):
    job = finished(client, started(client, months=CONTENT.replace(b"2026-03", b"2026-13")).json())
    assert job["state"] == "failed"
    assert job["error"].startswith("months cannot be scored by the run ")
    assert any("2026-13" in problem for problem in job["problems"])
    for name in ("advice.csv", "manifest"):
        answer = client.get(f"/campaigns/{job['id']}/{name}")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:planrec:problem:campaign_not_done")
        assert answer.json()["detail"] == "this campaign has no advice: its state is failed"


@pytest.mark.usefixtures("idle")
def test_jobs_belong_to_the_key_that_started_them(client, saved, settings):
    job = started(client).json()
    for path in (f"/campaigns/{job['id']}", f"/campaigns/{job['id']}/advice.csv"):
        other = client.get(path, headers={"x-api-key": KEYS[1]})
        assert other.status_code == 404
    assert client.delete(f"/campaigns/{job['id']}", headers={"x-api-key": KEYS[1]}).status_code == 404
    assert client.options(f"/campaigns/{job['id']}").headers["allow"] == "DELETE, GET, OPTIONS"
    assert client.get(f"/campaigns/{job['id']}").status_code == 200
    with worker(saved, settings) as other_worker:
        assert other_worker.get(f"/campaigns/{job['id']}").json() == job


@pytest.mark.usefixtures("idle")
def test_jobs_are_limited_in_number_and_size(client, settings):
    job = started(client).json()
    answer = started(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert answer.json()["type"] == "urn:planrec:problem:too_many_campaigns"
    for _ in range(2):
        JobFolder(settings.outputs / "campaign_jobs" / job["id"]).write_state(JobState("done", 1.0))
        job = started(client).json()
    JobFolder(settings.outputs / "campaign_jobs" / job["id"]).write_state(JobState("done", 1.0))
    answer = started(client)
    assert (answer.status_code, "at most 3 campaigns are kept" in answer.text) == (429, True)
    assert client.delete(f"/campaigns/{job['id']}").status_code == 204
    assert started(client, months=b"x" * 1_300_000).status_code == 413
    assert len(folders(settings)) == 2
    assert started(client).status_code == 202


@pytest.mark.usefixtures("idle")
def test_every_mistake_of_the_form_is_named(client, settings):
    sent = {"holdout": 2, "do_not_contact": "/etc/passwd", "templates": {"en": "{plam}"}, "windows": [{}]}
    answer = started(
        client, sent, extra=("a.csv", b"x", "text/csv"), contact_history=("h.csv", b"x", "text/csv")
    )
    assert answer.status_code == 422
    found = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert found["/extra"] == "no such key"
    assert found["/settings/do_not_contact"] == "must be sent as a file, beside the settings"
    assert found["/settings/holdout"] == "must be less than 1"
    assert found["/settings/templates/en"].startswith("no placeholder {plam} (did you mean 'plan'?)")
    assert found["/settings/windows/0/days"] == "must be given and is missing"
    for data, files, pointer in (
        ({"settings": "{"}, {"months": ("m.csv", b"x")}, "/settings"),
        ({"settings": "{}"}, {"do_not_contact": ("m.csv", b"x")}, "/months"),
        ({"months": "text"}, {"do_not_contact": ("m.csv", b"x")}, "/months"),
    ):
        answer = client.post("/campaigns", data=data, files=files)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert client.post("/campaigns", json={}).status_code == 415
    assert (
        client.post("/campaigns", content=b"x", headers={"content-type": "multipart/form-data"}).status_code
        == 400
    )
    assert folders(settings) == []


@pytest.mark.parametrize("name", ["settings", "months", "x"])
@pytest.mark.usefixtures("idle")
def test_a_long_text_of_the_form_is_refused(client, settings, name):
    files = {"do_not_contact": ("m.csv", b"subscriber\n")}
    answer = client.post("/campaigns", data={name: "x" * 1_000_000}, files=files)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, f"/{name}")
    assert error["detail"] == "must have at most 100,000 bytes"
    assert folders(settings) == []


@pytest.mark.parametrize(
    "part",
    [
        'name="settings"\r\nContent-Type: text/plain; charset=bogus\r\n\r\n\xff\r\n',
        'name="settings"\r\n\r\n\xff\r\n',
        'name="settings"\r\n\r\n{}',
        "\r\n\r\nx\r\n",
    ],
)
@pytest.mark.usefixtures("idle")
def test_a_damaged_form_is_refused(client, settings, part):
    body = f"--b\r\nContent-Disposition: form-data; {part}--b--\r\n".encode("latin-1")
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert client.post("/campaigns", content=body, headers=headers).status_code in (400, 422)
    assert folders(settings) == []


@pytest.mark.usefixtures("idle")
def test_a_job_whose_process_never_began_or_was_killed_has_failed(client, settings):
    job = started(client).json()
    folder = JobFolder(settings.outputs / "campaign_jobs" / job["id"])
    (folder.path / ".advice.csv.x").mkdir()
    with folder.lock.acquire():
        folder.write_state(JobState("running", 0.5))
        assert client.get(f"/campaigns/{job['id']}").json()["progress"] == 0.5
    found = client.get(f"/campaigns/{job['id']}").json()
    assert (found["state"], found["error"]) == ("failed", ENDED)
    assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "request.msgpack", "state.msgpack"]
    late = started(client).json()
    other = JobFolder(settings.outputs / "campaign_jobs" / late["id"])
    request = other.request()
    past = datetime.now(UTC) - timedelta(seconds=61)
    other.write_request(msgspec.structs.replace(request, created_at=past))
    assert client.get(f"/campaigns/{late['id']}").json()["state"] == "failed"


@pytest.mark.usefixtures("idle")
def test_jobs_are_removed_at_the_end_of_their_lives_and_at_the_start(client, saved, settings):
    job = started(client).json()
    folder = JobFolder(settings.outputs / "campaign_jobs" / job["id"])
    request = folder.request()
    assert request.expires_at - request.created_at == timedelta(hours=24)
    folder.write_request(msgspec.structs.replace(request, expires_at=datetime.now(UTC)))
    assert client.get(f"/campaigns/{job['id']}").status_code == 404
    with TestClient(create_app(saved, settings=settings)):
        deadline = monotonic() + 10
        while folders(settings) and monotonic() < deadline:
            sleep(0.05)
    assert folders(settings) == []


@pytest.fixture
def slow_job(client, settings, monkeypatch):
    """A job in a process that waits after it has begun; yields the job and its process."""
    begun = []

    class Popen(subprocess.Popen):
        def __init__(self, words, **options):
            script = (
                "import time, runpy, sys; from planrec.campaigns.run_campaign import Campaign;"
                "Campaign.write = lambda *_: time.sleep(60); sys.argv = ['x', sys.argv[1]];"
                "runpy.run_module('api.campaigns.job_process', run_name='__main__')"
            )
            super().__init__([words[0], "-c", script, words[-1]], **options)
            begun.append(self)

    monkeypatch.setattr(job_store.subprocess, "Popen", Popen)
    job = started(client).json()
    deadline = monotonic() + 60
    while client.get(f"/campaigns/{job['id']}").json()["state"] == "waiting" and monotonic() < deadline:
        sleep(0.1)
    yield job, begun[0]
    begun[0].kill()


def test_a_running_job_is_cancelled_and_a_killed_one_fails(client, settings, slow_job):
    job, process = slow_job
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
    assert client.delete(f"/campaigns/{job['id']}").status_code == 204
    assert process.wait(10) == 1
    assert folders(settings) == []


def test_a_killed_process_fails_its_job_at_once(client, slow_job):
    job, process = slow_job
    process.send_signal(signal.SIGKILL)
    found = finished(client, job, seconds=10)
    assert (found["state"], found["error"]) == ("failed", ENDED)


def test_a_process_ends_with_its_server(slow_job):
    _, process = slow_job
    process.stdin.close()
    process.stdin = None
    assert process.wait(10) == 1


def test_a_full_disk_is_a_reason(monkeypatch, client, settings, idle):
    job = started(client).json()
    folder = JobFolder(settings.outputs / "campaign_jobs" / job["id"])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job_process.Campaign, "write", full)
    monkeypatch.chdir(folder.path)
    state = job_process._ended(JobFolder(folder.path), folder.request())
    assert (state.state, state.error) == ("failed", job_process.DISK_FULL)
    monkeypatch.setattr(job_store.shutil, "copyfileobj", full)
    folder.remove()
    answer = started(client)
    assert (answer.status_code, "no room" in answer.text) == (503, True)
    assert folders(settings) == []


def test_a_run_that_changed_is_not_used(client, settings, idle, monkeypatch):
    job = started(client).json()
    folder = JobFolder(settings.outputs / "campaign_jobs" / job["id"])
    monkeypatch.chdir(folder.path)
    state = job_process._ended(folder, msgspec.structs.replace(folder.request(), run_sha256="0" * 64))
    assert "has changed" in state.error


def test_an_unreadable_run_is_named_without_the_place_of_the_runs(client, settings, idle, monkeypatch, saved):
    job = started(client).json()
    folder = JobFolder(settings.outputs / "campaign_jobs" / job["id"])
    monkeypatch.chdir(folder.path)
    gone = msgspec.structs.replace(folder.request(), run_folder=f"{saved.folder.resolve()}-gone")
    state = job_process._ended(folder, gone)
    assert state.error.startswith(f"the run cannot be read: {saved.folder.name}-gone is not a folder")
    assert str(saved.folder.resolve().parent) not in state.error


@pytest.mark.usefixtures("idle")
def test_a_damaged_state_fails_its_job_and_no_other(client, settings):
    job = started(client).json()
    (settings.outputs / "campaign_jobs" / job["id"] / "state.msgpack").write_bytes(b"\xc1")
    found = client.get(f"/campaigns/{job['id']}").json()
    assert (found["state"], found["error"]) == ("failed", DAMAGED)
    assert started(client).status_code == 202


@pytest.mark.usefixtures("idle")
def test_failed_jobs_make_room_for_new_ones_the_oldest_first(client, settings):
    jobs = []
    for _ in range(4):
        jobs.append(started(client).json()["id"])
        JobFolder(settings.outputs / "campaign_jobs" / jobs[-1]).fail("no column month")
    assert {folder.name for folder in folders(settings)} == set(jobs[1:])


@pytest.mark.usefixtures("idle")
def test_a_job_that_cannot_be_swept_does_not_keep_others(client, settings, monkeypatch, caplog):
    first = started(client).json()["id"]
    JobFolder(settings.outputs / "campaign_jobs" / first).fail("no column month")
    second = started(client).json()["id"]
    jobs = CampaignJobs.of(settings.outputs, settings.campaigns)
    folder = JobFolder(settings.outputs / "campaign_jobs" / second)
    past = msgspec.structs.replace(folder.request(), expires_at=datetime.now(UTC))
    read = JobFolder.request

    def request(self):
        if self.path.name == first:
            raise PermissionError(13, "Permission denied")
        return past if self.path.name == second else read(self)

    monkeypatch.setattr(JobFolder, "request", request)
    jobs.sweep()
    assert [folder.name for folder in folders(settings)] == [first]
    assert f"the campaign {first} was not swept: " in caplog.text


def test_one_upload_is_read_at_a_time(client, settings):
    jobs = client.app.state.campaigns
    with jobs.uploading():
        answer = started(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    with jobs.uploading():
        assert folders(settings) == []


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://testserver.local"}, 202),
        ({"origin": "https://shop.example", "sec-fetch-site": "cross-site"}, 202),
        ({"sec-fetch-site": "same-origin", "origin": "https://planrec.example"}, 202),
    ],
)
def test_pages_of_other_origins_start_and_delete_no_campaign(saved, tmp_path, headers, status):
    access = Access(cors_origins=("https://shop.example",))
    with TestClient(create_app(saved, settings=Settings(outputs=tmp_path, access=access))) as client:
        answer = client.post("/campaigns", files={"months": ("june.csv", CONTENT)}, headers=headers)
        assert answer.status_code == status
        found = client.delete("/campaigns/nothing", headers=headers)
        assert found.status_code == (404 if status == 202 else 403)
        assert status == 202 or found.json()["type"] == "urn:planrec:problem:forbidden"
