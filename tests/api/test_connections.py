"""Connections, by raw sockets: headers without end, what is no HTTP, and requests while the server stops."""

import http.client
import json
import signal
import socket
from time import sleep

import pytest

from api.http_protocol import MAX_HEAD_BYTES
from api.observed import CLIENT_GONE
from tests.api.processes import asked, serving


@pytest.fixture(scope="module")
def server(outputs):
    with serving(outputs) as server:
        yield server


def answer_to(server, content):
    """Status and body of the first answer, which is in the log; the connection must be closed behind it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(content)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.getheader("connection") == "close"
        assert answer.getheader("content-type") == "application/problem+json"
        problem = json.loads(answer.read())
    assert answer.getheader("x-request-id") == problem["request_id"]
    line = json.loads(server.wait_for(problem["request_id"]))
    assert (line["message"], line["status"], line["route"]) == ("request", answer.status, "none")
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
def test_headers_that_are_too_long_are_refused_before_they_are_complete(server, content):
    status, problem = answer_to(server, content)
    assert (status, problem["type"]) == (431, "urn:planrec:problem:headers_too_large")
    assert problem["detail"] == "the headers must have at most 65,536 bytes"


def test_trailers_behind_a_body_are_bounded_too(server):
    head = (
        b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
    )
    body = b"\r\n\r\n2\r\n{}\r\n0\r\n" + b"a: b\r\n" * (TOO_LONG // 6)
    assert answer_to(server, head + body)[0] == 431


def test_headers_as_long_as_may_be_are_read_and_bodies_of_any_length_are_no_headers(server):
    long = {"a": "x" * (MAX_HEAD_BYTES - 5_000)}
    with server.connection() as connection:
        for _ in range(3):
            assert asked(connection, "GET", "/health", headers=long)[0] == 200
            assert asked(connection, "POST", "/predict", {"x": "y" * 500_000}, long)[0] == 422


@pytest.mark.parametrize("content", [b"nonsense\r\n\r\n", b"GET /health HTTP/1.1\r\na b\r\n\r\n"])
def test_what_is_no_http_is_a_problem(server, content):
    status, problem = answer_to(server, content)
    assert (status, problem["type"]) == (400, "urn:planrec:problem:malformed_request")


def test_what_is_refused_on_the_connection_is_counted(server):
    def count(status):
        text = server.ask("GET", "/metrics")[2].decode()
        series = f'planrec_requests_total{{method="other",route="none",status="{status}"}} '
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(series))

    before = count(400), count(431)
    answer_to(server, b"nonsense\r\n\r\n")
    answer_to(server, b"GET /" + b"x" * TOO_LONG)
    assert (count(400), count(431)) == (before[0] + 1, before[1] + 1)


def test_a_kept_connection_gets_its_next_answer_while_the_server_stops(outputs):
    with serving(outputs) as server, server.connection() as connection, server.connection() as unused:
        unused.connect()
        assert "connection" not in asked(connection, "GET", "/health")[1]
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Shutting down")
        for kept in (connection, unused):
            status, headers, _ = asked(kept, "GET", "/health")
            assert (status, headers["connection"]) == (200, "close")
        assert server.process.wait(60) == 0


def test_who_hangs_up_in_the_middle_of_a_body_is_no_failure_of_the_server(server):
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


@pytest.mark.parametrize("content", [b"P", HALF, HALF + b"\r\n", HALF + b"\r\n{"])
def test_a_request_that_does_not_arrive_in_time_is_given_up(hasty_server, content):
    status, problem = answer_to(hasty_server, content)
    assert (status, problem["type"]) == (408, "urn:planrec:problem:request_too_slow")
    assert problem["detail"] == "a request must arrive within 2 s"


def test_sending_a_little_now_and_then_gains_no_time(hasty_server):
    with socket.create_connection(("127.0.0.1", hasty_server.port), timeout=0.2) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\na: ")
        for _ in range(1_000):
            connection.sendall(b"x")
            try:
                answer = connection.recv(12)
            except TimeoutError:
                continue
            break
    assert answer == b"HTTP/1.1 408"


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(hasty_server):
    with socket.create_connection(("127.0.0.1", hasty_server.port), timeout=60) as connection:
        assert connection.recv(1) == b""


def test_a_connection_in_use_may_grow_older_than_a_request(hasty_server):
    with hasty_server.connection() as connection:
        for _ in range(8):
            assert asked(connection, "GET", "/health")[0] == 200
            sleep(0.3)


def test_a_whole_request_is_answered_though_nonsense_follows_it(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        answer.read()
        assert connection.recv(1) == b""
