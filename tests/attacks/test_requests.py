"""Upgrades, requests that a proxy reads differently, encoded bodies, prefixes and origins."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from tests.api.processes import serving
from tests.attacks.raw_connection import chunked, connected, post

ORIGIN = "https://shop.example"
GET = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n"
JAVA = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
"What the standard client of Java adds to a request on clear text, and curl with --http2."


@pytest.fixture(scope="module")
def server(outputs):
    variables = {"PLANREC_SERVER__ROOT_PATH": "/planrec", "PLANREC_ACCESS__CORS_ORIGINS": ORIGIN}
    with serving(outputs, PLANREC_LIMITS__BODY_BYTES="100000", **variables) as server:
        yield server


@pytest.fixture
def connection(server):
    with connected(server.port) as connection:
        yield connection


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("cut", ["together", "after the head", "bytes"])
def test_an_upgrade_to_http_2_is_answered_over_http_1(connection, example, is_chunked, cut):
    framing = ("Transfer-Encoding: chunked",) if is_chunked else ()
    request = post(chunked(example) if is_chunked else example, *JAVA, *framing)
    head, end, body = request.partition(b"\r\n\r\n")
    pieces = {
        "together": [request],
        "after the head": [head + end, body],
        "bytes": [request[place : place + 1] for place in range(len(request))],
    }
    for _ in range(2):
        connection.send(*pieces[cut])
        response = connection.response()
        assert (response.status, "decision" in response.json) == (200, True)
        assert "upgrade" not in response.headers


@pytest.mark.nightly
@pytest.mark.skipif(not shutil.which("java"), reason="java is not installed")
def test_the_standard_client_of_java_is_answered(server, example, tmp_path):
    (tmp_path / "request.json").write_bytes(example)
    program, address = Path(__file__).with_name("Ask.java"), f"http://127.0.0.1:{server.port}/predict"
    command = ["java", str(program), address, str(tmp_path / "request.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("200 true\n200 true\n", "")


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0, h2c"])
def test_requests_behind_an_upgrade_are_answered(connection, example, protocol):
    upgrade = post(example, "Connection: Upgrade", f"Upgrade: {protocol}")
    bare = f"GET /health HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n".encode()
    connection.send(GET + upgrade + bare + bare + upgrade + GET)
    assert [connection.response().status for _ in range(6)] == [200] * 6


def test_a_body_behind_an_upgrade_is_no_request(connection):
    hidden = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n"
    connection.send(post(hidden, *JAVA) + GET)
    refused, answered = connection.response(), connection.response()
    assert (refused.status, refused.json["type"]) == (400, "urn:planrec:problem:malformed_body")
    assert answered.json["status"] == "ok"


def test_a_tunnel_is_refused_and_nothing_in_it_is_answered(connection):
    connection.send(b"CONNECT /health HTTP/1.1\r\nhost: a\r\n\r\n" + GET)
    response = connection.response()
    assert (response.status, response.headers["connection"]) == (405, "close")
    assert connection.response() is None


CHUNKED = "Transfer-Encoding: chunked"
BROKEN = {
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n",
    "host with a path": b"GET /health HTTP/1.1\r\nhost: a/b\r\n\r\n",
    "two hosts in 1.0": b"GET /health HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n",
    "gzip, chunked": post(chunked(b"{}"), "Transfer-Encoding: gzip, chunked"),
    "identity and chunked": post(chunked(b"{}"), "Transfer-Encoding: identity", CHUNKED),
    "chunked, identity": post(chunked(b"{}"), "Transfer-Encoding: chunked, identity"),
    "chunked twice": post(chunked(b"{}"), CHUNKED, CHUNKED),
    "identity": post(b"", "Transfer-Encoding: identity"),
    "vertical tab": post(chunked(b"{}"), "Transfer-Encoding: \x0bchunked"),
    "chunked and a length": post(chunked(b"{}"), CHUNKED, "Content-Length: 2"),
    "chunked in 1.0": post(chunked(b"{}"), CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two lengths": post(b"{}", "Content-Length: 3"),
    "with an upgrade": post(chunked(b"{}"), "Transfer-Encoding: gzip, chunked", *JAVA),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_request_that_proxies_may_read_differently_is_refused(connection, content):
    connection.send(GET + content + GET)
    assert connection.response().json["status"] == "ok"
    refused = connection.response()
    # After a complete request the connection may be closed without a second response.
    assert refused is None or (refused.status, refused.headers["connection"]) == (400, "close")
    assert connection.response() is None


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_refused_request_gets_a_problem_with_security_headers(connection, content):
    connection.send(content)
    refused = connection.response()
    assert (refused.status, refused.json["type"]) == (400, "urn:planrec:problem:malformed_request")
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert refused.headers["cache-control"] == "no-store"


def test_the_broken_rule_of_a_head_is_named(connection):
    connection.send(BROKEN["two hosts"])
    assert connection.response().json["detail"] == "a request must have one Host header, got 2"


def test_http_1_0_needs_no_host(connection):
    connection.send(b"GET /health HTTP/1.0\r\n\r\n")
    assert connection.response().status == 200


def test_trailers_are_no_headers(connection, example):
    body = chunked(example, "x-request-id: injected", "host: b", "idempotency-key: injected")
    connection.send(post(body, CHUNKED))
    response = connection.response()
    assert (response.status, response.headers["x-request-id"] == "injected") == (200, False)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_gzip_body_is_decoded(connection, example, encoding):
    connection.send(post(gzip.compress(example), f"content-encoding: {encoding}"))
    assert "decision" in connection.response().json
    lines = gzip.compress(example + b"\n" + example)
    connection.send(post(lines, "content-encoding: gzip", path="/predict/batch", kind="application/x-ndjson"))
    assert connection.response().body.count(b"recommendation_id") == 2


def test_a_gzip_bomb_is_refused_at_the_limit(connection):
    bomb = gzip.compress(b"[" * 60_000_000)
    assert len(bomb) < 100_000
    started = monotonic()
    connection.send(post(bomb, "content-encoding: gzip"))
    response = connection.response()
    assert (response.status, response.json["type"]) == (413, "urn:planrec:problem:body_too_large")
    assert response.json["detail"] == "the body must have at most 100,000 bytes once it is decompressed"
    assert monotonic() - started < 10


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"{}", "but the body is not: Error"),
        (gzip.compress(b"{}")[:-1], "not one complete gzip member"),
        (gzip.compress(b"{}") + b"{}", "not one complete gzip member"),
        (b"", "not one complete gzip member"),
    ],
)
def test_a_damaged_gzip_body_is_refused(connection, body, found):
    connection.send(post(body, "content-encoding: gzip"))
    response = connection.response()
    assert (response.status, found in response.json["detail"]) == (400, True)


@pytest.mark.parametrize(
    "encodings", [["br"], ["deflate"], ["zstd"], ["gzip, gzip"], ["gzip", "gzip"], ["x" * 500]]
)
def test_other_content_encodings_are_named(connection, example, encodings):
    connection.send(post(example, *(f"content-encoding: {encoding}" for encoding in encodings)))
    response = connection.response()
    assert (response.status, response.headers["accept-encoding"]) == (415, "gzip")
    named = ", ".join(encodings)[:100]
    assert response.json["detail"] == f"the content encoding must be gzip or identity, got {named!r}"


def test_a_key_with_another_content_encoding_is_another_request(connection, example):
    for line in ("content-encoding: identity", "content-encoding: gzip"):
        connection.send(post(example, line, "idempotency-key: encoded"))
    assert [connection.response().status for _ in range(2)] == [200, 422]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_named(connection, example, encoding):
    connection.send(post(example.decode().encode(encoding)))
    name = encoding.upper().removesuffix("-SIG")
    assert connection.response().json["detail"] == (
        f"the body must be JSON: expected UTF-8 without a byte-order mark, got one of {name}"
    )


@pytest.mark.parametrize(
    ("charset", "status"),
    [("utf-8", 200), ("UTF8", 200), ('"utf-8"', 200), ("utf-16", 415), ("latin-1", 415)],
)
def test_other_charsets_are_named(connection, example, charset, status):
    connection.send(post(example, kind=f"application/json; charset={charset}"))
    response = connection.response()
    assert response.status == status
    if status == 415:
        assert response.json["detail"] == f"the charset must be utf-8, got {charset!r}"


@pytest.mark.parametrize("path", ["/schema", "/schema/", "/schema/swagger", "/schema/redoc", "/schema/x"])
def test_below_the_schema_there_are_no_pages(server, path):
    status, headers, _ = server.ask("GET", path)
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_the_page_and_the_document_begin_with_the_prefix_of_the_proxy(server):
    page = server.ask("GET", "/docs")[2].decode()
    links = [word for word in page.split('"') if word.startswith("/")]
    assert len(links) == 4
    assert [link for link in links if not link.startswith(("/planrec/assets/", "/planrec/schema/"))] == []
    assert json.loads(server.ask("GET", "/schema/openapi.json")[2])["servers"] == [{"url": "/planrec"}]
    script = next(link for link in links if link.endswith("/docs.js")).removeprefix("/planrec")
    assert b'"/' not in server.ask("GET", script)[2]


def test_the_views_begin_with_the_prefix_of_the_proxy(server):
    page = server.ask("GET", "/app/runs")[2].decode()
    links = [word for word in page.split('"') if word.startswith("/") and not word.startswith("/>")]
    assert len(links) == 12
    assert [link for link in links if link != "/planrec" and not link.startswith("/planrec/")] == []
    assert [link for link in links if link.endswith("/assets")] == []


def test_probes_by_head_and_options_are_answered(server):
    assert [server.ask("HEAD", path)[0] for path in ("/health", "/ready", "/predict")] == [200, 200, 405]
    status, headers, _ = server.ask("OPTIONS", "/predict")
    assert (status, "POST" in headers["allow"]) == (204, True)
    assert server.ask("GET", "/health/")[0] == 200


def test_a_page_of_an_allowed_origin_may_ask(server, example):
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    status, headers, _ = server.ask("OPTIONS", "/predict", headers=preflight)
    assert (status, headers["access-control-allow-origin"], headers["vary"]) == (204, ORIGIN, "origin")
    assert "x-api-key" in headers["access-control-allow-headers"]
    status, headers, _ = server.ask("POST", "/predict", json.loads(example), {"Origin": ORIGIN})
    assert (status, headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{ORIGIN}.evil.example", "null", "http://shop.example"]
)
def test_a_page_of_another_origin_gets_no_permission(server, origin):
    for method, more in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "GET"})):
        headers = server.ask(method, "/health", headers={"Origin": origin} | more)[1]
        assert [name for name in headers if name.startswith("access-control-")] == []
        assert headers["vary"] == "origin"
