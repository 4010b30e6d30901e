"""`planrec replay` on real runs and logs: the same answer, or the differences."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.json import encode

from planrec.cli import main
from planrec.errors import LogError, RunError
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import fields_of, json_of, read_request
from planrec.serving.decision_log import DecisionLog, Keys, LoggedAnswer, LoggedRun, find_decision
from planrec.serving.decision_log.logged_answer import row_of
from planrec.serving.decision_log.removal import delete_subscriber, prune
from planrec.serving.replay.replayed_answer import replay
from tests.serving.decision_log.decisions import KEY, log_rows, url_of
from tests.trained_runs import edit_run

ID = "6f1c2d8e"


def answered(folder, **request):
    """Answer the first golden request of a run as the API does."""
    saved = load_run(folder)
    asked = read_request(saved.manifest.golden.requests[0] | request)
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    body = encoded(answers_of(saved.recommender, {ID: asked}, model)[0])
    catalogue = saved.recommender.catalogue
    named = (
        (None,) * 3 if catalogue is None else (catalogue.catalogue_id, catalogue.version, catalogue.sha256)
    )
    run = LoggedRun(saved.run_id, saved.sha256, "0.1.0", *named, saved.config.policy.kind)
    content = json_of(asked, fields_of(saved.recommender.inputs))
    return LoggedAnswer(ID, "request-1", "ann", content, "en", body, "stay", 1.5, run)


def logged(tmp_path, decision):
    url = url_of(tmp_path / "decisions.sqlite")
    log = DecisionLog(url, KEY, queue_size=10)
    log.write(decision).result(10)
    log.close()
    return url


def replay_of(url, outputs, name=ID):
    return main(["replay", name, "--log", url, "--outputs", str(outputs)])


@pytest.mark.parametrize("run", ["history_run", "row_run", "bill_run"])
def test_a_replay_shows_the_same_answer_and_its_inputs(request, run, tmp_path, capsys):
    folder = request.getfixturevalue(run)
    decision = answered(folder, top_k=1)
    assert replay_of(logged(tmp_path, decision), folder.parent.parent) == 0
    shown = capsys.readouterr().out
    assert "equal, byte for byte" in shown
    saved = load_run(folder)
    for plan in saved.recommender.plans:
        assert plan in shown
    assert f"rule        policy={saved.config.policy.kind}" in shown
    assert ">>>" not in shown
    assert saved.run_id in shown
    assert "ann" not in shown.replace("cannot", "").split()


def test_an_excluded_plan_is_shown_with_its_code(bill_run, tmp_path, capsys):
    held = json.loads(answered(bill_run).request)["plan_held"]
    other = next(plan for plan in load_run(bill_run).recommender.plans if plan != held)
    assert replay_of(logged(tmp_path, answered(bill_run, exclude=[other])), bill_run.parent.parent) == 0
    assert f"not offered: {other}, excluded" in capsys.readouterr().out


def test_another_answer_exits_with_1_and_shows_the_differences(history_run, tmp_path, capsys):
    decision = answered(history_run)
    other = json.loads(decision.answer)
    other["items"][0]["probability"] = 0.5
    other["reason"] = "because"
    url = logged(tmp_path, replace(decision, answer=json.dumps(other).encode()))
    assert replay_of(url, history_run.parent.parent) == 1
    shown = capsys.readouterr().out
    assert "DIFFERS" in shown
    assert '/reason: logged "because", now "most_probable"' in shown


def test_equal_values_in_another_spelling_are_not_equal(history_run, tmp_path, capsys):
    decision = answered(history_run)
    url = logged(tmp_path, replace(decision, answer=json.dumps(json.loads(decision.answer)).encode()))
    assert replay_of(url, history_run.parent.parent) == 1
    assert "only in the spelling" in capsys.readouterr().out


def test_a_moved_run_is_found_and_a_changed_or_missing_one_is_reported(history_run, tmp_path, capsys):
    decision = answered(history_run)
    url, outputs = logged(tmp_path, decision), tmp_path / "outputs"
    assert replay_of(url, outputs) == 1
    assert f"no run {decision.run.run_id} below" in capsys.readouterr().err
    moved = shutil.copytree(history_run, outputs / "archive" / "kept")
    assert replay_of(url, outputs) == 0
    capsys.readouterr()
    changed = shutil.copytree(history_run, outputs / "2030-01-31" / history_run.name)
    shutil.rmtree(moved)
    edit_run(changed, lambda manifest: manifest.update(command="another"))
    assert replay_of(url, outputs) == 1
    assert "was changed: the sha256 of its run.json is no longer" in capsys.readouterr().err


def test_a_changed_model_is_refused_before_it_is_read(history_run, tmp_path, capsys):
    url = logged(tmp_path, answered(history_run))
    changed = shutil.copytree(history_run, tmp_path / "outputs" / "2030-01-31" / history_run.name)
    (changed / "model.skops").write_bytes(b"no model")
    assert replay_of(url, tmp_path / "outputs") == 1
    assert "model.skops is not the file that this run saved" in capsys.readouterr().err


def test_a_run_that_changes_between_finding_and_loading_is_refused(history_run, tmp_path, monkeypatch):
    decision = answered(history_run)
    changed = shutil.copytree(history_run, tmp_path / "outputs" / "2030-01-31" / history_run.name)
    edit_run(changed, lambda manifest: manifest.update(command="another"))
    monkeypatch.setattr("planrec.serving.replay.replayed_answer.find_run", lambda *names: changed)
    with pytest.raises(RunError, match="was changed while it was read"):
        replay(row_of(decision, KEY), tmp_path / "outputs")


def test_an_answer_with_another_catalogue_is_refused(bill_run, tmp_path):
    decision = answered(bill_run)
    run = decision.run._replace(catalogue_sha256="c" * 64)
    with pytest.raises(LogError, match="sha256 cccc"):
        replay(row_of(replace(decision, run=run), KEY), bill_run.parent.parent)


def test_an_unknown_id_is_reported(history_run, tmp_path, capsys):
    url = logged(tmp_path, answered(history_run))
    assert replay_of(url, history_run.parent.parent, "nothing") == 1
    assert "no answer 'nothing' in" in capsys.readouterr().err


@pytest.mark.parametrize("names_log", [True, False])
def test_log_and_runs_are_found_by_the_variables_of_the_server(
    history_run, tmp_path, capsys, monkeypatch, names_log
):
    shutil.copytree(history_run, tmp_path / "2030-01-31" / "one")
    monkeypatch.setenv("PLANREC_OUTPUTS", str(tmp_path if not names_log else tmp_path / "2030-01-31"))
    url = logged(tmp_path, answered(tmp_path / "2030-01-31" / "one"))
    if names_log:
        monkeypatch.setenv("PLANREC_DECISION_LOG__URL", url)
    assert main(["replay", ID]) == 0, capsys.readouterr().err
    assert main(["replay", ID, "--outputs", str(tmp_path / "elsewhere")]) == 1


def test_an_answer_is_replayed_as_json(history_run, tmp_path, capsys):
    decision = answered(history_run)
    url = logged(tmp_path, decision)
    outputs = str(history_run.parent.parent)
    assert main(["replay", ID, "--log", url, "--outputs", outputs, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema"], shown["is_equal"], shown["differences"]) == ("planrec.replay/1", True, [])
    assert shown["logged"]["answer"] == shown["computed"] == json.loads(decision.answer)
    assert shown["logged"]["recommendation_id"] == ID


def test_the_answers_to_a_subscriber_are_replayed(history_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(tmp_path / "decisions.key"))
    (tmp_path / "decisions.key").write_bytes(KEY)
    url = logged(tmp_path, answered(history_run))
    day = find_decision(url, ID).time[:10]
    options = ("--log", url, "--outputs", str(history_run.parent.parent))
    assert main(["replay", "--subscriber", "ann", "--on", day, *options]) == 0
    shown = capsys.readouterr().out
    assert ID in shown
    assert "equal, byte for byte" in shown
    second = replace(answered(history_run), recommendation_id="second")
    log_rows(url, replace(second, answer=second.answer.replace(ID.encode(), b"second")))
    assert main(["replay", "--subscriber", "ann", "--on", "2020-01-01..2099-12-31", *options]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 answers, the oldest first\n")
    assert shown.count("equal, byte for byte") == 2
    assert main(["replay", "--subscriber", "ann", "--json", *options]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [each["logged"]["recommendation_id"] for each in answers] == [ID, "second"]
    assert main(["replay", "--subscriber", "ann", "--on", "2020-01-01", *options]) == 1
    assert "no answer to 'ann' on 2020-01-01 in" in capsys.readouterr().err


def test_a_deleted_or_pruned_answer_cannot_be_replayed(history_run, tmp_path, capsys):
    (tmp_path / "decisions.key").write_bytes(KEY)
    url = logged(tmp_path, answered(history_run))
    delete_subscriber(url, "ann", Keys.read(tmp_path / "decisions.key"))
    assert replay_of(url, history_run.parent.parent) == 1
    assert f"no answer '{ID}' in" in capsys.readouterr().err
    log_rows(url, replace(answered(history_run), recommendation_id="old"))
    prune(url, timedelta(0))
    assert replay_of(url, history_run.parent.parent, "old") == 1
    assert "no answer 'old' in" in capsys.readouterr().err


def test_a_row_that_was_logged_by_the_version_before_is_replayed(history_run, tmp_path):
    row = row_of(answered(history_run), KEY)._replace(key_id=None)
    assert replay(row, history_run.parent.parent).is_equal


def as_earlier_version(decision):
    """Return an answer as the version wrote it that listed items by rank and did not split bills."""
    answer = json.loads(decision.answer)
    answer["items"].sort(key=lambda item: item["rank"])
    for plan in (*answer["items"], answer["current"]):
        del plan["fee"], plan["extras"]
    return answer


def test_an_answer_of_the_version_without_fees_is_replayed(bill_run, tmp_path, capsys):
    decision = answered(bill_run)
    old = encode(as_earlier_version(decision))
    assert old != decision.answer
    assert replay_of(logged(tmp_path, replace(decision, answer=old)), bill_run.parent.parent) == 0
    assert "equal in every field of the earlier version" in capsys.readouterr().out


def test_another_answer_of_the_version_without_fees_differs(bill_run, tmp_path, capsys):
    decision = answered(bill_run)
    old = as_earlier_version(decision)
    old["items"][1]["expected_bill"] = "1.00"
    assert replay_of(logged(tmp_path, replace(decision, answer=encode(old))), bill_run.parent.parent) == 1
    shown = capsys.readouterr().out
    assert '/items/1/expected_bill: logged "1.00"' in shown
    assert "fee" not in shown.partition("DIFFERS")[2]


@pytest.mark.parametrize(
    "words",
    [["--on", "2026-03-03", ID], ["--subscriber", "ann", ID], [], ["--subscriber", "ann", "--on", "March"]],
)
def test_wrong_options_of_a_replay_exit_with_2(words):
    assert main(["replay", *words]) == 2
