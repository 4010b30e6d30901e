"""Pins: which run is served, rollbacks, and damaged files."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

import pytest

import planrec.serving.pin_lock
from planrec.cli import main
from planrec.errors import RunError
from planrec.operating.evidence import read_evidence
from planrec.runs.provenance import versions
from planrec.runs.read import read_manifest
from planrec.serving.acting_user import acting_user
from planrec.serving.denied_runs import deny, read_denied
from planrec.serving.pin import as_pinned, load_pinned, pin_with_history, read_pin
from planrec.serving.pin_lock import pin_lock
from planrec.serving.pin_run import pin_run
from planrec.serving.pin_writing import write_pin
from planrec.serving.rollback import rollback
from tests.serving.decision_log.decisions import DECISION, log_rows, rows_of
from tests.small_sweeps import sweep_into
from tests.trained_runs import edit_run


@pytest.fixture
def outputs(history_run, row_run, tmp_path):
    """Return a folder of outputs with two runs; `b` finished last."""
    first = shutil.copytree(history_run, tmp_path / "2030-01-31" / "a") / "run.json"
    last = shutil.copytree(row_run, tmp_path / "2030-01-31" / "b") / "run.json"
    # One second later, not `touch`: libfaketime applies to `touch`, but not to the times of copied files.
    os.utime(last, ns=(first.stat().st_mtime_ns + 10**9,) * 2)
    return tmp_path


def test_the_pinned_run_is_served(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    assert load_pinned(outputs).folder == outputs / "2030-01-31" / "a"


def test_a_pin_lists_the_earlier_ones(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    pin = pin_run(outputs / "2030-01-31" / "b", outputs)
    assert (pin.run, pin.earlier[0].run) == ("2030-01-31/b", "2030-01-31/a")


def test_latest_is_the_run_that_finished_last(outputs, capsys):
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith("pinned 2030-01-31/b\n")


def test_without_a_pin_the_error_names_the_command(outputs, tmp_path):
    with pytest.raises(RunError, match=r"planrec pin latest"):
        load_pinned(outputs)
    with pytest.raises(RunError, match=r"train a run with planrec train"):
        load_pinned(tmp_path / "elsewhere")


def test_a_changed_run_is_refused_and_the_pin_stays(outputs, capsys):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    (outputs / "2030-01-31" / "b" / "model.skops").write_bytes(b"")
    assert main(["pin", str(outputs / "2030-01-31" / "b"), "--outputs", str(outputs)]) == 1
    assert "model.skops is not the file that this run saved" in capsys.readouterr().err
    assert load_pinned(outputs).folder.name == "a"


def test_a_run_changed_after_it_was_pinned_is_refused(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    file = outputs / "2030-01-31" / "a" / "run.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(RunError, match="was changed after it was pinned"):
        load_pinned(outputs)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", json.dumps({"run": 3}).encode(), b"[" * 100_000]
)
def test_a_malformed_pin_file_is_refused_and_the_named_command_repairs_it(outputs, content):
    (outputs / "pinned.json").write_bytes(content)
    with pytest.raises(RunError, match=r"is not a pin.*planrec pin latest"):
        load_pinned(outputs)
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 0
    assert load_pinned(outputs).folder.name == "b"


def test_a_malformed_run_json_is_reported_without_a_traceback(outputs, capsys):
    (outputs / "2030-01-31" / "b" / "run.json").write_text("{")
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 1
    assert "run.json cannot be read as JSON" in capsys.readouterr().err


def test_a_missing_pinned_run_is_reported(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    shutil.rmtree(outputs / "2030-01-31" / "a")
    with pytest.raises(RunError, match="names 2030-01-31/a, which is not there"):
        load_pinned(outputs)


@pytest.fixture
def pinned_twice(outputs):
    """Pin `a`, then `b`; return the folder of outputs."""
    for name in "ab":
        pin_run(outputs / "2030-01-31" / name, outputs)
    return outputs


@pytest.fixture
def pinned_thrice(pinned_twice):
    """Pin `a`, then `b`, then `c`, a copy of `a` with another hash; return the folder of outputs."""
    folder = pinned_twice / "2030-01-31" / "c"
    shutil.copytree(pinned_twice / "2030-01-31" / "a", folder)
    edit_run(folder, lambda run: run.update(finished="2030-02-01T00:00:00+00:00"))
    pin_run(folder, pinned_twice)
    return pinned_twice


def names(pins):
    return "".join(pin.run.removeprefix("2030-01-31/") for pin in pins)


def test_each_rollback_goes_one_step_further_back(pinned_thrice, capsys):
    for name, earlier, left in (("b", "a", "c"), ("a", "", "bc")):
        assert main(["pin", "--rollback", "--outputs", str(pinned_thrice)]) == 0
        assert capsys.readouterr().out.startswith(f"pinned 2030-01-31/{name}\n")
        assert load_pinned(pinned_thrice).folder.name == name
        pin = read_pin(pinned_thrice)
        assert (names(pin.earlier), names(pin.rolled_back)) == (earlier, left)
    assert main(["pin", "--rollback", "--outputs", str(pinned_thrice)]) == 1
    assert "no run was pinned before 2030-01-31/a" in capsys.readouterr().err


def test_a_run_left_by_a_rollback_is_not_gone_back_to(pinned_thrice):
    assert rollback(pinned_thrice).is_rollback
    assert read_pin(pinned_thrice).is_rollback
    pin = pin_run(pinned_thrice / "2030-01-31" / "a", pinned_thrice)
    assert not pin.is_rollback
    assert (names([pin]), names(pin.earlier), names(pin.rolled_back)) == ("a", "b", "c")
    pin = pin_run(pinned_thrice / "2030-01-31" / "c", pinned_thrice)
    assert (names([pin]), names(pin.earlier), names(pin.rolled_back)) == ("c", "ab", "")


def test_a_rollback_can_name_its_target(pinned_thrice, capsys):
    options = ["pin", "--rollback", "--outputs", str(pinned_thrice)]
    assert main([*options, "--to", "2030-01-31/c"]) == 1
    assert "was not pinned before 2030-01-31/c; the runs before it, the newest first:" in (
        said := capsys.readouterr().err
    )
    assert "2030-01-31/b, 2030-01-31/a. To pin any other run, type planrec pin RUN" in said
    assert main([*options, "--to", "a"]) == 0
    pin = read_pin(pinned_thrice)
    assert (names([pin]), names(pin.earlier), names(pin.rolled_back)) == ("a", "", "cb")


def test_a_rollback_can_name_its_target_by_hash(pinned_thrice):
    assert rollback(pinned_thrice, to=read_pin(pinned_thrice).earlier[1].run_json_sha256).run[-1] == "a"


@pytest.mark.parametrize("change", [pin_run, lambda folder, outputs: rollback(outputs)])
def test_a_pin_changed_in_between_is_never_overwritten(pinned_twice, change):
    read_before = read_pin(pinned_twice)
    change(pinned_twice / "2030-01-31" / "a", pinned_twice)
    content = (pinned_twice / "pinned.json").read_bytes()
    changed = r"was changed by another process in between.* it names 2030-01-31/a, .* it named 2030-01-31/b"
    with pytest.raises(RunError, match=changed):
        pin_run(pinned_twice / "2030-01-31" / "b", pinned_twice, expected=read_before)
    with pytest.raises(RunError, match=changed):
        rollback(pinned_twice, expected=read_before)
    assert (pinned_twice / "pinned.json").read_bytes() == content


def test_of_two_that_pin_at_once_one_is_refused(pinned_twice):
    pin = read_pin(pinned_twice)
    writers = [Thread(target=lambda name=name: written(name), daemon=True) for name in "xyz"]
    outcomes = []

    def written(name):
        try:
            write_pin(pin.model_copy(update={"reason": name}), pinned_twice, pin)
            outcomes.append(name)
        except RunError:
            outcomes.append(None)

    with pin_lock(pinned_twice):
        for writer in writers:
            writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert sorted(map(str, outcomes))[:2] == ["None", "None"]
    assert [read_pin(pinned_twice).reason] == [name for name in outcomes if name]


def test_a_lock_that_another_process_keeps_is_reported(pinned_twice, monkeypatch):
    monkeypatch.setattr(planrec.serving.pin_lock, "SECONDS", 0.01)
    with pin_lock(pinned_twice), pytest.raises(RunError, match="another process has held"):
        rollback(pinned_twice)


def test_a_denied_run_is_pinned_only_with_a_reason(pinned_twice, capsys):
    options = ("--outputs", str(pinned_twice))
    deny(as_pinned(read_pin(pinned_twice)), pinned_twice, "harm of 9 %")
    rollback(pinned_twice)
    with pytest.raises(RunError, match=r"2030-01-31/b is denied in .*denied.json since .* \(harm of 9 %\)"):
        pin_run(pinned_twice / "2030-01-31" / "b", pinned_twice)
    assert main(["pin", "2030-01-31/b", "--allow-denied", *options]) == 2
    assert "--allow-denied needs a run or --rollback, and --reason TEXT" in capsys.readouterr().err
    assert main(["pin", "--list", *options]) == 0
    assert "b  cannot be pinned: denied since" in capsys.readouterr().out
    assert main(["pin", "2030-01-31/b", "--allow-denied", "--reason", "false alarm", *options]) == 0
    pin_run(pinned_twice / "2030-01-31" / "a", pinned_twice)
    with pytest.raises(RunError, match="is denied"):
        rollback(pinned_twice)
    assert load_pinned(pinned_twice).folder.name == "a"


def test_a_run_is_denied_once_and_keeps_the_first_reason(pinned_twice):
    pinned = as_pinned(read_pin(pinned_twice))
    first = deny(pinned, pinned_twice, "first")
    assert deny(pinned, pinned_twice, "second") == first
    assert read_denied(pinned_twice) == (first,)


@pytest.mark.parametrize("change", [pin_run, lambda folder, outputs: rollback(outputs)])
def test_a_run_denied_after_the_check_is_not_pinned(pinned_twice, change, monkeypatch):
    target = read_pin(pinned_twice).earlier[0]

    @contextmanager
    def denied_before(outputs):
        deny(target, outputs, "harm of 9 %")
        with pin_lock(outputs):
            yield

    monkeypatch.setattr("planrec.serving.pin_writing.pin_lock", denied_before)
    with pytest.raises(RunError, match="2030-01-31/a is denied"):
        change(pinned_twice / "2030-01-31" / "a", pinned_twice)
    assert names([read_pin(pinned_twice)]) == "b"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize(
    ("folder", "lock"), [(0o755, 0o600), (0o775, 0o660), (0o2770, 0o660), (0o777, 0o666)]
)
def test_all_who_may_replace_the_pin_may_lock_it(tmp_path, folder, lock):
    tmp_path.chmod(folder)
    before = os.umask(0o077)
    try:
        with pin_lock(tmp_path):
            pass
    finally:
        os.umask(before)
    found = (tmp_path / ".pin.lock").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (lock, tmp_path.stat().st_gid)


def test_the_address_of_a_denied_run_stays_after_its_folder_is_gone(pinned_twice):
    pinned = as_pinned(read_pin(pinned_twice))
    address = read_manifest(pinned_twice / pinned.run).address
    deny(pinned, pinned_twice, "harm of 9 %")
    shutil.rmtree(pinned_twice / pinned.run)
    assert [entry.address for entry in read_denied(pinned_twice)] == [address]
    deny(pinned.model_copy(update={"run_json_sha256": "0" * 64}), pinned_twice, "never seen")
    assert read_denied(pinned_twice)[1].address is None


def test_a_deny_list_of_an_earlier_version_is_read(pinned_twice):
    deny(as_pinned(read_pin(pinned_twice)), pinned_twice, "harm of 9 %")
    file = pinned_twice / "denied.json"
    content = json.loads(file.read_text())
    del content["denied"][0]["address"]
    file.write_text(json.dumps(content))
    (entry,) = read_denied(pinned_twice)
    assert (entry.reason, entry.address) == ("harm of 9 %", None)


@pytest.mark.parametrize("content", ["{", '{"schema": "planrec.denied/1", "denied": [{"run": "a"}]}'])
def test_nothing_is_pinned_with_a_malformed_deny_list(pinned_twice, content):
    (pinned_twice / "denied.json").write_text(content)
    with pytest.raises(RunError, match=r"denied.json is not a deny list"):
        pin_run(pinned_twice / "2030-01-31" / "a", pinned_twice)
    assert load_pinned(pinned_twice).folder.name == "b"


KILLED = """
import sys
from pathlib import Path
from planrec.serving.pin import read_pin
from planrec.serving.pin_writing import write_pin

outputs = Path(sys.argv[1])
while True:
    pin = read_pin(outputs)
    other = pin.model_copy(update={"reason": "even" if pin.reason == "odd" else "odd"})
    write_pin(other, outputs, pin)
    print("written", flush=True)
"""


@pytest.mark.nightly
def test_a_process_killed_at_any_instant_leaves_one_of_two_pins(pinned_twice):
    for number in range(3):
        command = [sys.executable, "-c", KILLED, str(pinned_twice)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(3 + 5 * number):
                assert process.stdout.readline() == "written\n"
            process.kill()
        assert read_pin(pinned_twice).reason in ("odd", "even")
    assert names([rollback(pinned_twice)]) == "a"
    assert (pinned_twice / "pinned.json").is_file()


def test_every_pin_is_one_line_of_evidence(outputs, capsys):
    options = ("--outputs", str(outputs))
    for arguments in (["2030-01-31/a"], ["2030-01-31/b", "--reason", "prices"], ["--rollback"]):
        assert main(["pin", *arguments, *options]) == 0
    assert main(["pin", "latest", "--dry-run", *options]) == 0
    found = [(line["kind"], line["run"][-1], line["reason"], line["by"]) for line in read_evidence(outputs)]
    user = acting_user()
    typed = [
        f"no reason given for: planrec pin {words} --outputs {outputs}"
        for words in ("2030-01-31/a", "--rollback")
    ]
    assert found == [
        ("pin", "a", typed[0], user),
        ("pin", "b", "prices", user),
        ("rollback", "a", typed[1], user),
    ]


def test_a_rollback_without_an_earlier_run_is_refused(outputs, capsys):
    assert main(["pin", "--rollback", "--outputs", str(outputs)]) == 1
    assert "no run is pinned" in capsys.readouterr().err
    pin_run(outputs / "2030-01-31" / "a", outputs)
    pin_run(outputs / "2030-01-31" / "a", outputs)
    assert main(["pin", "--rollback", "--outputs", str(outputs)]) == 1
    assert "no run was pinned before 2030-01-31/a" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_rollback_to_a_damaged_run_is_refused_and_the_pin_stays(pinned_twice, harm, capsys):
    file, folder = pinned_twice / "pinned.json", pinned_twice / "2030-01-31" / "a"
    before = file.read_bytes()
    if harm == "gone":
        shutil.rmtree(folder)
    else:
        (folder / "run.json").write_text((folder / "run.json").read_text() + "\n")
    assert main(["pin", "--rollback", "--outputs", str(pinned_twice)]) == 1
    assert "2030-01-31/a" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize("is_denied", [True, False])
def test_a_target_that_cannot_be_pinned_is_answered_with_the_next_one(pinned_thrice, is_denied, capsys):
    if is_denied:
        deny(read_pin(pinned_thrice).earlier[0], pinned_thrice, "harm of 9 %")
    else:
        shutil.rmtree(pinned_thrice / "2030-01-31" / "b")
    typed = ["pin", "--rollback", "--outputs", str(pinned_thrice)]
    assert main(typed) == 1
    said = capsys.readouterr().err
    advised = f"planrec pin --rollback --to 2030-01-31/a --outputs {pinned_thrice}"
    assert f"  - to go back to another run, type {advised}\n" in said
    assert main(advised.split()[1:]) == 0
    assert names([read_pin(pinned_thrice)]) == "a"


@pytest.mark.parametrize("arguments", [["latest"], ["--rollback"]])
def test_a_dry_run_checks_everything_and_writes_nothing(pinned_twice, arguments, capsys):
    for name in "ab":
        (pinned_twice / "2030-01-31" / name / "model_card.md").unlink()
    before = contents(pinned_twice)
    assert main(["pin", *arguments, "--dry-run", "--outputs", str(pinned_twice)]) == 0
    assert capsys.readouterr().out.endswith("can be pinned; nothing was written\n")
    assert contents(pinned_twice) == before
    for name in "ab":
        (pinned_twice / "2030-01-31" / name / "model.skops").write_bytes(b"")
    assert main(["pin", *arguments, "--dry-run", "--outputs", str(pinned_twice)]) == 1


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_list_shows_pinned_and_unusable_runs_and_the_history(pinned_twice, capsys):
    shutil.copytree(pinned_twice / "2030-01-31" / "a", pinned_twice / "2030-01-31" / "c")
    edit_run(pinned_twice / "2030-01-31" / "c", lambda run: run["versions"].update({"scikit-learn": "1.0.2"}))
    assert main(["pin", "--list", "--outputs", str(pinned_twice)]) == 0
    first, *runs, title, newest, oldest = capsys.readouterr().out.splitlines()
    assert first.startswith("  2030-01-31/c  cannot be pinned: scikit-learn: made by 1.0.2, installed is")
    assert [line[:14] for line in runs] == ["* 2030-01-31/b", "  2030-01-31/a"]
    assert title == "pinned, the newest first; each rollback goes one step down:"
    assert [newest.split()[1], oldest.split()[1]] == ["2030-01-31/b", "2030-01-31/a"]


def test_the_list_shows_the_runs_that_rollbacks_left(pinned_thrice, capsys):
    rollback(pinned_thrice, "complaints")
    assert main(["pin", "--list", "--outputs", str(pinned_thrice)]) == 0
    *_, pinned, earlier, title, left = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in (pinned, earlier, left)] == [f"2030-01-31/{name}" for name in "bac"]
    assert title == "left by rollbacks, the newest first:"
    assert main(["pin", "--list", "--json", "--outputs", str(pinned_thrice)]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [pin["run"][-1] for pin in content["pins"] + content["rolled_back"]] == ["b", "a", "c"]


def test_a_run_twice_in_the_history_keeps_its_newest_place(pinned_thrice):
    c, b, a = (as_pinned(read_pin(pinned_thrice)), *read_pin(pinned_thrice).earlier)
    old = b.model_copy(update={"reason": "old"})
    pin = pin_with_history(c, [b, a, old], [c, a])
    assert pin.earlier == (b, a)
    assert pin.rolled_back == ()


def test_a_list_without_a_pin_names_the_command(outputs, capsys):
    assert main(["pin", "--list", "--outputs", str(outputs)]) == 0
    assert "planrec pin latest" in capsys.readouterr().out.splitlines()[0]


def test_incompatible_versions_are_reported_with_all_other_problems(outputs, capsys):
    folder = outputs / "2030-01-31" / "b"
    edit_run(folder, lambda run: run["versions"].update({"scikit-learn": "1.0.2", "lightgbm": "1.2.3"}))
    (folder / "model.skops").write_bytes(b"")
    (folder / "out_of_fold.parquet").unlink()
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert "model.skops is not the file that this run saved" in said
    assert "out_of_fold.parquet is missing" in said
    assert "scikit-learn: made by 1.0.2, installed is" in said
    assert "lightgbm: made by 1.2.3, installed is" in said


def test_a_later_patch_of_a_version_is_compatible(outputs):
    sklearn = ".".join([*versions()["scikit-learn"].split(".")[:2], "999"])
    edit_run(outputs / "2030-01-31" / "b", lambda run: run["versions"].update({"scikit-learn": sklearn}))
    assert pin_run(outputs / "2030-01-31" / "b", outputs).run == "2030-01-31/b"


def test_a_run_with_other_golden_predictions_is_refused(outputs):
    folder = outputs / "2030-01-31" / "b"
    edit_run(folder, lambda run: run["golden"]["recommended"].reverse())
    with pytest.raises(RunError, match="does not give the answers that it gave"):
        pin_run(folder, outputs)


def test_the_history_keeps_each_run_once(outputs):
    for name in "abbaab":
        pin = pin_run(outputs / "2030-01-31" / name, outputs)
    assert [one.run for one in (pin, *pin.earlier)] == ["2030-01-31/b", "2030-01-31/a"]
    assert read_pin(outputs) == pin


@pytest.mark.parametrize(
    "arguments", [[], ["latest", "--rollback"], ["--list", "--dry-run"], ["latest", "--to", "latest"]]
)
def test_only_one_action_is_accepted(arguments, capsys):
    assert main(["pin", *arguments]) == 2
    capsys.readouterr()


def test_the_folder_of_the_pin_can_come_from_the_environment(outputs, monkeypatch):
    monkeypatch.setenv("PLANREC_OUTPUTS", str(outputs))
    assert main(["pin", "latest"]) == 0
    assert load_pinned(outputs).folder.name == "b"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Return a sweep with two finished cells and two that failed."""
    return sweep_into(tmp_path_factory.mktemp("sweep"), "model=dummy,logistic", "cv.n_folds=2,1000")


def test_a_cell_pinned_through_its_link_is_named_by_its_folder(sweep, capsys):
    link, outputs = sweep / "0", sweep.parents[2]
    assert main(["pin", str(link), "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith(f"pinned multirun/cells/{link.resolve().name}\n")
    link.rename(sweep / "10")
    assert load_pinned(outputs).folder == (sweep / "10").resolve()
    (sweep / "10").rename(link)


def test_a_sweep_is_refused_with_the_command_to_use(sweep, tmp_path, capsys):
    assert main(["pin", str(sweep), "--outputs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{sweep} is a sweep, not one run: name a run of it, such as {sweep / '0'};" in said
    assert f"planrec leaderboard {sweep} says which is best" in said
    assert list(tmp_path.iterdir()) == []


def test_cells_of_a_sweep_can_be_compared_but_not_the_sweep(sweep, capsys):
    assert main(["compare", str(sweep / "0"), str(sweep / "2")]) == 0
    assert "model: dummy -> logistic" in capsys.readouterr().out.replace("model.kind", "model")
    assert main(["compare", str(sweep), str(sweep / "0")]) == 1
    assert "is a sweep, not one run" in capsys.readouterr().err
    assert main(["compare", str(sweep / "0")]) == 2
    assert "error: missing: B\n" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("-u",)])
def test_a_closed_output_pipe_causes_no_traceback_and_leaves_the_evidence(outputs, options):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, *options, "-m", "planrec", "pin", "latest", "--outputs", str(outputs)]
    with open(write, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_pin(outputs).run == "2030-01-31/b"
    assert [(line["kind"], line["run"]) for line in read_evidence(outputs)] == [("pin", "2030-01-31/b")]


def test_a_pin_keeps_who_and_why(outputs, capsys):
    options = ("--outputs", str(outputs))
    assert main(["pin", "2030-01-31/b", "--reason", "first", *options]) == 0
    url = f"sqlite:///{outputs / 'decisions.sqlite'}"
    assert not (outputs / "decisions.sqlite").exists(), "it would belong to the user who pins"
    log_rows(url, DECISION)
    assert main(["pin", "2030-01-31/a", "--reason", "prices of April", *options]) == 0
    assert main(["pin", "2030-01-31/b", *options]) == 0
    assert main(["pin", "--rollback", "--reason", "complaints", *options]) == 0
    capsys.readouterr()
    assert main(["pin", "--list", *options]) == 0
    shown = capsys.readouterr().out
    user = acting_user()
    assert f"2030-01-31/a by {user}: complaints" in shown
    typed = f"no reason given for: planrec pin 2030-01-31/b --outputs {outputs}"
    assert f"2030-01-31/b by {user}: {typed}\n" in shown
    events = rows_of(url, "SELECT actor, content FROM decision_events ORDER BY position")
    assert {actor for actor, _ in events} == {user}
    contents = [json.loads(content) for _, content in events]
    assert [content["reason"] for content in contents] == ["prices of April", typed, "complaints"]
    assert [content["is_rollback"] for content in contents] == [False, False, True]
    assert main(["pin", "2030-01-31/a", "--reason", "two\nlines", *options]) == 2


def test_the_command_is_the_reason_of_a_pin_without_one(pinned_twice):
    assert main(["pin", "--rollback", "--outputs", str(pinned_twice)]) == 0
    typed = f"no reason given for: planrec pin --rollback --outputs {pinned_twice}"
    assert read_pin(pinned_twice).reason == typed


def test_a_folder_with_control_characters_in_its_name_is_not_pinned(outputs, capsys):
    strange = outputs / "2030-01-31" / "\x1b[31m"
    shutil.copytree(outputs / "2030-01-31" / "a", strange)
    assert main(["pin", str(strange), "--outputs", str(outputs)]) == 1
    message = capsys.readouterr().err
    assert "without control characters, got" in message
    assert "\x1b" not in message
    assert not (outputs / "pinned.json").exists()


def test_the_acting_user_is_not_the_one_of_the_environment(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert not acting_user.__wrapped__().startswith("somebody@")


def test_a_pin_without_a_log_that_can_be_written_stays(outputs, capsys, monkeypatch):
    (outputs / "log.sqlite").write_text("not a database")
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", f"sqlite:///{outputs / 'log.sqlite'}")
    assert main(["pin", "2030-01-31/a", "--reason", "why", "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert "2030-01-31/a is pinned and pinned.json has the reason, but not every record was written" in said
    assert (
        f"  - cannot write the decision log sqlite:///{outputs / 'log.sqlite'}: file is not a database"
        in said
    )
    assert "operations.jsonl" not in said
    assert read_pin(outputs).reason == "why"
    assert [line["reason"] for line in read_evidence(outputs)] == ["why"]
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", "none")
    assert main(["pin", "2030-01-31/b", "--outputs", str(outputs)]) == 0


def test_a_pin_without_evidence_is_in_the_decision_log(outputs, capsys):
    url = f"sqlite:///{outputs / 'decisions.sqlite'}"
    log_rows(url, DECISION)
    (outputs / "operations.jsonl").mkdir()
    assert main(["pin", "2030-01-31/a", "--reason", "why", "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert f"  - {outputs / 'operations.jsonl'} cannot be written" in said
    assert "decision log" not in said
    assert rows_of(url, "SELECT event FROM decision_events") == [("pin",)]


@pytest.mark.parametrize("schema", ["planrec.pin/2", "planrec.pin/3"])
def test_a_pin_of_an_earlier_version_is_read_and_replaced(outputs, schema):
    pin = pin_run(outputs / "2030-01-31" / "a", outputs)
    absent = {"rolled_back"} if schema == "planrec.pin/3" else {"rolled_back", "pinned_by", "reason"}
    content = pin.model_dump(mode="json", by_alias=True, exclude=absent | {"is_rollback"})
    (outputs / "pinned.json").write_text(json.dumps(content | {"schema": schema}), "utf-8")
    assert load_pinned(outputs).folder.name == "a"
    assert read_pin(outputs).pinned_by == (acting_user() if schema == "planrec.pin/3" else None)
    new = pin_run(outputs / "2030-01-31" / "b", outputs)
    assert (new.schema_, new.earlier[0].run) == ("planrec.pin/4", "2030-01-31/a")
    assert names([rollback(outputs)]) == "a"
