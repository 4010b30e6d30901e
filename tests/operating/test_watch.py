"""The production check: what passes, fails and stays undecided, and what a failure does."""

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from filelock import FileLock

from planrec.cli import main
from planrec.errors import ConfigError, DataError, RunError
from planrec.operating.evidence import read_evidence
from planrec.operating.intent import KILLED
from planrec.operating.watch import watch as watch_module
from planrec.operating.watch.gate import overall, share_gate
from planrec.operating.watch.server_metrics import metrics_of, read_metrics
from planrec.runs.read import load_run
from planrec.serving.denied_runs import deny, read_denied
from planrec.serving.pin import as_pinned, read_pin
from planrec.serving.pin_run import pin_run
from planrec.serving.rollback import rollback
from tests.operating.watched_outputs import metrics_text
from tests.serving.decision_log.decisions import DECISION, change, decision, log_rows, rows_of, url_of
from tests.trained_runs import edit_run

RUN = "2030-01-31/new"


@pytest.fixture
def outputs(history_run, tmp_path, monkeypatch):
    """Return a folder with the runs `older`, `old` and `new`, pinned in this order."""
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", f"sqlite:///{tmp_path / 'decisions.sqlite'}")
    for number, name in enumerate(("older", "old", "new")):
        folder = shutil.copytree(history_run, tmp_path / "2030-01-31" / name)
        edit_run(folder, lambda run, number=number, name=name: run.update(run_id=f"2030-01-31/{name}"))
        pin_run(folder, tmp_path)
    return tmp_path


def check(outputs, *options, **metrics):
    """Run one check of errors, latency and abstentions over these metrics; return the exit code."""
    run_id = metrics.pop("run_id", read_pin(outputs).run)
    (outputs / "metrics.txt").write_text(metrics_text(run_id, **metrics), "utf-8")
    gates = "" if "--gates" in options else "--gates errors,latency,abstentions"
    command = f"watch {gates} --metrics {outputs / 'metrics.txt'} --outputs {outputs}"
    return main([*command.split(), *options])


def test_the_first_check_of_a_pin_is_undecided_and_the_next_counts_from_it(outputs, capsys):
    assert check(outputs, ok=5_000, errors=4_000) == 4
    assert "counted from this first check on" in capsys.readouterr().out
    assert check(outputs, ok=5_200, errors=4_000) == 0
    assert "0 of 200 requests failed" in capsys.readouterr().out
    assert read_pin(outputs).run == RUN


def test_too_few_requests_are_undecided_and_the_window_grows(outputs, capsys):
    check(outputs)
    assert check(outputs, ok=60) == 4
    assert "at least 100 are needed" in capsys.readouterr().out
    assert check(outputs, ok=120) == 0
    assert check(outputs, ok=180) == 4, "the window begins anew after a check with enough requests"


def test_a_restarted_server_counts_from_zero(outputs):
    check(outputs, ok=5_000)
    assert check(outputs, ok=150) == 0


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"ok": 190, "errors": 10}, "errors      failed     10 of 200 requests failed"),
        ({"ok": 190, "slow": 10}, "latency     failed     10 of 200 answers took over 100 ms"),
        ({"ok": 200, "abstentions": 80}, "abstentions failed     80 of 200 answers gave no advice"),
        ({"refused": "this run"}, "served      failed     the server refuses the pin"),
    ],
)
def test_a_failed_gate_rolls_back_to_the_run_before_and_denies_this_one(outputs, capsys, metrics, words):
    check(outputs)
    capsys.readouterr()
    failed = read_pin(outputs)
    if "refused" in metrics:
        metrics = {"refused": failed.run_json_sha256}
    assert check(outputs, **metrics) == 1
    said = capsys.readouterr().out
    assert words in said
    assert said.endswith("rolled back to 2030-01-31/old; 2030-01-31/new is denied\n")
    pin = read_pin(outputs)
    assert (pin.run, pin.earlier[0].run, pin.rolled_back[0]) == (
        "2030-01-31/old",
        "2030-01-31/older",
        as_pinned(failed),
    )
    (denied,) = read_denied(outputs)
    assert (denied.run_json_sha256, denied.reason) == (failed.run_json_sha256, pin.reason)
    assert denied.reason.startswith(f"planrec watch: {words.split()[0]}: ")
    evidence = read_evidence(outputs)[-1]
    assert (evidence["kind"], evidence["verdict"], evidence["action"]) == ("watch", "failed", "rolled_back")
    assert evidence["run_json_sha256"] == failed.run_json_sha256
    assert evidence["went_back_to"] == {"run": pin.run, "run_json_sha256": pin.run_json_sha256}


def test_one_error_on_a_quiet_night_does_not_roll_back(outputs):
    check(outputs)
    assert check(outputs, ok=5, errors=1) == 4
    assert read_pin(outputs).run == RUN


def test_a_failure_after_a_rollback_only_alarms(outputs, capsys):
    rollback(outputs)
    check(outputs)
    assert check(outputs, errors=200) == 1
    assert "a rollback chose this run, so it is probably not the cause" in capsys.readouterr().out
    assert read_pin(outputs).run == "2030-01-31/old"
    assert read_denied(outputs) == ()


@pytest.mark.parametrize("pinned_at", ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00", "2026-01-01"])
def test_a_failure_long_after_the_promotion_only_alarms(outputs, capsys, pinned_at):
    content = json.loads((outputs / "pinned.json").read_text("utf-8"))
    content["pinned_at"] = pinned_at
    (outputs / "pinned.json").write_text(json.dumps(content), "utf-8")
    check(outputs)
    assert check(outputs, errors=200) == 1
    assert "pinned more than 60 days ago" in capsys.readouterr().out
    assert read_pin(outputs).run == RUN


def test_an_earlier_run_that_cannot_be_served_is_passed_over(outputs, capsys):
    (outputs / "2030-01-31" / "old" / "model.skops").write_bytes(b"")
    check(outputs)
    assert check(outputs, errors=200) == 1
    said = capsys.readouterr().out
    assert "rolled back to 2030-01-31/older" in said
    assert "2030-01-31/old" in said.splitlines()[-1], "the reason"


def test_a_denied_earlier_run_is_no_target(outputs):
    deny(read_pin(outputs).earlier[0], outputs, "harm")
    check(outputs)
    assert check(outputs, errors=200) == 1
    assert read_pin(outputs).run == "2030-01-31/older"


def test_without_an_earlier_run_a_failure_only_alarms(outputs, capsys):
    for earlier in read_pin(outputs).earlier:
        deny(earlier, outputs, "harm")
    check(outputs)
    assert check(outputs, errors=200) == 1
    assert "no earlier run that is not denied" in capsys.readouterr().out


def test_a_check_killed_after_the_denial_is_completed_by_the_next(outputs):
    deny(as_pinned(read_pin(outputs)), outputs, "planrec watch: errors: many")
    assert check(outputs) == 1
    assert (read_pin(outputs).run, read_pin(outputs).reason) == (
        "2030-01-31/old",
        "planrec watch: denied: errors: many",
    )


@pytest.mark.parametrize("metrics", [{"ok": 200}, {"errors": 200}])
def test_a_damaged_deny_list_is_an_alarm_and_the_other_gates_are_applied(outputs, capsys, metrics):
    check(outputs, "--gates", "errors")
    (outputs / "denied.json").write_text('{"denied": [', "utf-8")
    before, n_before = read_pin(outputs), len(read_evidence(outputs))
    capsys.readouterr()
    for _ in range(2):
        assert check(outputs, "--gates", "errors", **metrics) == 1
        said = capsys.readouterr().out
        assert "denied.json is not a deny list" in said
        assert "move it away to deny no run" in said
        assert f"errors      {'failed' if 'errors' in metrics else 'passed'}" in said
        assert said.endswith(
            "not rolled back\nnothing is denied or pinned as long as denied.json cannot be read\n"
        )
        metrics = {name: 2 * value for name, value in metrics.items()}
    assert read_pin(outputs) == before
    lines = read_evidence(outputs)[n_before:]
    assert [(line["action"], len(line["gates"])) for line in lines] == [("alarm", 2)], "once"
    (outputs / "denied.json").unlink()
    assert check(outputs, "--gates", "errors", ok=800) == 0


def killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("is_rolled_back", [True, False])
def test_a_check_killed_while_it_rolls_back_is_completed_by_the_next(outputs, monkeypatch, is_rolled_back):
    url = f"sqlite:///{outputs / 'decisions.sqlite'}"
    log_rows(url, DECISION)
    check(outputs)
    failed = read_pin(outputs)
    n_before = len(read_evidence(outputs))
    with monkeypatch.context() as patch:
        patch.setattr(watch_module, "record" if is_rolled_back else "deny", killed)
        assert check(outputs, errors=200) == 130
    assert [line["kind"] for line in read_evidence(outputs)[n_before:]] == ["watch_intent"]
    assert check(outputs, ok=200) == (4 if is_rolled_back else 0)
    assert check(outputs, ok=400) == 0
    lines = [line for line in read_evidence(outputs)[n_before:] if line["kind"] == "watch"]
    action = "rolled_back" if is_rolled_back else "none"
    assert [line["action"] for line in lines][:2] == [action, "none"]
    assert (lines[0]["run_json_sha256"], lines[0]["explanation"]) == (failed.run_json_sha256, KILLED)
    assert (lines[0]["went_back_to"] or {"run": failed.run})["run"] == read_pin(outputs).run
    state = json.loads((outputs / "monitoring" / "watch.json").read_text())
    assert state["rolled_back_at"] == (lines[0]["time"] if is_rolled_back else None)
    events = rows_of(url, "SELECT event FROM decision_events WHERE event = 'pin'")
    assert len(events) == int(is_rolled_back)


def test_a_denial_before_the_pin_in_another_time_zone_does_not_count(outputs):
    deny(as_pinned(read_pin(outputs)), outputs, "errors")
    file = outputs / "denied.json"
    hour = timedelta(hours=1)
    before = (datetime.fromisoformat(read_pin(outputs).pinned_at) - hour).astimezone(timezone(3 * hour))
    content = json.loads(file.read_text("utf-8"))
    content["denied"][0]["denied_at"] = before.isoformat()
    file.write_text(json.dumps(content), "utf-8")
    assert check(outputs) == 4
    assert read_pin(outputs).run == RUN


def test_a_pin_changed_during_the_check_is_never_overwritten(outputs, monkeypatch, capsys):
    check(outputs)
    judge = watch_module.production_gates

    def slow(*arguments):
        pin_run(outputs / "2030-01-31" / "older", outputs)
        return judge(*arguments)

    monkeypatch.setattr(watch_module, "production_gates", slow)
    assert check(outputs, run_id=RUN, errors=200) == 1
    assert "was changed by another process in between" in capsys.readouterr().err
    assert read_pin(outputs).run == "2030-01-31/older"
    line = read_evidence(outputs)[-1]
    assert (line["kind"], line["verdict"], line["action"]) == ("watch", "failed", "alarm")
    assert "was changed by another process in between" in line["explanation"]
    assert read_denied(outputs)[0].run == RUN
    monkeypatch.undo()
    check(outputs)
    assert KILLED not in [line.get("explanation") for line in read_evidence(outputs)]


def test_an_alarm_that_stays_the_same_is_one_line(outputs):
    for name in ("old", "older"):
        (outputs / "2030-01-31" / name / "model.skops").write_bytes(b"")
    check(outputs)
    n_before = len(read_evidence(outputs))
    for _ in range(3):
        assert check(outputs, errors=200) == 1
    (outputs / "2030-01-31" / "older" / "profile.json").unlink()
    shutil.rmtree(outputs / "2030-01-31" / "old")
    assert check(outputs, errors=200) == 1
    lines = read_evidence(outputs)[n_before:]
    assert [(line["kind"], line["gates"][0]["name"]) for line in lines] == [
        ("watch", "errors"),
        ("watch", "denied"),
        ("watch", "denied"),
    ]
    assert read_pin(outputs).run == RUN
    assert read_denied(outputs)[0].run == RUN


def test_a_rollback_that_the_log_lacks_is_written_by_the_next_check(outputs):
    file = outputs / "decisions.sqlite"
    check(outputs)
    file.write_text("not a database")
    assert check(outputs, errors=200) == 1
    missing = read_evidence(outputs)[-1]["missing_in_log"]
    file.unlink()
    log_rows(url_of(file), DECISION)
    for _ in range(2):
        check(outputs, ok=200)
    ((content,),) = rows_of(url_of(file), "SELECT content FROM decision_events WHERE event = 'pin'")
    assert json.loads(content) == missing
    assert missing["is_rollback"] is True


def test_a_run_that_cannot_be_loaded_fails(outputs):
    (outputs / "2030-01-31" / "new" / "model.skops").write_bytes(b"")
    assert check(outputs) == 1
    assert read_pin(outputs).run == "2030-01-31/old"


@pytest.mark.parametrize("text", [None, "", "<html>not metrics</html>", 'planrec_requests_total{method="'])
def test_without_metrics_the_check_is_undecided(outputs, capsys, text):
    file = outputs / "metrics.txt"
    if text is not None:
        file.write_text(text)
    assert main(["watch", "--gates", "errors", "--metrics", str(file), "--outputs", str(outputs)]) == 4
    assert "errors      undecided" in capsys.readouterr().out


def test_a_server_that_still_answers_with_the_run_before_is_undecided(outputs, capsys):
    assert check(outputs, run_id="2030-01-31/old", ok=900, errors=900) == 4
    assert "the server answers with 2030-01-31/old, not yet with 2030-01-31/new" in capsys.readouterr().out


@pytest.mark.parametrize("refused", ["0" * 64, ""])
def test_a_refused_pin_that_was_replaced_does_not_condemn_this_run(outputs, capsys, refused):
    assert check(outputs, run_id="2030-01-31/old", refused=refused) == 4
    assert "the server answers with 2030-01-31/old, not yet with" in capsys.readouterr().out
    assert read_pin(outputs).run == RUN


def test_a_file_of_metrics_of_ten_minutes_ago_is_undecided(outputs, tmp_path):
    file = tmp_path / "old.txt"
    file.write_text(metrics_text(RUN, refused="0" * 64), "utf-8")
    assert read_metrics(str(file))
    os.utime(file, (time.time() - 660,) * 2)
    with pytest.raises(DataError, match=r"must be at most 10 minutes old, and is 11: fetch them again"):
        read_metrics(str(file))


def test_a_second_check_at_once_exits_with_3(outputs, capsys):
    with FileLock(outputs / ".watch.lock"):
        assert check(outputs) == 3
    assert "another check is running" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(outputs):
    check(outputs)
    before = {file: file.read_bytes() for file in outputs.rglob("*.json*")}
    assert check(outputs, "--dry-run", errors=200) == 1
    assert {file: file.read_bytes() for file in outputs.rglob("*.json*")} == before


def test_evidence_is_written_when_a_verdict_changes(outputs):
    n_before = len(read_evidence(outputs))
    for ok in (0, 200, 400, 600):
        check(outputs, ok=ok)
    verdicts = [line["verdict"] for line in read_evidence(outputs)[n_before:]]
    assert verdicts == ["undecided", "passed"]
    assert json.loads((outputs / "monitoring" / "watch.json").read_text())["verdict"] == "passed"


@pytest.fixture
def answered(outputs):
    """Log an answer of the pinned run; return a function that logs another answer to the same request."""
    saved = load_run(outputs / "2030-01-31" / "new")
    from planrec.recommending.answer import ModelName, encoded
    from planrec.recommending.answering import answers_of
    from planrec.schema.request import read_request
    from planrec.serving.decision_log import LoggedRun

    request = saved.manifest.golden.requests[0]
    run = LoggedRun.of(saved)
    answer = encoded(
        answers_of(saved.recommender, {"one": read_request(request)}, ModelName(saved.run_id, run.version))[0]
    )

    def log(name, body):
        row = decision(name, run=run, request=json.dumps(request).encode(), answer=body, language="en")
        log_rows(f"sqlite:///{outputs / 'decisions.sqlite'}", row)

    log("one", answer)
    return log


def test_answers_are_computed_again(outputs, answered, capsys):
    assert check(outputs, "--gates", "replay") == 0
    assert "0 of the 1 newest answers differ" in capsys.readouterr().out


def test_an_answer_that_differs_rolls_back(outputs, answered, capsys):
    answered("two", b'{"decision": "another"}')
    assert check(outputs, "--gates", "replay") == 1
    assert "1 of the 2 newest answers differ when computed again, such as two (/" in capsys.readouterr().out
    for file in ("monitoring/watch.json", "operations.jsonl", "denied.json", "pinned.json"):
        assert "another" not in (outputs / file).read_text("utf-8"), (
            "a value of an answer, which can be deleted"
        )
    url = f"sqlite:///{outputs / 'decisions.sqlite'}"
    events = rows_of(url, "SELECT content FROM decision_events WHERE event = 'pin'")
    assert [json.loads(content)["is_rollback"] for (content,) in events] == [True]


@pytest.mark.parametrize("column", ["request", "answer"])
def test_a_changed_row_differs_and_the_other_gates_are_applied(outputs, answered, capsys, column):
    change(f"sqlite:///{outputs / 'decisions.sqlite'}", f"UPDATE decisions SET {column} = '{{'")
    assert check(outputs, "--gates", "errors,replay") == 1
    assert "such as one (it cannot be computed again)" in capsys.readouterr().out


def test_without_an_answer_in_the_log_the_replay_is_undecided(outputs, monkeypatch):
    assert check(outputs, "--gates", "replay") == 4
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", "none")
    assert check(outputs, "--gates", "replay") == 4


def put(outputs, name, content):
    (outputs / "monitoring").mkdir(exist_ok=True)
    (outputs / "monitoring" / name).write_text(json.dumps(content), "utf-8")


def put_drift(outputs, alarms, found=90, sha256=None, days_ago=1):
    about = {"run_json_sha256": sha256 or read_pin(outputs).run_json_sha256, "alarms": alarms}
    about["day"] = str(datetime.now(UTC).date() - timedelta(days=days_ago))
    put(outputs, "drift.json", about | {"reference_days": {"found": found, "needed": 90}})


@pytest.mark.parametrize(
    ("alarms", "code"),
    [
        ([], 0),
        (["data_mib.1"], 0),
        (["plan_held=smart"], 0),
        (["plan_advised"], 1),
        (["all_columns", "plan_advised"], 1),
        (["sms.1", "abstains"], 4),
        (["plan_advised", "plan_held=smart"], 4),
        (["plan_advised", "rows"], 4),
        (["prob_cheaper", "sms.1"], 4),
    ],
)
def test_only_drift_of_the_advice_without_that_of_inputs_fails(outputs, capsys, alarms, code):
    put_drift(outputs, alarms)
    assert check(outputs, "--gates", "drift") == code
    assert all(alarm in capsys.readouterr().out for alarm in alarms[-1:])


def test_without_reference_days_drift_is_undecided(outputs):
    put_drift(outputs, [], found=20)
    assert check(outputs, "--gates", "drift") == 4
    put_drift(outputs, ["prob_cheaper"], found=20)
    assert check(outputs, "--gates", "drift") == 1


def test_drift_of_more_than_two_days_ago_is_undecided(outputs, capsys):
    put_drift(outputs, ["plan_advised"], days_ago=4)
    assert check(outputs, "--gates", "drift") == 4
    assert "type planrec drift" in capsys.readouterr().out
    assert read_pin(outputs).run == RUN


def put_harm(outputs, value, low, sha256=None, n=200, days_ago=1):
    harm = {"metric": "harm_rate", "value": value, "low": low, "n_decisions": n}
    of_runs = {"0" * 63 + "1": [harm | {"value": 0.5, "low": 0.4}]}
    of_runs[sha256 or read_pin(outputs).run_json_sha256] = [{"metric": "regret"}, harm]
    made_at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(timespec="seconds")
    put(outputs, "realised.json", {"made_at": made_at, "of_runs": of_runs})


@pytest.mark.parametrize(
    ("value", "low", "code"), [(0.03, 0.01, 0), (0.08, 0.04, 4), (0.09, 0.06, 1), (None, None, 4)]
)
def test_harm_fails_if_it_is_surely_above_the_limit(outputs, value, low, code):
    put_harm(outputs, value, low)
    assert check(outputs, "--gates", "harm") == code


@pytest.mark.parametrize(("value", "low"), [(0.0, 0.0), (1.0, 1.0)])
def test_harm_of_few_decisions_is_undecided(outputs, capsys, value, low):
    put_harm(outputs, value, low, n=99)
    assert check(outputs, "--gates", "harm") == 4
    assert "at least 100 are needed" in capsys.readouterr().out


def test_harm_that_was_judged_long_ago_is_undecided(outputs, capsys):
    put_harm(outputs, 0.9, 0.8, days_ago=36)
    assert check(outputs, "--gates", "harm") == 4
    shown = capsys.readouterr().out
    assert "realised.json was written on " in shown
    assert "type planrec realised --save" in shown
    put_harm(outputs, 0.9, 0.8, days_ago=34)
    assert check(outputs, "--gates", "harm") == 1


@pytest.mark.parametrize("gate", ["drift", "harm"])
def test_files_about_another_run_are_undecided(outputs, gate):
    assert check(outputs, "--gates", gate) == 4
    put_drift(outputs, ["plan_advised"], sha256="0" * 64)
    put_harm(outputs, 1.0, 1.0, sha256="0" * 64)
    assert check(outputs, "--gates", gate) == 4
    for content in ("{", "{}", "[]", '{"runs": 3, "run_json_sha256": 3}'):
        for name in ("drift.json", "realised.json"):
            (outputs / "monitoring" / name).write_text(content)
        assert check(outputs, "--gates", gate) == 4


def test_a_share_fails_only_if_it_is_surely_above_its_limit():
    verdicts = [share_gate("errors", (bad, 150), 0.01, 100, "requests failed").verdict for bad in (0, 3, 9)]
    assert verdicts == ["passed", "passed", "failed"]
    assert overall([]) == "passed"


@pytest.mark.parametrize("place", ["file:///etc/passwd", "http://user:secret@host/metrics", "ftp://host/"])
def test_metrics_come_from_http_only_and_without_a_password(place):
    with pytest.raises(ConfigError, match="must be a file or a URL"):
        read_metrics(place)


def test_a_server_that_is_down_is_no_data():
    with pytest.raises(DataError, match=r"no metrics at http://127\.0\.0\.1:9/metrics"):
        read_metrics("http://127.0.0.1:9/metrics")


def test_labels_with_quotation_marks_and_braces_are_read():
    counts = metrics_of(metrics_text("r", ok=7, slow=2, errors=1, abstentions=3), "r").counts
    found = (counts.requests, counts.errors, counts.timed, counts.slow, counts.answers, counts.abstentions)
    assert found == (10, 1, 9, 2, 9, 3)


def test_without_a_pin_the_check_names_the_command(tmp_path, capsys):
    assert main(["watch", "--outputs", str(tmp_path)]) == 1
    assert "no run is pinned" in capsys.readouterr().err
    with pytest.raises(RunError):
        read_pin(tmp_path)
