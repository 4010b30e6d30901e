"""Drift, realised advice and rollbacks in /metrics."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from api.monitoring_facts import MOST_BYTES, MonitoringFacts

TODAY = datetime.now(UTC).date()
SERVED = "b" * 64
DRIFT = {
    "schema": "planrec.drift/1",
    "run_json_sha256": SERVED,
    "day": str(TODAY - timedelta(days=3)),
    "alarm": True,
    "evidence": {"all": 1200.5, "threshold": 1000, "streams": {'data_mib "x"': 4800.0, "sms": 0.2}},
}
HARM = {"metric": "harm_rate", "group": None, "value": 0.07, "low": 0.06, "high": 0.09}
REALISED = {
    "newest_month": "2020-02",
    "judged": 500,
    "unjudged": {"not_over": 30, "months_missing": 4, "left": 9},
    "metrics": [HARM | {"value": 0.5}],
    "of_runs": {
        SERVED: [
            HARM,
            HARM | {"metric": "harm_gap", "group": "age", "low": 0.01},
            HARM | {"metric": "regret", "low": None},
        ],
        "a" * 64: [HARM | {"value": 0.9}],
    },
}


@pytest.fixture
def registry(tmp_path):
    registry = CollectorRegistry()
    facts = MonitoringFacts(tmp_path)
    facts.run_json_sha256 = SERVED
    registry.register(facts)
    return registry


def write(file: Path, content: object) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(content))
    new.replace(file)


def test_without_files_nothing_is_known_and_nothing_is_broken(registry):
    assert registry.get_sample_value("planrec_drift_alarm") is None
    assert registry.get_sample_value("planrec_realised_harm", {"bound": "low"}) is None
    assert registry.get_sample_value("planrec_monitoring_file_broken", {"file": "drift.json"}) == 0


def test_drift_has_its_evidence_and_its_age(registry, tmp_path):
    write(tmp_path / "drift.json", DRIFT)
    assert registry.get_sample_value("planrec_drift_alarm") == 1
    assert registry.get_sample_value("planrec_drift_evidence", {"stream": "all"}) == 1200.5
    assert registry.get_sample_value("planrec_drift_evidence", {"stream": 'data_mib "x"'}) == 4800
    assert 2 <= (registry.get_sample_value("planrec_drift_age_seconds") or 0) / 86400 <= 4
    assert b'stream="data_mib \\"x\\""' in generate_latest(registry)


def test_realised_harm_has_its_interval_and_is_that_of_the_served_run(registry, tmp_path):
    write(tmp_path / "realised.json", REALISED)
    harm = [
        registry.get_sample_value("planrec_realised_harm", {"bound": b}) for b in ("value", "low", "high")
    ]
    assert harm == [0.07, 0.06, 0.09]
    gap = registry.get_sample_value("planrec_realised_harm_gap", {"column": "age", "bound": "low"})
    assert gap == 0.01
    assert registry.get_sample_value("planrec_realised_regret", {"bound": "value"}) == 0.07
    assert registry.get_sample_value("planrec_realised_regret", {"bound": "low"}) is None
    assert registry.get_sample_value("planrec_outcomes_waited_for") == 34
    age = datetime.now(UTC) - datetime(2020, 3, 1, tzinfo=UTC)
    assert registry.get_sample_value("planrec_outcomes_age_seconds") == pytest.approx(
        age.total_seconds(), abs=60
    )


def test_a_replaced_file_is_read_again(registry, tmp_path):
    write(tmp_path / "drift.json", DRIFT)
    assert registry.get_sample_value("planrec_drift_alarm") == 1
    write(tmp_path / "drift.json", DRIFT | {"alarm": False, "evidence": {"all": 1.5, "streams": {}}})
    assert registry.get_sample_value("planrec_drift_alarm") == 0
    (tmp_path / "drift.json").unlink()
    assert registry.get_sample_value("planrec_drift_alarm") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"alarm": 1}',
        b"[]",
        b"\xff",
        b"{" * 100_000,
        json.dumps(DRIFT | {"day": "soon"}).encode(),
    ],
)
def test_a_broken_file_is_said_and_gives_no_figures(registry, tmp_path, content):
    (tmp_path / "drift.json").write_bytes(content)
    assert registry.get_sample_value("planrec_monitoring_file_broken", {"file": "drift.json"}) == 1
    assert registry.get_sample_value("planrec_drift_alarm") is None


def test_a_huge_file_is_not_read(registry, tmp_path):
    with (tmp_path / "realised.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert registry.get_sample_value("planrec_monitoring_file_broken", {"file": "realised.json"}) == 1


def test_drift_and_harm_of_another_run_do_not_alert_for_the_served_one(tmp_path):
    facts = MonitoringFacts(tmp_path)
    registry = CollectorRegistry()
    registry.register(facts)
    write(tmp_path / "drift.json", DRIFT)
    write(tmp_path / "realised.json", REALISED)
    for served, drift, harm in ((SERVED, 1, 0.07), ("a" * 64, None, 0.9), ("c" * 64, None, None)):
        facts.run_json_sha256 = served
        assert registry.get_sample_value("planrec_drift_alarm") == drift
        assert registry.get_sample_value("planrec_realised_harm", {"bound": "value"}) == harm
        assert registry.get_sample_value("planrec_outcomes_waited_for") == 34


def test_a_rollback_is_shown_whichever_run_is_served(tmp_path):
    facts = MonitoringFacts(tmp_path)
    registry = CollectorRegistry()
    registry.register(facts)
    facts.run_json_sha256 = SERVED
    write(tmp_path / "watch.json", {"run_json_sha256": "a" * 64, "rolled_back_at": None})
    assert registry.get_sample_value("planrec_rollback_age_seconds") is None
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    write(tmp_path / "watch.json", {"run_json_sha256": "a" * 64, "rolled_back_at": hour_ago.isoformat()})
    assert registry.get_sample_value("planrec_rollback_age_seconds") == pytest.approx(3600, abs=60)
    write(tmp_path / "watch.json", {"rolled_back_at": "2030-01-01T00:00:00"})
    assert registry.get_sample_value("planrec_monitoring_file_broken", {"file": "watch.json"}) == 1
