"""Real servers with several workers: new pins under load, bad pins, killed workers, signals."""

import json
import os
import re
import shutil
import signal
import socket
from collections import Counter
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from litestar.testing import TestClient

from api.app import create_app
from planrec.runs.read import load_run
from planrec.serving.pin_run import pin_run
from tests.api.processes import asked, serving
from tests.trained_runs import train_into

WORKERS = 3
SWITCHES = 50


@pytest.fixture(scope="module")
def outputs(history_run, tmp_path_factory):
    """Return a folder with two runs that answer differently, and with a pin of each."""
    outputs = tmp_path_factory.mktemp("served")
    shutil.copytree(history_run, outputs / "one")
    train_into(outputs / "2030-01-31" / "two", "model=dummy")
    for number, run in enumerate((outputs / "2030-01-31" / "two", outputs / "one")):
        pin_run(run, outputs)
        shutil.copy(outputs / "pinned.json", outputs / f"pin-{number}.json")
    return outputs


def put_pin(outputs, content: bytes) -> None:
    """Replace the pin."""
    (outputs / "new.json").write_bytes(content)
    os.replace(outputs / "new.json", outputs / "pinned.json")


@pytest.fixture
def good_pin(outputs):
    """Put the good pin in place; return its content."""
    content = (outputs / "pin-1.json").read_bytes()
    put_pin(outputs, content)
    return content


@pytest.fixture(scope="module")
def request_body(outputs):
    return load_run(outputs / "one").manifest.golden.requests[0]


@pytest.fixture(scope="module")
def right_answers(outputs, request_body):
    """Return decision and items of each run, by its id."""
    answers = {}
    for folder in (outputs / "one", outputs / "2030-01-31" / "two"):
        with TestClient(create_app(load_run(folder))) as client:
            answer = client.post("/predict", json=request_body).json()
        answers[answer["model"]["run_id"]] = (answer["decision"], answer["items"])
    one, two = answers.values()
    assert one != two
    return answers


def wait_for_all_workers(server, text: str) -> None:
    """Wait until each worker has logged this text."""
    told: set[int] = set()
    while len(told) < WORKERS:
        told.add(json.loads(server.wait_for(text))["pid"])


@pytest.fixture(scope="module")
def server(outputs):
    with serving(outputs, "--workers", str(WORKERS)) as server:
        wait_for_all_workers(server, "Application startup complete")
        yield server
        assert server.stop(signal.SIGINT) == 0
    for line in server.log:
        assert "error" not in json.loads(line), "a line of the log has a traceback"


@contextmanager
def asked_all_the_time(server, request_body, right_answers):
    """Send requests from two threads; yield the runs that answered, and the wrong answers."""
    stop, runs, wrong = Event(), Counter(), []

    def ask_on() -> None:
        # A few requests per connection: each connection belongs to one worker.
        while not stop.is_set():
            with server.connection() as connection:
                for _ in range(20):
                    status, _, body = asked(connection, "POST", "/predict", request_body)
                    answer = json.loads(body)
                    run_id = answer["model"]["run_id"] if status == 200 else None
                    runs[run_id] += 1
                    if status != 200 or (answer["decision"], answer["items"]) != right_answers[run_id]:
                        wrong.append((status, answer))

    def ask_and_tell() -> None:
        try:
            ask_on()
        except Exception as error:
            wrong.append(error)

    askers = [Thread(target=ask_and_tell) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        yield runs, wrong
    finally:
        stop.set()
        for asker in askers:
            asker.join()


@pytest.mark.slow
def test_answers_match_the_run_they_name_while_the_pin_changes(
    server, outputs, request_body, right_answers, good_pin
):
    one, two = right_answers
    with asked_all_the_time(server, request_body, right_answers) as (runs, wrong):
        for number in range(SWITCHES):
            pinned = (two, one)[number % 2]
            answered = runs.copy()
            put_pin(outputs, (outputs / f"pin-{number % 2}.json").read_bytes())
            wait_for_all_workers(server, f"the pin changed: {pinned} answers")
            # From here on, no answer comes from the run before.
            for _ in range(2 * WORKERS):
                body = server.ask("POST", "/predict", request_body)[2]
                assert json.loads(body)["model"]["run_id"] == pinned
            assert runs.total() > answered.total(), "requests were answered all the time"
    assert wrong == []
    assert set(runs) == set(right_answers)


def test_the_old_run_answers_while_a_pin_is_bad(server, outputs, request_body, right_answers, good_pin):
    pin = json.loads(good_pin)
    put_pin(outputs, json.dumps(pin | {"run_json_sha256": "0" * 64}).encode())
    wait_for_all_workers(server, "the new pin cannot be served")
    lines = [json.loads(line) for line in server.log if "the new pin cannot be served" in line]
    assert [line["level"] for line in lines] == ["error"] * WORKERS, "logged once by each"
    for _ in range(10):  # of any worker
        text = server.ask("GET", "/metrics")[2].decode()
        assert f'planrec_pin_refused{{run_json_sha256="{"0" * 64}"}} 1.0' in text
        assert text.count("# TYPE planrec_pin_refused") == 1, "not once per worker"
        assert "pid=" not in text
    assert server.ask("POST", "/predict", request_body)[0] == 200
    ready = json.loads(server.ask("GET", "/ready")[2])
    assert (ready["status"], ready["run_id"] in right_answers) == ("ready", True)
    assert "was changed after it was pinned" in ready["pin_error"]
    assert str(outputs) not in ready["pin_error"]
    put_pin(outputs, (outputs / "pin-0.json").read_bytes())
    wait_for_all_workers(server, "the pin changed: 2030-01-31/two answers")
    assert json.loads(server.ask("GET", "/ready")[2])["pin_error"] is None
    assert "planrec_pin_refused 0.0" in server.ask("GET", "/metrics")[2].decode()


def test_workers_share_counters_and_idempotency_keys(server, request_body, good_pin):
    def count() -> float:
        text = server.ask("GET", "/metrics")[2].decode()
        series = r'^planrec_requests_total\{method="POST",route="/predict",status="200"\} (\S+)$'
        return sum(float(value) for value in re.findall(series, text, flags=re.MULTILINE))

    before = count()
    answers = [
        server.ask("POST", "/predict", request_body, {"Idempotency-Key": "of-all-workers"}) for _ in range(20)
    ]
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) == 1
    assert sum("idempotency-replayed" in headers for _, headers, _ in answers) == 19
    # From any worker.
    assert {count() for _ in range(10)} == {before + 20}


@pytest.mark.slow
def test_a_replaced_worker_serves_the_run_of_the_others_if_the_pin_is_bad(
    server, outputs, request_body, right_answers, good_pin
):
    put_pin(outputs, b"no pin")
    wait_for_all_workers(server, "the new pin cannot be served")
    started = [line for line in server.log if "Started server process" in line]
    pid = int(re.findall(r"\[(\d+)\]", started[-1])[0])
    os.kill(pid, signal.SIGKILL)
    for line in ("died", "the pin cannot be served", "Application startup complete"):
        server.wait_for(line)
        for _ in range(10):
            status, _, body = server.ask("POST", "/predict", request_body)
            assert status == 200
            assert json.loads(body)["model"]["run_id"] in right_answers
    put_pin(outputs, good_pin)
    wait_for_all_workers(server, "the pin changed")


@pytest.mark.slow
def test_a_killed_worker_does_not_end_the_server_if_the_run_is_damaged(
    outputs, request_body, right_answers, good_pin
):
    model = outputs / "one" / "model.skops"
    content = model.read_bytes()
    with serving(outputs, "--workers", str(WORKERS)) as server:
        wait_for_all_workers(server, "Application startup complete")
        started = next(line for line in server.log if "Started server process" in line)
        model.write_bytes(content + b"x")
        try:
            os.kill(int(re.findall(r"\[(\d+)\]", started)[0]), signal.SIGKILL)
            for _ in range(2):  # the worker is started again and again
                server.wait_for("died")
                assert server.ask("POST", "/predict", request_body)[0] == 200
        finally:
            model.write_bytes(content)
        server.wait_for("Application startup complete")


def test_a_started_request_is_answered_before_the_server_ends(outputs, request_body, good_pin):
    body = json.dumps(request_body).encode()
    lines = (
        "POST /predict HTTP/1.1",
        "host: x",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    head = "\r\n".join([*lines, "", ""])
    with (
        serving(outputs) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection,
    ):
        connection.sendall(head.encode() + body[:10])
        # Its answer means that the server has started to read the half request.
        assert server.ask("GET", "/health")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Shutting down")
        connection.sendall(body[10:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.process.wait(60) == 0


@pytest.mark.slow
def test_several_workers_do_not_start_without_a_run_to_serve(outputs, tmp_path):
    pin = json.loads((outputs / "pin-1.json").read_bytes())
    (tmp_path / "pinned.json").write_text(json.dumps(pin))
    with (
        pytest.raises(AssertionError, match="which is not there"),
        serving(tmp_path, "--workers", "2") as server,
    ):
        server.wait_for("Application startup complete")
