"""Batches that waste memory or time: they are refused within limits, and others are answered meanwhile."""

import json
import re
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from planrec.runs.read import load_run
from tests.api.processes import asked

MEBIBYTE = 1_048_576


@pytest.fixture(scope="module")
def request_body(outputs):
    return load_run(outputs / "one").manifest.golden.requests[0]


def highest_memory(server):
    """Return the peak memory of the process, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.is_file():
        pytest.skip("memory is read from /proc")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) * 1024


def refused(server, content):
    """Return status and problem of a batch."""
    status, body = answered(server, content, "application/json")
    return status, json.loads(body)


def answered(server, content, kind):
    with server.connection() as connection:
        connection.request("POST", "/predict/batch", content, {"content-type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def others(server, request_body):
    """Yield the statuses of two other clients that send requests all the time."""
    stop, statuses = Event(), []

    def ask_on(method, path, body):
        with server.connection() as connection:
            while not stop.is_set():
                statuses.append(asked(connection, method, path, body)[0])

    asks = (("GET", "/health", None), ("POST", "/predict", request_body))
    askers = [Thread(target=ask_on, args=ask) for ask in asks]
    for asker in askers:
        asker.start()
    yield statuses
    stop.set()
    for asker in askers:
        asker.join()


MISTAKES = f"[{','.join([json.dumps({'months': [{}] * 120})] * 1_000)}]"
ONE_LARGE = "a request must have at most 1,000,000 bytes, got 15,000,003, in /1"
NESTED = '{"months": [' + "[]," * 300_000 + "[]]}"


@pytest.mark.parametrize(
    ("content", "status", "n_errors", "detail"),
    [
        (MISTAKES, 422, 10_000, "more than 10,000 values cannot be accepted; the first 10,000 are listed"),
        (f"[{'0,' * 7_000_000}0]", 422, 1, "1 value cannot be accepted"),
        (f"[{'NaN,' * 2_000_000}0]", 422, 1, "1 value cannot be accepted"),
        (f"[{','.join([NESTED] * 15)}]", 422, 15, "15 values cannot be accepted"),
        (f"[0, [{'[],' * 5_000_000}0]]", 413, 0, ONE_LARGE),
    ],
    ids=["mistakes", "elements", "no numbers", "nested", "one large"],
)
def test_a_batch_that_wastes_memory_is_refused_with_little_of_it(server, content, status, n_errors, detail):
    before = highest_memory(server)
    told, problem = refused(server, content)
    assert (told, problem["detail"], len(problem.get("errors", ()))) == (status, detail, n_errors)
    assert highest_memory(server) - before < 150 * MEBIBYTE


@pytest.mark.slow
def test_wrong_lines_list_as_few_mistakes_as_a_list(server, request_body):
    wrong = json.dumps({"months": [{}] * 120})
    lines = "\n".join([wrong] * 999 + [json.dumps(request_body)])
    status, body = answered(server, lines, "application/x-ndjson")
    *problems, advice = map(json.loads, body.splitlines())
    assert (status, len(problems)) == (200, 999)
    assert "recommendation_id" in advice
    assert {problem["status"] for problem in problems} == {422}
    assert sum(len(problem["errors"]) for problem in problems) == 10_000
    count = len(problems[0]["errors"])
    assert problems[0]["detail"] == f"{count} values cannot be accepted"
    assert problems[-1]["detail"] == (
        f"{count} values cannot be accepted; the lines of a batch list 10,000 in total, 0 of them here"
    )
    assert len(body) < 2 * MEBIBYTE


def test_others_are_answered_while_a_slow_batch_is_refused(server, request_body):
    body = f"[{','.join([NESTED] * 15)}]".encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    with (
        others(server, request_body) as statuses,
        server.connection() as connection,
        server.connection() as other,
    ):
        connection.request("POST", "/predict/batch", body[:-1], headers)
        # Each turn of the server reads a part of the body. Wait until all of it has arrived, then count.
        for _ in range(200):
            assert asked(other, "GET", "/health")[0] == 200
        before = len(statuses)
        connection.send(body[-1:])
        assert connection.getresponse().status == 422
        n_meanwhile = len(statuses) - before
    assert set(statuses) == {200}
    assert n_meanwhile > 10, "each of the 15 requests is parsed on its own"
