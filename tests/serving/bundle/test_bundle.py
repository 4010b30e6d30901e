"""Signed bundles: the same bytes for the same run, pinned elsewhere with the same answers, or refused."""

import json
import os
import stat
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from api.pin_follower import PinFollower
from api.settings import Limits, read_access, read_settings
from planrec.cli import main
from planrec.errors import ConfigError, RunError
from planrec.files.hashing import sha256_of_file
from planrec.plugins import PluginUse
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request
from planrec.serving.bundle import bundle_file
from planrec.serving.bundle.bundle_file import home_of, read_bundle
from planrec.serving.bundle.locked_versions import versions_of
from planrec.serving.bundle.make_bundle import make_bundle
from planrec.serving.bundle.members import NAMES, REQUIRED, join_members, split_members
from planrec.serving.bundle.pin_bundle import pin_bundle
from planrec.serving.bundle.private_key import create_key, sign
from planrec.serving.bundle.signature import HEAD_BYTES, MAGIC, Signature
from planrec.serving.bundle.signers import SIGNATURE_FILE, Signers
from planrec.serving.denied_runs import deny
from planrec.serving.pin import as_pinned, load_pinned
from planrec.serving.pin_lock import pin_lock
from planrec.serving.pin_run import pin_run
from planrec.serving.rollback import rollback

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
RUN = "2030-01-31/12-00-00-abc123"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "operator.key"
    create_key(file)
    return file


@pytest.fixture(scope="module")
def public_key(key_file):
    return sign(b"", key_file).public_key


@pytest.fixture(scope="module")
def bundle(history_run, key_file, tmp_path_factory):
    file = tmp_path_factory.mktemp("bundles") / "history.bundle"
    make_bundle(history_run, file, key_file)
    return file


@pytest.fixture
def signers(public_key):
    return Signers((public_key,), are_required=True)


def files_in(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_same_run_gives_the_same_bytes(history_run, bundle, key_file, tmp_path):
    before = files_in(history_run)
    make_bundle(history_run, tmp_path / "again.bundle", key_file)
    assert (tmp_path / "again.bundle").read_bytes() == bundle.read_bytes()
    assert files_in(history_run) == before


def test_a_bundle_holds_run_card_versions_catalogue_and_golden_predictions(history_run, bundle, signers):
    members = read_bundle(bundle, signers).members
    assert set(members) == {*REQUIRED, "profile.json"}
    for name in ("run.json", "config.json", "model.skops", "out_of_fold.parquet", "profile.json"):
        assert members[name] == (history_run / name).read_bytes()
    run = json.loads(members["run.json"])
    assert len(run["golden"]["requests"]) == len(run["golden"]["recommended"])
    assert run["catalogue"]["plans"]
    assert members["model_card.md"].startswith(b"# Model card: lgbm")
    lines = members["versions.txt"].decode().splitlines()
    assert lines[0] == f"# Python {run['versions'].pop('python')}"
    locked = dict(line.split("==") for line in lines[1:])
    assert list(locked) == sorted(locked)
    assert run["versions"].items() <= locked.items()
    needed = [
        Requirement(text).name
        for text in tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["dependencies"]
    ]
    assert {*needed, "antlr4-python3-runtime", "pydantic-core"} <= set(locked)
    assert all(locked[name] == version(name) for name in needed)
    assert "pytest" not in locked


ELSEWHERE = """
import json, sys
from pathlib import Path
from planrec.cli import main
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.schema.request import read_request
from planrec.serving.pin import load_pinned

assert main(["pin", sys.argv[1], "--outputs", "served"]) == 0
saved = load_pinned(Path("served"))
named = {str(n): read_request(r) for n, r in enumerate(saved.manifest.golden.requests)}
answers = answers_of(saved.recommender, named, ModelName("run", "version"))
probability = saved.recommender.recommend(saved.recommender.table(list(named.values())))[0].probability
found = {"answers": [encoded(answer).decode() for answer in answers], "probability": probability.tolist()}
Path("answers.json").write_text(json.dumps(found))
"""


@pytest.mark.parametrize("kind", ["bill_run", pytest.param("row_run", marks=pytest.mark.slow)])
def test_a_bundle_answers_the_golden_requests_in_another_environment(
    kind, request, key_file, public_key, tmp_path
):
    run, file, elsewhere = request.getfixturevalue(kind), tmp_path / "run.bundle", tmp_path / "elsewhere"
    make_bundle(run, file, key_file)
    elsewhere.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLANREC_")}
    access = {"PLANREC_ACCESS__BUNDLE_KEYS": public_key, "PLANREC_ACCESS__SIGNED_ONLY": "true"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(file)],
        cwd=elsewhere,
        env=kept | access,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"pinned {RUN}\n")
    there = json.loads((elsewhere / "answers.json").read_text())
    saved = load_run(run)
    named = {str(n): read_request(r) for n, r in enumerate(saved.manifest.golden.requests)}
    here = [encoded(answer) for answer in answers_of(saved.recommender, named, ModelName("run", "version"))]
    decided = [(json.loads(a)["decision"], json.loads(a)["items"][0]["plan_id"]) for a in there["answers"]]
    assert decided == [(json.loads(a)["decision"], json.loads(a)["items"][0]["plan_id"]) for a in here]
    if kind == "bill_run":
        assert there["answers"] == [answer.decode() for answer in here]
        assert there["probability"] == [list(row) for row in saved.manifest.golden.probability]
    golden = np.array(saved.manifest.golden.probability)
    np.testing.assert_allclose(there["probability"], golden, rtol=0, atol=1e-12)


@pytest.fixture
def untouched(bundle, signers, tmp_path, monkeypatch):
    """Return a function that checks that a file is refused before anything in it is read."""

    def refused(content, match):
        file, outputs = tmp_path / "changed.bundle", tmp_path / "outputs"
        file.write_bytes(content)
        with monkeypatch.context() as patch:
            patch.setattr(bundle_file, "split_members", lambda content: pytest.fail("read too early"))
            with pytest.raises(RunError, match=match):
                pin_bundle(file, outputs, signers=signers)
        assert not outputs.exists()

    return refused


@pytest.mark.parametrize("name", REQUIRED)
def test_one_changed_byte_of_any_member_is_refused(name, bundle, signers, untouched):
    content = bundle.read_bytes()
    member = read_bundle(bundle, signers).members[name]
    place = content.index(b"\n%b %d\n" % (name.encode(), len(member))) if name != "run.json" else HEAD_BYTES
    for changed in (place + 3, place + len(member) // 2, place + len(member)):
        tampered = content[:changed] + bytes([content[changed] ^ 1]) + content[changed + 1 :]
        untouched(tampered, "is not what the key .* signed: it was changed or is not complete")


@pytest.mark.parametrize("kept", [HEAD_BYTES, HEAD_BYTES + 1, 5_000, -1])
def test_a_truncated_bundle_is_refused(kept, bundle, untouched):
    untouched(bundle.read_bytes()[:kept], "was changed or is not complete; get it again")


@pytest.mark.parametrize("kept", [1, len(MAGIC), HEAD_BYTES - 1])
def test_a_bundle_cut_off_in_its_signature_is_refused(kept, bundle, untouched):
    untouched(bundle.read_bytes()[:kept], "it has no signature, or is cut off")


def test_an_unsigned_bundle_is_refused(bundle, untouched):
    content = bundle.read_bytes()[HEAD_BYTES:]
    untouched(content, r"it must begin with 'planrec.bundle/1\\n'")
    untouched(MAGIC + content, "it has no signature, or is cut off")
    untouched(b"", "is not a signed bundle")


def test_appended_bytes_are_refused(bundle, untouched):
    untouched(bundle.read_bytes() + b"\n", "was changed or is not complete")


def test_a_changed_signature_is_refused(bundle, public_key, untouched):
    content = bundle.read_bytes()[HEAD_BYTES:]
    untouched(Signature(public_key, "0" * 128).head + content, "was changed or is not complete")


def test_another_key_is_refused_even_if_it_claims_a_trusted_one(bundle, public_key, untouched, tmp_path):
    create_key(tmp_path / "attacker.key")
    content = bundle.read_bytes()[HEAD_BYTES:]
    signature = sign(content, tmp_path / "attacker.key")
    untouched(signature.head + content, "which PLANREC_ACCESS__BUNDLE_KEYS does not name")
    untouched(Signature(public_key, signature.value).head + content, "was changed or is not complete")


def test_a_bundle_above_the_limit_is_refused(bundle, untouched, monkeypatch):
    monkeypatch.setattr(bundle_file, "MAX_BYTES", 5_000)
    untouched(bundle.read_bytes(), "larger than a bundle may be, 5,000 bytes")


SMALLEST = dict.fromkeys(REQUIRED, b"{}")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (join_members(SMALLEST)[:-1], "must have 2 bytes and a line end"),
        (join_members(SMALLEST).replace(b"config.json", b"other.json"), "got other.json at byte"),
        (join_members(SMALLEST).replace(b"run.json", b"../run.json"), "got no member at byte 0"),
        (join_members(SMALLEST).replace(b"run.json", b"/run.json"), "got no member at byte 0"),
        (join_members(SMALLEST).replace(b"run.json 2", b"run.json 02"), "got no member at byte 0"),
        (join_members(SMALLEST).replace(b"run.json 2", b"run.json 9999999999"), "must have 9,999,999,999"),
        (join_members(SMALLEST) + b"run.json 2\n{}\n", "each once; got run.json"),
        (join_members(SMALLEST | {"run.json": b""}), None),
        (join_members(dict.fromkeys(REQUIRED[1:], b"")), "it lacks run.json"),
        (b"", "it lacks run.json"),
    ],
)
def test_members_are_known_complete_and_in_order(content, match):
    if match is None:
        assert split_members(content)["run.json"] == b""
        return
    with pytest.raises(RunError, match=match):
        split_members(content)


def test_split_is_the_inverse_of_join():
    members = {name: os.urandom(number) for number, name in enumerate(NAMES)}
    assert split_members(join_members(members)) == members


@pytest.mark.parametrize(
    "run_id",
    [
        "run",
        "../run",
        "a/..",
        "/tmp/run",
        "a/b/c",
        "a//b",
        ".ssh/keys",
        "a/b\n",
        "c:/b",
        "a\\b/c",
        "a/" + "b" * 101,
    ],
)
def test_a_run_id_cannot_lead_out_of_the_folder_of_runs(run_id):
    with pytest.raises(RunError, match="run_id must be two names"):
        home_of(run_id)


def test_a_private_key_is_readable_by_its_owner_only_and_never_printed(tmp_path, capsys):
    file = tmp_path / "operator.key"
    assert main(["bundle", "--new-key", str(file)]) == 0
    printed = capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = "".join(file.read_text().splitlines()[1:-1])
    assert secret not in printed.replace("\n", "")
    assert sign(b"", file).public_key in printed
    assert main(["bundle", "--new-key", str(file)]) == 2
    assert "a private key is never replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", [b"", b"0" * 64, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused_without_its_content(text, tmp_path):
    file = tmp_path / "operator.key"
    file.touch(0o600)
    file.write_bytes(text)
    with pytest.raises(ConfigError, match="must hold a private key in PEM"):
        sign(b"", file)


def test_a_key_that_others_can_read_is_refused(history_run, key_file, tmp_path, capsys):
    file = tmp_path / "operator.key"
    file.write_bytes(key_file.read_bytes())
    file.chmod(0o640)
    command = ["bundle", str(history_run), str(tmp_path / "run.bundle"), "--key", str(file)]
    assert main(command) == 2
    assert f"its mode is 0640: type chmod 600 {file}" in capsys.readouterr().err
    file.unlink()
    assert main(command) == 2
    assert f"make one with planrec bundle --new-key {file}" in capsys.readouterr().err
    assert not (tmp_path / "run.bundle").exists()


@pytest.mark.parametrize(
    "words",
    [[], ["latest"], ["latest", "a.bundle"], ["latest", "a.txt", "--key", "k"], ["latest", "--new-key", "k"]],
)
def test_an_incomplete_command_line_exits_with_2(words, capsys):
    assert main(["bundle", *words]) == 2
    capsys.readouterr()


def test_a_changed_run_is_not_bundled(history_run, key_file, tmp_path):
    folder = copied(history_run, tmp_path / "run")
    (folder / "model.skops").write_bytes(b"")
    with pytest.raises(RunError, match=r"model\.skops is not the file that this run saved"):
        make_bundle(folder, tmp_path / "run.bundle", key_file)
    assert not (tmp_path / "run.bundle").exists()


def copied(folder, target):
    target.mkdir(parents=True)
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_pinned_bundle_is_a_run_of_its_folder_and_keeps_its_files(bundle, signers, key_file, tmp_path):
    members = read_bundle(bundle, signers).members | {"model_card.md": b"# A card of another version\n"}
    content, file = join_members(members), tmp_path / "run.bundle"
    file.write_bytes(sign(content, key_file).head + content)
    assert pin_bundle(file, tmp_path, signers=signers).run == RUN
    assert set(files_in(tmp_path / RUN)) == {*REQUIRED, "profile.json", SIGNATURE_FILE}
    before = files_in(tmp_path / RUN)
    assert load_pinned(tmp_path, signers).run_id == RUN
    pin_bundle(file, tmp_path, signers=signers)
    pin_run(tmp_path / RUN, tmp_path, signers=signers)
    assert files_in(tmp_path / RUN) == before


UNPACKING = """
import sys, time
from pathlib import Path
from planrec.serving.bundle.unpacking import unpacking_folder
with unpacking_folder(Path(sys.argv[1])) as folder:
    (folder / "run.json").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_the_folder_of_a_killed_pin_is_removed_by_the_next(bundle, signers, tmp_path):
    command = [sys.executable, "-c", UNPACKING, str(tmp_path)]
    killed, living = (subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2))
    try:
        left, used = (Path(process.stdout.readline().strip()) for process in (killed, living))
        killed.kill()
        killed.wait()
        assert (left / "run.json").is_file()
        pin_bundle(bundle, tmp_path, signers=signers)
        assert list((tmp_path / ".partial").iterdir()) == [used]
        living.terminate()
        living.wait()
        pin_bundle(bundle, tmp_path, signers=signers)
        assert not (tmp_path / ".partial").exists()
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


def test_a_pin_names_the_packages_that_differ_from_the_bundle(bundle, signers, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLANREC_ACCESS__BUNDLE_KEYS", signers.keys[0])
    command = ["pin", str(bundle), "--outputs", str(tmp_path)]
    assert main(command) == 0
    assert "other versions" not in capsys.readouterr().out

    def installed(name):
        if name == "rich":
            raise PackageNotFoundError(name)
        return "0.1" if name == "joblib" else version(name)

    monkeypatch.setattr("planrec.serving.bundle.locked_versions.version", installed)
    assert main(command) == 0
    note = (
        f"joblib 0.1 (in the bundle {version('joblib')}), rich is missing (in the bundle {version('rich')})"
    )
    assert f"note: other versions than in the bundle: {note}; the golden" in capsys.readouterr().out


def test_a_dry_run_checks_the_bundle_and_writes_nothing(bundle, public_key, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLANREC_ACCESS__BUNDLE_KEYS", public_key)
    outputs = tmp_path / "outputs"
    assert main(["pin", str(bundle), "--dry-run", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out == f"{RUN} can be pinned; nothing was written\n"
    assert not outputs.exists()


def test_a_bundle_without_a_trusted_key_is_refused(bundle, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PLANREC_ACCESS__BUNDLE_KEYS", raising=False)
    assert main(["pin", str(bundle), "--outputs", str(tmp_path)]) == 1
    assert "PLANREC_ACCESS__BUNDLE_KEYS does not name (it names: none)" in capsys.readouterr().err
    assert files_in(tmp_path) == {}


def test_a_bundle_of_the_own_run_signs_its_folder(history_run, bundle, signers, tmp_path):
    copied(history_run, tmp_path / RUN)
    pin_run(tmp_path / RUN, tmp_path)
    with pytest.raises(RunError, match="is not from a signed bundle"):
        load_pinned(tmp_path, signers)
    pin_bundle(bundle, tmp_path, signers=signers)
    assert load_pinned(tmp_path, signers).run_id == RUN


def test_a_bundle_that_is_not_pinned_leaves_no_run(bundle, signers, tmp_path, monkeypatch):
    def refuse(file, content):
        raise OSError("the disk is full")

    monkeypatch.setattr("planrec.serving.pin_writing.write_atomically", refuse)
    with pytest.raises(RunError, match=r"pinned\.json cannot be written: the disk is full"):
        pin_bundle(bundle, tmp_path, signers=signers)
    assert set(files_in(tmp_path)) == {".pin.lock"}
    monkeypatch.undo()
    pin_bundle(bundle, tmp_path, signers=signers)
    before = files_in(tmp_path)
    monkeypatch.setattr("planrec.serving.pin_writing.write_atomically", refuse)
    with pytest.raises(RunError, match="the disk is full"):
        pin_bundle(bundle, tmp_path, signers=signers)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("is_denied", [True, False])
def test_a_bundle_refused_at_the_last_moment_leaves_no_run(
    is_denied, row_run, bundle, signers, tmp_path, monkeypatch
):
    folder = copied(row_run, tmp_path / "2030-01-31" / "other")
    denied = as_pinned(pin_bundle(bundle, tmp_path / "elsewhere", signers=signers))
    pin = pin_run(folder, tmp_path)

    @contextmanager
    def changed_before(outputs):
        if is_denied:
            deny(denied, outputs, "harm of 9 %")
        with pin_lock(outputs):
            if not is_denied:
                changed = pin.model_copy(update={"reason": "changed"})
                (outputs / "pinned.json").write_text(changed.model_dump_json(by_alias=True))
            yield

    monkeypatch.setattr("planrec.serving.pin_writing.pin_lock", changed_before)
    with pytest.raises(RunError, match="is denied" if is_denied else "was changed by another process"):
        pin_bundle(bundle, tmp_path, signers=signers)
    assert not (tmp_path / RUN).exists()
    assert load_pinned(tmp_path).folder == folder


def test_bundles_need_no_module_of_unix():
    code = "import sys; sys.modules['fcntl'] = None; import planrec.serving.bundle.unpacking"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_lock_holds_the_packages_that_plugins_need(history_run):
    manifest = load_run(history_run).manifest
    plugin = PluginUse("pytest", "0.1", "pytest", "a" * 64)
    locked = versions_of(manifest.model_copy(update={"plugins": (plugin,)})).splitlines()
    assert {"pytest==0.1", f"pluggy=={version('pluggy')}"} <= set(locked)


def test_the_folder_of_another_run_is_not_overwritten(row_run, bundle, signers, tmp_path):
    copied(row_run, tmp_path / RUN)
    before = files_in(tmp_path)
    with pytest.raises(RunError, match="belongs to another run"):
        pin_bundle(bundle, tmp_path, signers=signers)
    assert files_in(tmp_path) == before


def test_a_run_that_cannot_be_served_here_is_not_unpacked(bundle, signers, key_file, public_key, tmp_path):
    members = read_bundle(bundle, signers).members
    run = json.loads(members["run.json"])
    run["versions"]["scikit-learn"] = "1.0.2"
    content = join_members(members | {"run.json": json.dumps(run).encode()})
    file = tmp_path / "old.bundle"
    file.write_bytes(sign(content, key_file).head + content)
    with pytest.raises(
        RunError, match=r"old\.bundle was made by versions that are not compatible"
    ) as refused:
        pin_bundle(file, tmp_path / "outputs", signers=signers)
    assert ".partial" not in str(refused.value)
    assert files_in(tmp_path / "outputs") == {}


@pytest.mark.parametrize("name", [*REQUIRED, SIGNATURE_FILE])
def test_signed_only_refuses_a_changed_folder(name, bundle, signers, tmp_path):
    pin_bundle(bundle, tmp_path, signers=signers)
    file = tmp_path / RUN / name
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(RunError, match=r"was changed|is not from a signed bundle"):
        load_pinned(tmp_path, signers)


def test_signed_only_refuses_other_runs_for_pin_rollback_and_server(
    row_run, bundle, public_key, signers, tmp_path, monkeypatch, capsys
):
    outputs = tmp_path / "outputs"
    folder = copied(row_run, outputs / "2030-01-31" / "other")
    pin_run(folder, outputs)
    pin_bundle(bundle, outputs, signers=signers)
    with pytest.raises(RunError, match="PLANREC_ACCESS__SIGNED_ONLY is true"):
        rollback(outputs, signers=signers)
    monkeypatch.setenv("PLANREC_ACCESS__BUNDLE_KEYS", public_key)
    monkeypatch.setenv("PLANREC_ACCESS__SIGNED_ONLY", "true")
    assert main(["pin", str(folder), "--outputs", str(outputs)]) == 1
    assert f"{folder} is not from a signed bundle" in capsys.readouterr().err
    served, problem = PinFollower(outputs, tmp_path, Limits(), signers).load_first()
    assert (served.saved.run_id, problem) == (RUN, None)
    (tmp_path / "good_pin.json").unlink()
    rollback(outputs)
    with pytest.raises(RunError, match="is not from a signed bundle"):
        PinFollower(outputs, tmp_path, Limits(), signers).load_first()


def test_signed_only_refuses_other_runs_for_score(
    row_run, bundle, public_key, signers, tmp_path, monkeypatch, capsys
):
    outputs, months, advice = tmp_path / "outputs", tmp_path / "none.csv", tmp_path / "advice.csv"
    other = copied(row_run, outputs / "2030-01-31" / "other")
    signed = outputs / pin_bundle(bundle, outputs, signers=signers).run
    monkeypatch.setenv("PLANREC_ACCESS__BUNDLE_KEYS", public_key)
    monkeypatch.setenv("PLANREC_ACCESS__SIGNED_ONLY", "true")

    def message(folder):
        command = ["score", str(months), str(advice), "--run", str(folder), "--outputs", str(outputs)]
        assert main(command) == 1
        return capsys.readouterr().err

    assert f"{other} is not from a signed bundle" in message(other)
    assert "none.csv" in message(signed), "the signed run was read"
    (signed / "model_card.md").write_text("another card")
    assert "is not what the key" in message(signed)


def test_a_pin_that_was_written_by_hand_is_served_only_if_its_run_is_signed(
    row_run, bundle, signers, tmp_path
):
    outputs = tmp_path / "outputs"
    other = copied(row_run, outputs / "2030-01-31" / "other")
    pin_bundle(bundle, outputs, signers=signers)
    assert load_pinned(outputs, signers).run_id == RUN
    forged = json.loads((outputs / "pinned.json").read_text())
    forged |= {"run": "2030-01-31/other", "run_json_sha256": sha256_of_file(other / "run.json")}
    (outputs / "pinned.json").write_text(json.dumps(forged))
    assert load_pinned(outputs).folder == other, "nothing but the signature is missing"
    with pytest.raises(RunError, match="is not from a signed bundle"):
        load_pinned(outputs, signers)
    (other / SIGNATURE_FILE).write_bytes((outputs / RUN / SIGNATURE_FILE).read_bytes())
    with pytest.raises(RunError, match="is not what the key"):
        load_pinned(outputs, signers)


def test_signed_only_needs_a_key_and_keys_are_hexadecimal():
    with pytest.raises(ConfigError, match="needs a public key in PLANREC_ACCESS__BUNDLE_KEYS"):
        read_settings({"PLANREC_ACCESS__SIGNED_ONLY": "true"})
    with pytest.raises(ConfigError, match="PLANREC_ACCESS__BUNDLE_KEYS"):
        read_access({"PLANREC_ACCESS__BUNDLE_KEYS": "operator.pub"})
    keys = {"PLANREC_ACCESS__BUNDLE_KEYS": f"{'a' * 64}, {'b' * 64}", "PLANREC_ACCESS__SIGNED_ONLY": "true"}
    assert read_access(keys | {"PLANREC_SERVER__PORT": "none"}).signers == Signers(
        ("a" * 64, "b" * 64), are_required=True
    )
