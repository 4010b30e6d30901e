"""Connections, by raw sockets: endless headers, malformed HTTP, and requests while the server stops."""

import http.client
import json
import shutil
import signal
import socket
from collections import Counter
from contextlib import contextmanager
from time import sleep

import pytest

from api.http_protocol import MAX_HEAD_BYTES
from api.middleware.request_logging import CLIENT_GONE
from planrec.serving.pin import load_pinned
from planrec.serving.pin_run import pin_run
from tests.api.processes import asked, serving


def answer_to(server, content, route="none"):
    """Return status and body of the first response; it is logged, and the connection is closed after it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(content)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.getheader("connection") == "close"
        assert answer.getheader("content-type") == "application/problem+json"
        problem = json.loads(answer.read())
    assert answer.getheader("x-request-id") == problem["request_id"]
    line = json.loads(server.wait_for(problem["request_id"]))
    assert (line["message"], line["status"], line["route"]) == ("request", answer.status, route)
    return answer.status, problem


TOO_LONG = MAX_HEAD_BYTES + 4_096


@pytest.mark.parametrize(
    "content",
    [
        b"GET /health HTTP/1.1\r\na: " + b"x" * TOO_LONG,
        b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * (TOO_LONG // 6),
        b"GET /" + b"x" * TOO_LONG,
        b"GET /health HTTP/1.1\r\na: " + b"x" * TOO_LONG + b"\r\n\r\n",
    ],
    ids=["one header", "many headers", "address", "complete"],
)
def test_long_headers_are_refused_before_they_are_complete(server, content):
    status, problem = answer_to(server, content)
    assert (status, problem["type"]) == (431, "urn:planrec:problem:headers_too_large")
    assert problem["detail"] == "the headers must have at most 65,536 bytes"


def test_trailers_after_a_body_are_limited_too(server):
    head = (
        b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
    )
    body = b"\r\n\r\n2\r\n{}\r\n0\r\n" + b"a: b\r\n" * (TOO_LONG // 6)
    assert answer_to(server, head + body, "/predict")[0] == 431


def test_the_limit_of_headers_ignores_bodies(server):
    long = {"a": "x" * (MAX_HEAD_BYTES - 5_000)}
    with server.connection() as connection:
        for _ in range(3):
            assert asked(connection, "GET", "/health", headers=long)[0] == 200
            assert asked(connection, "POST", "/predict", {"x": "y" * 500_000}, long)[0] == 422


@pytest.mark.parametrize("content", [b"nonsense\r\n\r\n", b"GET /health HTTP/1.1\r\na b\r\n\r\n"])
def test_a_request_that_is_not_http_gets_a_problem(server, content):
    status, problem = answer_to(server, content)
    assert (status, problem["type"]) == (400, "urn:planrec:problem:malformed_request")


def test_requests_refused_by_the_connection_are_counted(server):
    def count(status):
        text = server.ask("GET", "/metrics")[2].decode()
        series = f'planrec_requests_total{{method="other",route="none",status="{status}"}} '
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(series))

    before = count(400), count(431)
    answer_to(server, b"nonsense\r\n\r\n")
    answer_to(server, b"GET /" + b"x" * TOO_LONG)
    assert (count(400), count(431)) == (before[0] + 1, before[1] + 1)


def test_a_stopping_server_answers_on_open_connections(outputs):
    with serving(outputs) as server, server.connection() as connection, server.connection() as unused:
        unused.connect()
        assert "connection" not in asked(connection, "GET", "/health")[1]
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Shutting down")
        for kept in (connection, unused):
            status, headers, _ = asked(kept, "GET", "/health")
            assert (status, headers["connection"]) == (200, "close")
        assert server.process.wait(60) == 0


def test_a_disconnect_during_a_body_is_no_server_failure(server):
    head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 20\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head + b"x-request-id: hung-up\r\n\r\n{}")
    line = json.loads(server.wait_for('"hung-up"'))
    assert (line["message"], line["status"], line["route"]) == ("request", CLIENT_GONE, "/predict")


@pytest.fixture(scope="module")
def hasty_server(outputs):
    with serving(outputs, PLANREC_LIMITS__SECONDS="2") as server:
        yield server


HALF = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 20\r\n"
WITHOUT_BODY, HALF_BODY = HALF + b"\r\n", HALF + b"\r\n{"
GET = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n"


@contextmanager
def raw(server):
    """Yield a connection for bytes to send, and a file of the bytes received."""
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, 60) as connection, connection.makefile("rb") as answers:
        yield connection, answers


def next_answer(answers):
    """Return status and body of one response; later bytes are not read."""
    status = int(answers.readline().split()[1])
    headers = dict(line.lower().strip().split(b": ", 1) for line in iter(answers.readline, b"\r\n"))
    if b"content-length" in headers:
        return status, answers.read(int(headers[b"content-length"]))
    chunks = [answers.read(int(size, 16) + 2)[:-2] for size in iter(answers.readline, b"0\r\n")]
    answers.readline()
    return status, b"".join(chunks)


def counted(server):
    """Return the counters of requests, except those for the metrics."""
    text = server.ask("GET", "/metrics")[2].decode()
    series = (line.rpartition(" ") for line in text.splitlines() if line.startswith("planrec_requests_total"))
    return Counter({name: int(float(n)) for name, _, n in series if "/metrics" not in name})


@pytest.mark.parametrize(
    ("content", "route"),
    [(b"P", "none"), (HALF, "none"), (WITHOUT_BODY, "/predict"), (HALF_BODY, "/predict")],
)
def test_a_slow_request_times_out(hasty_server, content, route):
    status, problem = answer_to(hasty_server, content, route)
    assert (status, problem["type"]) == (408, "urn:planrec:problem:request_too_slow")
    assert problem["detail"] == "a request must arrive within 2 s"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("content", [HALF, WITHOUT_BODY, HALF_BODY])
def test_a_later_slow_request_of_a_connection_times_out(hasty_server, content, together):
    with raw(hasty_server) as (connection, answers):
        connection.sendall(GET + content if together else GET)
        assert next_answer(answers)[0] == 200
        if not together:
            connection.sendall(content)
        assert next_answer(answers)[0] == 408
        assert answers.read(1) == b""


def test_a_refused_request_is_logged_and_counted_once(hasty_server):
    before = counted(hasty_server)
    answer_to(hasty_server, HALF_BODY, "/predict")
    new = counted(hasty_server) - before
    assert new == {'planrec_requests_total{method="POST",route="/predict",status="408"}': 1}


def test_trickling_bytes_do_not_extend_the_timeout(hasty_server):
    with socket.create_connection(("127.0.0.1", hasty_server.port), timeout=0.2) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\na: ")
        answer = b""
        for _ in range(100):
            connection.sendall(b"x")
            try:
                answer = connection.recv(12)
                break
            except TimeoutError:
                continue
    assert answer == b"HTTP/1.1 408"


@pytest.mark.parametrize("content", [b"", b"\r\n"])
def test_an_unused_connection_is_closed_without_a_response(hasty_server, content):
    with raw(hasty_server) as (connection, answers):
        connection.sendall(content)
        assert answers.read(1) == b""


@pytest.mark.slow
def test_a_stopping_server_shortens_the_timeout_of_requests(outputs):
    with serving(outputs) as server, raw(server) as (connection, answers):
        connection.sendall(HALF_BODY)
        assert server.ask("GET", "/health")[0] == 200  # then the other request has been read too
        server.process.send_signal(signal.SIGTERM)
        status, problem = next_answer(answers)
        assert (status, json.loads(problem)["detail"]) == (408, "a request must arrive within 20 s")
        assert server.process.wait(60) == 0
        assert [line for line in server.log if '"level": "error"' in line] == []


def test_a_disconnected_request_does_not_time_out(hasty_server):
    before = counted(hasty_server)
    with raw(hasty_server) as (connection, _):
        connection.sendall(HALF)
    sleep(2.5)
    assert counted(hasty_server) == before
    assert [line for line in hasty_server.log if '"level": "error"' in line] == []


def test_blank_lines_do_not_keep_a_connection_open(hasty_server):
    with raw(hasty_server) as (connection, answers):
        connection.sendall(GET)
        assert next_answer(answers)[0] == 200
        connection.sendall(b"\r\n")
        assert answers.read(1) == b""


def test_a_request_answered_before_its_body_gets_no_second_answer(hasty_server):
    head = HALF.replace(b"/predict", b"/nowhere")
    with raw(hasty_server) as (connection, answers):
        connection.sendall(head + b"\r\n")
        assert next_answer(answers)[0] == 404
        connection.sendall(b"{")
        assert answers.read(1) == b""


def test_the_timeout_starts_with_the_request(hasty_server):
    with raw(hasty_server) as (connection, answers):
        sleep(1.2)
        connection.sendall(GET[:9])
        sleep(1.2)
        connection.sendall(GET[9:])
        assert next_answer(answers)[0] == 200


def test_a_connection_in_use_outlives_the_timeout(hasty_server):
    with hasty_server.connection() as connection:
        for _ in range(8):
            assert asked(connection, "GET", "/health")[0] == 200
            sleep(0.3)


def test_slow_answers_do_not_time_out_the_pipeline(bill_run, tmp_path):
    shutil.copytree(bill_run, tmp_path / "one")  # pinning writes a model card into the folder
    pin_run(tmp_path / "one", tmp_path)
    request = json.dumps(load_pinned(tmp_path).manifest.golden.requests[0]).encode()
    lines = b"\n".join([request] * 1_000)
    head = HALF.replace(b"/predict", b"/predict/batch").replace(b"/json", b"/x-ndjson")
    long = head.replace(b": 20", f": {len(lines)}".encode()) + b"\r\n" + lines
    with serving(tmp_path, PLANREC_LIMITS__SECONDS="2") as server, raw(server) as (connection, answers):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(long + long + HALF_BODY)
        sleep(2.5)  # bytes that the client does not read, and no buffer holds, are not sent
        for _ in range(2):
            status, body = next_answer(answers)
            assert (status, body.count(b"recommendation_id")) == (200, 1_000)
        assert next_answer(answers)[0] == 408


def test_a_request_is_answered_before_malformed_bytes_after_it(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        answer.read()
        assert connection.recv(1) == b""


def test_a_malformed_next_body_does_not_affect_the_request_before(server):
    chunked = HALF.replace(b"content-length: 20", b"transfer-encoding: chunked") + b"\r\nzz\r\n"
    with raw(server) as (connection, answers):
        connection.sendall(GET + chunked)
        assert next_answer(answers)[0] == 200
        assert answers.read(1) == b""
