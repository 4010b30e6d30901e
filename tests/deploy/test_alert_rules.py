"""The rules of deploy/prometheus: valid, tested, and each threshold matters."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "deploy" / "prometheus"
RULES = FOLDER / "planrec.rules.yml"
TESTS = ("planrec.rules.test.yml", "planrec.days.test.yml")
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
CHANGES = {
    "PlanRecDown": ("for: 1m", "for: 10m"),
    "PlanRecPinRefused": ("== 1", "== 2"),
    "PlanRecSlow": ("> 0.01", "> 0.02"),
    "PlanRecErrors": ("14.4 * 0.001", "28.8 * 0.001"),
    "PlanRecAbstains": ("> 0.2", "> 0.3"),
    "PlanRecLogLosesRows": ("> 0 unless", "> 5 unless"),
    "PlanRecModelOld": ("35 * 86400", "40 * 86400"),
    "PlanRecDrift": ("== 1", "== 2"),
    "PlanRecDriftStale": ("2 * 86400", "3 * 86400"),
    "PlanRecDriftUnchecked": ("for: 2d", "for: 3d"),
    "PlanRecRolledBack": ("< 86400", "< 2 * 86400"),
    "PlanRecMonitoringBroken": ("== 1", "== 2"),
    "PlanRecNoOutcomes": ("45 * 86400", "50 * 86400"),
    "PlanRecOutcomesMissing": ("for: 75d", "for: 80d"),
    "PlanRecHarm": ("> 0.05", "> 0.06"),
    "PlanRecGroupHarmed": ("> 0.05", "> 0.07"),
}
"Alert -> a threshold and another one that must make its tests fail."

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on PATH; apt-get install prometheus"
)


def promtool(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


def test_every_alert_has_a_section_of_the_runbook_and_a_changed_threshold():
    page = (REPOSITORY / "docs" / "how-to" / "runbook.md").read_text("utf-8")
    sections = re.findall(r"^## (PlanRec\w+)$", page, re.MULTILINE)
    assert sorted(sections) == sorted(ALERTS) == sorted(CHANGES)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/how-to/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


@needs_promtool
def test_the_rules_and_the_example_configuration_are_valid():
    for arguments in (("check", "rules", RULES.name), ("check", "config", "prometheus.yml")):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.slow
def test_the_rules_pass_their_tests():
    done = promtool("test", "rules", *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("alert", CHANGES)
def test_a_changed_threshold_fails(alert, tmp_path):
    """Only the tests of the alert are run: all of them take half a minute."""
    threshold, other = CHANGES[alert]
    rules = RULES.read_text("utf-8")
    start = rules.index(f"- alert: {alert}\n")
    end = rules.find("- alert:", start + 1)
    own = rules[start : end if end > 0 else None]
    assert threshold in own
    changed = rules.replace(own, own.replace(threshold, other))
    for name in TESTS:
        tests = yaml.safe_load((FOLDER / name).read_text("utf-8"))
        tests["tests"] = [
            test
            for test in tests["tests"]
            if any(each["alertname"] == alert for each in test["alert_rule_test"])
        ]
        (tmp_path / name).write_text(yaml.safe_dump(tests), "utf-8")
    for text, code in ((rules, 0), (changed, 1)):
        (tmp_path / RULES.name).write_text(text, "utf-8")
        done = promtool("test", "rules", *TESTS, folder=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
