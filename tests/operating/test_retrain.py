"""`planrec retrain`: train on new data, judge, promote."""

import copy
import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from planrec.cli import main
from planrec.errors import BusyError, CheckError, ConfigError, DataError, FitError, RunError
from planrec.files.folder_walk import complete_runs
from planrec.operating.evidence import read_evidence
from planrec.operating.intent import KILLED
from planrec.operating.non_inferiority import Margins
from planrec.operating.retrain import LOCK, Retrained, RetrainRules, retrain
from planrec.operating.retrain_terminal import print_retrained
from planrec.operating.training_process import train_here
from planrec.runs.read import read_manifest
from planrec.serving.bundle.signers import Signers
from planrec.serving.denied_runs import deny
from planrec.serving.pin import ANY_RUN, read_pin
from planrec.serving.pin_run import pin_run
from tests.catalogue.catalogues import raw_catalogue
from tests.conftest import SMALL_BILLS, STRANGERS_TABLE
from tests.data.month_files import months_file, of_file
from tests.serving.decision_log.decisions import DECISION, log_rows, rows_of, url_of
from tests.trained_runs import edit_run, train_into

LATER = "data.n_months=16"
"The champion has 12 months, so the decisions of 2019-01 and 2019-02 are after its training."
HASTY = ("model=rerate", "model.window=1", "policy.absolute=0", "policy.relative=0")
BETTER = ("model.window=6", "policy.absolute=5", "policy.relative=0.1")
CHAMPIONS_REGRET = ("champion", "regret")
ANY_DAY = RetrainRules(least_days=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Train a champion that is easily beaten: it follows every movement of the last month."""
    outputs = tmp_path_factory.mktemp("outputs")
    train_into(outputs / "2030-01-31" / "12-00-00-abc123", *HASTY, "baselines=[]", small=SMALL_BILLS)
    pin_run(outputs / "2030-01-31" / "12-00-00-abc123", outputs)
    return outputs


@pytest.fixture
def outputs(trained, tmp_path) -> Path:
    return shutil.copytree(trained, tmp_path / "outputs")


def retrained(outputs: Path, *overrides: str, rules: RetrainRules = ANY_DAY, **options) -> Retrained:
    return retrain(outputs, overrides, rules=rules, **({"train": train_here} | options))


def evidence(outputs: Path) -> dict:
    """Return the only line of evidence about retraining."""
    (line,) = [line for line in read_evidence(outputs) if line["kind"] == "retrain"]
    return line


def pinned(outputs: Path) -> str:
    return read_pin(outputs).run


def test_a_better_challenger_passes_and_nothing_is_pinned_without_promote(outputs):
    before = (outputs / "pinned.json").read_bytes()
    found = retrained(outputs, LATER, *BETTER)
    assert (found.outcome, found.exit_code) == ("would_promote", 0)
    assert (outputs / "pinned.json").read_bytes() == before
    line = evidence(outputs)
    assert line["champion"]["run"] == "2030-01-31/12-00-00-abc123"
    assert line["overrides"] == [LATER, *BETTER]
    judged = line["judgement"]
    assert (judged["since"], judged["n_decisions"], judged["n_subscribers"]) == ("2019-01-01", 160, 80)
    assert {(gate["against"], gate["metric"]) for gate in judged["gates"] if gate["segment"] is None} == {
        (side, metric) for side in ("champion", "refitted") for metric in ("regret", "harm_rate")
    }
    assert judged["values"]["challenger"]["regret"]["value"] < judged["values"]["champion"]["regret"]["value"]
    # The rule learns nothing, so fitting it again changes nothing.
    assert judged["values"]["champion"] == judged["values"]["refitted"]


def test_promotion_pins_the_challenger_and_then_there_is_nothing_new(outputs):
    found = retrained(outputs, LATER, *BETTER, promote=True)
    assert found.outcome == "promoted"
    assert outputs / pinned(outputs) == found.challenger
    assert read_pin(outputs).earlier[0].run == found.champion
    again = retrained(outputs, LATER, promote=True)
    assert (again.outcome, again.exit_code) == ("nothing_new", 0)
    assert "the training of" in " ".join(again.reasons)
    soon = retrained(outputs, LATER, promote=True, rules=RetrainRules(least_days=7))
    assert (soon.outcome, soon.exit_code) == ("too_soon", 0)
    lines = [(line["kind"], line.get("outcome")) for line in read_evidence(outputs)]
    assert lines == [
        ("retrain_intent", None),
        ("retrain", "promoted"),
        ("retrain", "nothing_new"),
        ("retrain", "too_soon"),
    ]


def killed(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("is_pinned", [True, False])
def test_a_retrain_killed_while_it_promotes_is_completed_by_the_next(outputs, monkeypatch, is_pinned):
    url = url_of(outputs / "decisions.sqlite")
    log_rows(url, DECISION)
    monkeypatch.setattr("planrec.operating.retrain._append", killed)
    if not is_pinned:
        monkeypatch.setattr("planrec.operating.retrain.pin_run", killed)
    with pytest.raises(KeyboardInterrupt):
        retrained(outputs, LATER, *BETTER, promote=True)
    assert [line["kind"] for line in read_evidence(outputs)] == ["retrain_intent"]
    monkeypatch.undo()
    for _ in range(2):
        again = retrained(outputs, LATER, *BETTER, promote=True, log_url=url)
    assert again.outcome == "nothing_new"
    lines = [line for line in read_evidence(outputs) if line["kind"] == "retrain"]
    completed = "promoted" if is_pinned else "failed"
    after = ["nothing_new"] if is_pinned else ["promoted"]
    assert [line["outcome"] for line in lines] == [completed, *after, "nothing_new"]
    assert lines[0]["reasons"] == [KILLED]
    assert lines[0]["challenger"]["run"] == pinned(outputs)
    assert len(rows_of(url, "SELECT event FROM decision_events WHERE event = 'pin'")) == 1


def test_ctrl_c_after_the_pin_leaves_the_evidence_to_the_next_call(outputs, monkeypatch):
    url = url_of(outputs / "decisions.sqlite")
    log_rows(url, DECISION)
    with monkeypatch.context() as patch:
        patch.setattr("planrec.operating.pin_log.record_pin", killed)
        with pytest.raises(KeyboardInterrupt):
            retrained(outputs, LATER, *BETTER, promote=True, log_url=url)
    assert [line["kind"] for line in read_evidence(outputs)] == ["retrain_intent"]
    pin_run(outputs / pinned(outputs), outputs, "by hand")
    assert retrained(outputs, LATER, promote=True, log_url=url).outcome == "nothing_new"
    completed = next(line for line in read_evidence(outputs) if line["kind"] == "retrain")
    by = f"{KILLED}; the run was pinned by hand, by {read_pin(outputs).pinned_by}: by hand"
    assert (completed["outcome"], completed["reasons"]) == ("pinned_by_hand", [by])
    ((content,),) = rows_of(url, "SELECT content FROM decision_events WHERE event = 'pin'")
    assert json.loads(content)["reason"] == "by hand"


def test_a_promotion_that_the_log_lacks_is_shown_and_named(outputs, monkeypatch, capsys):
    (outputs / "decisions.sqlite").write_text("not a database")
    monkeypatch.setattr("planrec.operating.retrain.retrain", partial(retrain, train=train_here))
    words = [LATER, *BETTER, "--promote", "--min-days", "0", "--outputs", str(outputs)]
    assert main(["retrain", *words]) == 1
    said = capsys.readouterr()
    assert "promoted: the challenger passed every gate and is pinned" in said.out
    assert "the challenger is pinned, but cannot write the decision log" in said.err
    line = evidence(outputs)
    assert line["outcome"] == "promoted"
    assert "cannot write the decision log" in line["log_problem"]
    (outputs / "decisions.sqlite").unlink()
    url = url_of(outputs / "decisions.sqlite")
    log_rows(url, DECISION)
    for _ in range(2):
        retrained(outputs, LATER, log_url=url)
    ((content,),) = rows_of(url, "SELECT content FROM decision_events WHERE event = 'pin'")
    assert json.loads(content) == line["missing_in_log"]
    assert [entry["kind"] for entry in read_evidence(outputs)].count("pin_logged") == 1


@pytest.mark.parametrize(
    ("pinned_at", "words"),
    [("2999-01-01T00:00:00+00:00", "in the future"), ("2024-01-01", None), ("yesterday", "must be a time")],
)
def test_a_clock_that_went_back_never_promotes(outputs, pinned_at, words):
    file = outputs / "pinned.json"
    pin = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(pin | {"pinned_at": pinned_at}), "utf-8")
    call = partial(retrained, outputs, "data.n_months=12", promote=True, rules=RetrainRules(least_days=7))
    if words == "must be a time":
        with pytest.raises(RunError, match=words):
            call()
    elif words:
        assert call().outcome == "too_soon"
        assert words in evidence(outputs)["reasons"][0]
    else:
        assert call().outcome == "nothing_new"


def test_without_overrides_of_the_model_two_sides_are_compared(outputs):
    found = retrained(outputs, LATER)
    assert set(found.judgement.values) == {"challenger", "champion"}
    assert {gate.worse_by.value for gate in found.judgement.gates} == {0.0}
    assert found.outcome == "would_promote"


def test_a_worse_challenger_is_refused_and_the_pin_stays(outputs):
    assert retrained(outputs, LATER, *BETTER, promote=True).outcome == "promoted"
    (outputs / "operations.jsonl").unlink()
    before = (outputs / "pinned.json").read_bytes()
    found = retrained(outputs, "data.n_months=20", *HASTY, promote=True)
    assert (found.outcome, found.exit_code) == ("refused", 1)
    assert any(reason.startswith("broken: regret against the champion") for reason in found.reasons)
    assert (outputs / "pinned.json").read_bytes() == before
    assert evidence(outputs)["outcome"] == "refused"


def test_a_margin_that_the_interval_exceeds_is_undecided_with_the_subscribers_needed(outputs):
    rules = RetrainRules(Margins(relative=0.0, guard=0.0), least_days=0)
    found = retrained(outputs, LATER, "policy.absolute=1", rules=rules)
    assert (found.outcome, found.exit_code) == ("undecided", 4)
    (regret,) = (gate for gate in found.judgement.overall if (gate.against, gate.metric) == CHAMPIONS_REGRET)
    assert regret.worse_by.value < 0 < regret.worse_by.high
    assert regret.subscribers_needed > regret.n_subscribers == 80
    assert any("subscribers would decide it" in reason for reason in found.reasons)


def test_a_pin_that_was_changed_in_between_is_not_overwritten(outputs):
    other = shutil.copytree(
        outputs / "2030-01-31" / "12-00-00-abc123", outputs / "2030-01-31" / "13-00-00-abc124"
    )
    text = (other / "run.json").read_text("utf-8")
    (other / "run.json").write_text(text.replace('"licence": "Apache-2.0"', '"licence": "MIT"'), "utf-8")

    def train(config, folder, command):
        train_here(config, folder, command)
        pin_run(other, outputs, "by hand")

    with pytest.raises(RunError, match="changed by another process"):
        retrained(outputs, LATER, promote=True, train=train)
    assert read_pin(outputs).reason == "by hand"
    assert evidence(outputs)["outcome"] == "failed"


def test_a_retrain_that_was_killed_after_the_training_goes_on_with_its_run(outputs):
    first = retrained(outputs, LATER, *BETTER)

    def never(config, folder, command):
        raise AssertionError("trained twice")

    second = retrained(outputs, LATER, *BETTER, train=never)
    assert second.challenger == first.challenger
    assert second.judgement == first.judgement


def test_the_same_challenger_as_a_denied_run_is_refused_before_the_training(outputs):
    found = retrained(outputs, LATER, *BETTER, promote=True)
    deny(read_pin(outputs), outputs, "harmed too many")
    assert main(["pin", "--rollback", "--outputs", str(outputs)]) == 0
    n_runs = len(complete_runs(outputs))
    again = retrained(outputs, LATER, *BETTER, promote=True)
    assert (again.outcome, again.exit_code) == ("refused", 1)
    assert "harmed too many" in again.reasons[0]
    assert len(complete_runs(outputs)) == n_runs
    assert pinned(outputs) == found.champion
    shutil.rmtree(found.challenger)
    without_its_folder = retrained(outputs, LATER, *BETTER, promote=True)
    assert (without_its_folder.outcome, without_its_folder.reasons) == ("refused", again.reasons)
    assert len(complete_runs(outputs)) == n_runs - 1


SIGNED_ONLY = Signers(("0" * 64,), are_required=True)


def test_promote_is_refused_before_the_training_if_runs_must_be_signed(outputs):
    def never(config, folder, command):
        raise AssertionError("trained")

    with pytest.raises(
        ConfigError, match=r"SIGNED_ONLY is true, so only a signed bundle .* leave out --promote"
    ):
        retrained(outputs, LATER, promote=True, signers=SIGNED_ONLY, train=never)
    assert evidence(outputs)["outcome"] == "failed"


@pytest.mark.parametrize(
    ("signers", "advised"),
    [
        (ANY_RUN, ["planrec pin outputs/day/noon"]),
        (
            SIGNED_ONLY,
            ["planrec bundle outputs/day/noon noon.bundle --key operator.key", "planrec pin noon.bundle"],
        ),
    ],
)
def test_the_next_command_is_one_that_the_server_accepts(signers, advised, capsys):
    found = Retrained("would_promote", "day/morning", Path("outputs/day/noon"), None, ())
    print_retrained(found, Path("outputs"), signers)
    assert re.findall("planrec .*", capsys.readouterr().out) == advised


def test_a_champion_without_a_profile_is_not_checked_for_drift(outputs):
    (run,) = complete_runs(outputs)
    (run / "profile.json").unlink()
    edit_run(run, lambda manifest: manifest["files"].pop("profile.json"))
    pin_run(run, outputs)
    found = retrained(outputs, LATER)
    assert found.outcome == "would_promote"
    (note,) = found.notes
    assert read_evidence(outputs)[-1]["notes"] == [note]
    assert re.fullmatch(r"no check for drift: .*abc123 has no profile\.json; .*", note)


@pytest.mark.parametrize(("n_months", "missing"), [(12, "3 months"), (13, "2 months"), (14, "1 month")])
def test_nothing_is_new_until_all_months_of_a_new_decision_came(outputs, n_months, missing):
    found = retrained(outputs, f"data.n_months={n_months}")
    assert found.outcome == "nothing_new"
    assert (
        "a decision of 2019-01-01 is judged by the months 2019-01 to 2019-03, of which the data lacks"
        f" {missing}"
    ) in found.reasons


def test_three_new_months_are_enough_for_a_horizon_of_three(outputs):
    found = retrained(outputs, "data.n_months=15")
    assert (found.outcome, found.judgement.n_decisions) == ("would_promote", 80)
    assert str(found.judgement.since) == "2019-01-01"


def test_a_second_retrain_leaves_at_once_with_3(outputs, capsys):
    with FileLock(outputs / LOCK):
        with pytest.raises(BusyError):
            retrained(outputs, LATER)
        assert main(["retrain", LATER, "--outputs", str(outputs)]) == 3
    assert "another retrain is running" in capsys.readouterr().err
    assert read_evidence(outputs) == []


def test_failures_leave_a_line_of_evidence_and_the_pin(outputs, tmp_path):
    before = (outputs / "pinned.json").read_bytes()
    failures: list[tuple[type[Exception], Callable[[], object]]] = [
        (RunError, lambda: retrained(outputs, LATER, rules=RetrainRules(least_free_bytes=2**62))),
        (ConfigError, lambda: retrained(outputs, "data.n_month=16")),
        (ConfigError, lambda: retrained(outputs, LATER, "target.horizon=1")),
        (ConfigError, lambda: retrained(outputs, LATER, "search=lgbm", "model=lgbm")),
        (DataError, lambda: retrained(outputs, "data.n_months=2")),
        (FitError, lambda: retrained(outputs, LATER, train=failing)),
    ]
    for number, (error, call) in enumerate(failures, 1):
        with pytest.raises(error):
            call()
        lines = read_evidence(outputs)
        assert len(lines) == number
        assert (lines[-1]["outcome"], lines[-1]["dry_run"]) == ("failed", True)
        assert lines[-1]["reasons"]
    assert (outputs / "pinned.json").read_bytes() == before


def failing(config, folder, command):
    raise FitError("training the challenger ended with 1", ["no memory"])


def test_a_wrong_unit_stops_the_retrain_unless_it_is_accepted(outputs, tmp_path):
    def in_kib(columns):
        # The last month only: no decision reads it, it is in the bills that label the last ones.
        is_new = [month == "2019-04" for month in columns["month"]]
        pairs = zip(columns["data_mib"], is_new, strict=True)
        columns["data_mib"] = [value * 1024 if new else value for value, new in pairs]

    file = months_file(tmp_path, 16, in_kib)
    with pytest.raises(CheckError, match=r"2019-05-01: data_mib\.1: .* as if the unit had changed"):
        retrained(outputs, *of_file(file))
    assert evidence(outputs)["outcome"] == "failed"
    found = retrained(outputs, *of_file(file), rules=RetrainRules(accepted_drift="we know", least_days=0))
    assert found.outcome == "would_promote"
    assert read_evidence(outputs)[-1]["accepted_drift"] == "we know"


def test_a_file_of_months_is_taken_in_place_of_the_simulator(outputs, tmp_path):
    found = retrained(outputs, *of_file(months_file(tmp_path, 16)))
    assert found.outcome == "would_promote"
    manifest = read_manifest(found.challenger)
    assert manifest.kind("data") == "usage_months"
    assert manifest.command.startswith("planrec retrain data=usage_months ")


def test_a_missing_column_is_named_before_any_training(outputs, tmp_path):
    file = months_file(tmp_path, 16, lambda columns: columns.pop("voice_minutes_billed"))
    with pytest.raises(DataError, match="voice_minutes_billed"):
        retrained(outputs, "data=usage_months", f"data.path={file}")
    assert len(complete_runs(outputs)) == 1


def test_a_new_catalogue_is_judged_with_the_champion_as_new_plans_would_make_it(outputs, tmp_path):
    file = tmp_path / "plans.yaml"
    raw = raw_catalogue("ladder")
    summer = copy.deepcopy(raw["plans"][-1]) | {"id": "summer", "name": "Summer"}
    summer["fee"]["recurring"] = "33.00"
    file.write_text(yaml.safe_dump(raw | {"version": "2030.1", "plans": [*raw["plans"], summer]}), "utf-8")
    found = retrained(outputs, LATER, "catalogue=file", f"catalogue.path={file}")
    assert {gate.worse_by.value for gate in found.judgement.gates} == {0.0}
    assert "summer" in read_manifest(found.challenger).plans


def test_a_strangers_table_is_retrained_on_new_rows(row_run, tmp_path):
    outputs = tmp_path / "outputs"
    folder = shutil.copytree(row_run, outputs / "2030-01-31" / "12-00-00-abc123")
    pin_run(folder, outputs)
    file = tmp_path / "new.csv"
    file.write_text(STRANGERS_TABLE.replace('.5"', '.75"'), "utf-8")
    found = retrained(outputs, f"data.path={file}", "metrics=[accuracy,log_loss]")
    assert (found.judgement.n_decisions, found.judgement.since) == (60, None)
    assert {gate.metric for gate in found.judgement.overall} == {"accuracy"}
    assert found.outcome in ("undecided", "refused", "would_promote")
    file.write_text(STRANGERS_TABLE.replace('"big"', '"huge"', 9), "utf-8")
    with pytest.raises(DataError, match="plans of the run"):
        retrained(outputs, f"data.path={file}")


@pytest.mark.slow
@pytest.mark.e2e
def test_the_command_trains_in_a_child_and_prints_the_verdict(outputs, capsys):
    words = ["retrain", LATER, "--promote", "--min-days", "0", "--outputs", str(outputs)]
    assert main([*words, "model=no"]) == 2
    assert main([*words, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema"], shown["outcome"]) == ("planrec.retrain/1", "promoted")
    assert str(outputs / pinned(outputs)) == shown["challenger"]
    assert main(words) == 0
    assert "nothing to do: the champion was trained on all of these decisions" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.e2e
def test_words_of_a_child_that_fails_are_repeated(outputs, capsys):
    assert main(["retrain", LATER, "+gates={harm_rate: -1}", "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert "training the challenger ended with 1" in said
    assert "gate harm_rate must be at most -1" in said
    assert evidence(outputs)["outcome"] == "failed"


@pytest.mark.parametrize("words", [["--margin", "2"], ["--min-days", "-1"], ["--promot"], ["latest"]])
def test_wrong_options_exit_with_2(outputs, words):
    assert main(["retrain", *words, "--outputs", str(outputs)]) == 2
