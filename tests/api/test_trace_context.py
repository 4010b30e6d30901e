"""The header `traceparent` reaches the log of requests and the decision log."""

import sqlite3

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.decision_logging import AnswerLog
from api.middleware.trace_context import trace_of
from planrec.runs.read import load_run

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.mark.parametrize(
    ("header", "is_trace"),
    [
        (HEADER, True),
        (HEADER.replace("00-", "cc-", 1) + "-more", True),
        (HEADER + "-more", False),
        (HEADER.replace("00-", "ff-", 1), False),
        (HEADER.upper(), False),
        (HEADER.replace(TRACE_ID, "0" * 32), False),
        (HEADER.replace(SPAN_ID, "0" * 16), False),
        (HEADER[:-1], False),
        ("", False),
        (HEADER + "\n", False),
    ],
)
def test_only_headers_of_the_standard_are_read(header, is_trace):
    found = trace_of([(b"traceparent", header.encode())])
    assert found == ((TRACE_ID, SPAN_ID) if is_trace else None)


def test_two_headers_are_no_trace():
    assert trace_of([(b"traceparent", HEADER.encode())] * 2) is None


def test_a_trace_is_in_both_logs_and_another_request_has_none(history_run, tmp_path, caplog):
    log = AnswerLog.open(f"sqlite:///{tmp_path / 'log.sqlite'}", tmp_path / "key", 10, is_required=True)
    saved = load_run(history_run)
    request = saved.manifest.golden.requests[0]
    with caplog.at_level("INFO"), TestClient(create_app(saved, log)) as client:
        for headers in ({"traceparent": HEADER}, {"traceparent": "00-x"}, {}):
            assert client.post("/predict", json=request, headers=headers).status_code == 200
    fields = [record.fields for record in caplog.records if record.msg == "request"]
    assert [(line.get("trace_id"), line.get("span_id")) for line in fields] == [
        (TRACE_ID, SPAN_ID),
        (None, None),
        (None, None),
    ]
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        rows = connection.execute("SELECT trace_id FROM decisions ORDER BY position").fetchall()
    assert rows == [(TRACE_ID,), (None,), (None,)]
