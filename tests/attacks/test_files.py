"""Hostile files: runs from elsewhere, pins, YAML, tables; and files that a spreadsheet will open."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from time import monotonic, time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.table import Table

from planrec.catalogue import Catalogue
from planrec.catalogue.yaml_file import read_model
from planrec.cli import main
from planrec.data.reading.open_input import open_input
from planrec.errors import CatalogueError, DataError, RunError
from planrec.files.atomic_write import LEFTOVER_SECONDS, write_atomically
from planrec.files.hashing import sha256_of
from planrec.files.strict_yaml import read_yaml
from planrec.reports.markdown import escape_markdown
from planrec.runs.read import load_run
from planrec.runs.write import begin_run
from planrec.serving.pin import load_pinned, read_pin
from planrec.serving.pin_run import pin_run
from planrec.serving.scoring.output import output_file
from planrec.terminal import console_of_tables
from tests.trained_runs import edit_run


@pytest.fixture
def copied(history_run, tmp_path):
    return shutil.copytree(history_run, tmp_path / "outputs" / "run")


def test_a_run_that_is_exchanged_while_it_is_read_is_never_mixed(history_run, row_run, tmp_path):
    known = {load_run(run).sha256: load_run(run).recommender.plans for run in (history_run, row_run)}
    link, stop = tmp_path / "run", Event()
    link.symlink_to(history_run)

    def exchange() -> None:
        while not stop.is_set():
            for run in (row_run, history_run):
                (tmp_path / "new").symlink_to(run)
                os.replace(tmp_path / "new", link)

    exchanger = Thread(target=exchange)
    exchanger.start()
    try:
        for _ in range(30):
            with suppress(RunError):  # parts of both runs: refused
                saved = load_run(link)
                assert saved.recommender.plans == known[saved.sha256]
    finally:
        stop.set()
        exchanger.join()


def test_each_file_of_a_run_is_read_once(copied, monkeypatch):
    read: list[str] = []
    original = Path.read_bytes

    def counting(self: Path) -> bytes:
        read.append(self.name)
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", counting)
    saved = load_run(copied)
    of_run = [name for name in read if name in {"run.json", *saved.manifest.files}]
    assert sorted(of_run) == sorted({"run.json", *saved.manifest.files})


@pytest.mark.parametrize("key", ["schema", "schema_"])
@pytest.mark.parametrize("is_stored", [True, False])
def test_the_catalogue_path_of_a_run_from_elsewhere_is_not_followed(copied, tmp_path, is_stored, key):
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n")
    named = {key: "file", "path": str(secret)}

    def change(manifest):
        manifest["catalogue"] = named if is_stored else None
        manifest["config"]["catalogue"] = named

    with pytest.raises(RunError) as caught:
        load_run(edit_run(copied, change))
    assert "must hold its catalogue, got the path of one" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run_id", "<script>alert(1)</script>"),
        ("run_id", "red\x1b[31m"),
        ("run_id", "two\nlines"),
        ("run_id", "x" * 201),
        ("run_id", ""),
        ("horizon", 10**30),
        ("horizon", -1),
        ("finished", "2030-01-31T12:00:00"),
        ("finished", "soon"),
        ("plans", ["a\x1b[31m", "b"]),
        ("address", "../.."),
        ("versions", {"planrec": "0\n1"}),
        ("command", "planrec train\n\n<script>"),
        ("command", "planrec train \x1b[31m"),
        ("git_commit", "<script>alert(1)</script>"),
        ("git_commit", "abc\n"),
        ("config", {}),
    ],
)
def test_a_run_json_with_names_that_cannot_be_shown_is_refused(copied, key, value):
    with pytest.raises(RunError, match=rf"(?s)does not describe a run.*{key}") as caught:
        load_run(edit_run(copied, lambda manifest: manifest.update({key: value})))
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("kind", ["a\x1b[31m", None, 1])
def test_a_run_whose_target_cannot_be_shown_is_listed_as_a_problem(copied, capsys, kind):
    edit_run(copied, lambda manifest: manifest["config"]["target"].update(kind=kind))
    assert main(["pin", "--list", "--outputs", str(copied.parent)]) == 0
    said = capsys.readouterr().out
    assert "cannot be pinned" in said
    assert "does not describe a run" in said
    assert "\x1b" not in said
    with pytest.raises(RunError, match=r"target\.kind"):
        load_run(copied)


@pytest.mark.parametrize("card", ["model", "data"])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda config: config["target"].update(kind="credit_score"), "config.target"),
        (lambda config: config.pop("owner"), "config.owner"),
        (lambda config: config.update(waivers=[]), "config.waivers"),
        (lambda config: config["data"].pop("drop_columns"), "drop_columns"),
    ],
    ids=["target", "owner", "waivers", "columns"],
)
def test_a_card_of_a_run_with_another_configuration_is_an_error_by_name(copied, capsys, card, change, named):
    edit_run(copied, lambda manifest: change(manifest["config"]))
    assert main(["card", card, str(copied), "--outputs", str(copied.parent)]) == 1
    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said


@pytest.mark.parametrize("key", ["pinned_at", "pinned_by", "reason"])
def test_a_pin_never_controls_the_terminal(copied, capsys, key):
    pin_run(copied, copied.parent)
    pin = json.loads((copied.parent / "pinned.json").read_text())
    (copied.parent / "pinned.json").write_text(json.dumps(pin | {key: "soon\x1b[2J"}))
    assert main(["pin", "--list", "--outputs", str(copied.parent)]) == 0
    said = capsys.readouterr().out
    assert "is not a pin" in said
    assert "\x1b" not in said
    with pytest.raises(RunError, match=f"{key}.* must have printable characters only"):
        read_pin(copied.parent)


def test_a_command_of_several_lines_is_refused_before_training(tmp_path):
    with pytest.raises(RunError, match=r"the command .* must have printable characters only"):
        begin_run(tmp_path / "run", None, "planrec train\nowner=a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_name_cannot_be_an_id_is_refused_before_training(tmp_path):
    with pytest.raises(RunError, match="must not have the characters < >"):
        begin_run(tmp_path / "<b>", None, "planrec train")
    assert list(tmp_path.iterdir()) == []


def test_a_pin_never_leads_outside_its_folder(copied, tmp_path, capsys):
    outputs, elsewhere = copied.parent, tmp_path / "elsewhere"
    with pytest.raises(RunError, match="must be below"):
        pin_run(shutil.copytree(copied, elsewhere), outputs)
    pin_run(copied, outputs)
    pin = json.loads((outputs / "pinned.json").read_text())
    (outputs / "link").symlink_to(elsewhere)
    for name in (str(elsewhere), "../elsewhere", "link"):
        (outputs / "pinned.json").write_text(json.dumps(pin | {"run": name}))
        with pytest.raises(RunError, match="is outside"):
            load_pinned(outputs)
    assert main(["score", "a.csv", str(tmp_path / "b.csv"), "--outputs", str(outputs)]) == 1
    assert "is outside" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 1_000, "a\x00b", "a\x1bb", "/".join(["x" * 300] * 3)])
def test_a_pin_with_a_name_that_no_file_can_have_is_refused(copied, name):
    pin_run(copied, copied.parent)
    pin = json.loads((copied.parent / "pinned.json").read_text())
    (copied.parent / "pinned.json").write_text(json.dumps(pin | {"run": name}))
    with pytest.raises(RunError) as caught:
        load_pinned(copied.parent)
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize(
    "words",
    [
        ["pin", "x" * 5_000],
        ["score", "x" * 5_000, "y.csv"],
        ["score", "x.csv", "y" * 5_000 + ".csv"],
        ["leaderboard", "x" * 5_000],
        ["compare", "x" * 5_000, "y"],
        ["new-plans", "latest", "x" * 5_000],
        ["train", "catalogue=file", "catalogue.path=" + "x" * 5_000],
        ["train", "data=table", "data.path=" + "x" * 5_000],
        ["train", "seed=" + "9" * 10_000],
        ["train", "hydra.run.dir=" + "x" * 5_000],
    ],
    ids=lambda words: " ".join(word[:20] for word in words),
)
def test_a_name_that_is_too_long_causes_no_traceback(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) in (1, 2)
    said = capsys.readouterr().err
    assert "error" in said
    assert len(said) < 8_000


def yaml_error(tmp_path, text):
    """Return the message for a YAML file."""
    (tmp_path / "plans.yaml").write_text(text)
    with pytest.raises(CatalogueError) as caught:
        read_yaml(tmp_path / "plans.yaml", "plans.yaml", CatalogueError)
    return str(caught.value)


@pytest.mark.parametrize(
    "number", ["9" * 100_000, "0x" + "f" * 100_000, "59:" * 40_000 + "59", "1." + "0" * 500]
)
def test_endless_numbers_in_yaml_are_refused_with_their_line(tmp_path, number):
    said = yaml_error(tmp_path, f"schema: a\nfee: {number}\n")
    assert said.startswith(
        "plans.yaml, line 2, column 6: not YAML: a number must have at most 100 characters"
    )
    assert len(said) < 200


def test_a_date_in_yaml_that_does_not_exist_is_refused_with_its_line(tmp_path):
    assert "line 1, column 8: not YAML: day" in yaml_error(tmp_path, "start: 2030-02-31\n")


def test_many_unknown_keys_in_a_catalogue_are_counted_in_little_time(tmp_path):
    file = tmp_path / "plans.yaml"
    file.write_text(
        "schema: planrec.catalogue/1\n" + "".join(f"key{number}: 1\n" for number in range(10_000))
    )
    started = monotonic()
    with pytest.raises(CatalogueError) as caught:
        read_model(file, Catalogue)
    assert monotonic() - started < 20
    assert re.fullmatch(r"\.\.\. and 9,8\d\d more", caught.value.problems[-1])


def test_a_header_of_many_kilobytes_is_read_whole(tmp_path):
    names = [f"column_{number:05}_{'x' * 30}" for number in range(3_000)]
    file = tmp_path / "wide.csv"
    file.write_text(",".join([*names, "subscriber"]) + "\n" + ",".join(["1"] * 3_000 + ["ana"]) + "\n")
    opened = open_input(file)
    table = opened.whole()
    assert table.columns["subscriber"].to_pylist() == ["ana"]
    assert opened.places([0]) == {0: "line 2"}
    assert len(table.rows) == 1


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_small_parquet_file_cannot_fill_the_memory(tmp_path, kind):
    bomb, wide = pa.table({"plan": pa.array(["x" * 1_000_000] * 500, kind)}), "y" * 60_000
    pq.write_table(bomb, tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 10_000
    with pytest.raises(
        DataError, match="a text cell must have at most 65,536 bytes, column 'plan' has one of 1,000,000"
    ):
        open_input(tmp_path / "bomb.parquet").whole()
    pq.write_table(pa.table({"plan": pa.array([wide] * 20_000, kind)}), tmp_path / "long.parquet")
    with pytest.raises(DataError, match="texts of column 'plan' must have at most"):
        open_input(tmp_path / "long.parquet").whole()


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (["x" * 1_000_000] * 20, pa.list_(pa.string())),
        ({"a": "x" * 1_000_000}, pa.struct([("a", pa.string())])),
        ([("a", "x" * 1_000_000)], pa.map_(pa.string(), pa.string())),
    ],
    ids=["list", "struct", "map"],
)
def test_nested_columns_of_parquet_are_not_read(tmp_path, cell, kind):
    table = pa.table({"plan": ["a", "b"] * 10, "nested": pa.array([cell] * 20, kind)})
    pq.write_table(table, tmp_path / "nested.parquet", compression="zstd")
    before = pa.total_allocated_bytes()
    whole = open_input(tmp_path / "nested.parquet").whole()
    assert whole.columns["nested"].type == kind
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert whole.text("plan").tolist() == ["a", "b"] * 10
    (part,) = open_input(tmp_path / "nested.parquet").parts(["nested"], lambda share: None)
    assert part.num_rows == 20


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.int8(), 60_000),
        pa.struct([("a", pa.list_(pa.int8(), 70_000))]),
        pa.list_(pa.int8(), 70_000),
    ],
    ids=["list", "struct", "long list"],
)
def test_nested_columns_of_a_fixed_size_take_no_memory(tmp_path, kind):
    table = pa.table({"plan": ["a", "b"] * 1_000, "nested": pa.nulls(2_000, kind)})
    pq.write_table(table, tmp_path / "nested.parquet", compression="zstd")
    del table
    pa.default_memory_pool().release_unused()
    before = pa.total_allocated_bytes()
    whole = open_input(tmp_path / "nested.parquet").whole()
    assert pa.total_allocated_bytes() - before < 1_000_000
    assert whole.text("plan").tolist() == ["a", "b"] * 1_000


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_texts_of_parquet_stay_the_same(tmp_path, kind):
    texts = ["mini", None, "", "ñandú"] * 1_000 + [str(number) for number in range(100_000)]
    table = pa.table(
        {"a.b": pa.array(texts, kind), "n": range(len(texts)), "c": pa.array(texts).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "texts.parquet")
    found = pa.concat_tables(
        open_input(tmp_path / "texts.parquet").parts(["a.b", "n", "c"], lambda share: None)
    )
    assert [found[name].to_pylist() for name in ("a.b", "n", "c")] == [texts, list(range(len(texts))), texts]


def test_results_have_no_cells_that_a_spreadsheet_executes(tmp_path):
    texts = ["=1+1", "+cmd", "-2-3", "@SUM(1)", "\t=1", "\r=1", "-5", "+34600123456", "plain", None, "a=b"]
    schema = pa.schema([("subscriber_ref", pa.string()), ("saving", pa.decimal128(18, 2))])
    table = pa.table({"subscriber_ref": texts, "saving": [Decimal("-1.50")] * len(texts)}, schema)
    for name in ("advice.csv", "advice.parquet"):
        with output_file(tmp_path / name, schema) as writer:
            writer.write_table(table)
    with (tmp_path / "advice.csv").open(newline="") as file:
        cells = [row["subscriber_ref"] for row in csv.DictReader(file)]
    assert cells == ["'=1+1", "'+cmd", "'-2-3", "'@SUM(1)", "'\t=1", "'\r=1", *texts[6:9], "", "a=b"]
    assert pq.read_table(tmp_path / "advice.parquet")["subscriber_ref"].to_pylist() == texts


def test_plans_with_control_characters_are_refused_before_training(tmp_path, capsys):
    (tmp_path / "table.csv").write_text("spend,plan\n" + "1,big\n2,ev\x1b[31mil\n" * 30)
    options = ["target=held", "data=table", f"data.path={tmp_path / 'table.csv'}", "data.plan_column=plan"]
    assert main(["train", *options, "--outputs", str(tmp_path / "outputs")]) == 1
    said = capsys.readouterr().err
    assert "must have printable characters only, got 'ev\\x1b[31mil'" in said
    assert "\x1b" not in said


def test_names_in_tables_do_not_control_the_terminal(capsys):
    table = Table("group\x1b[2J", box=None)
    table.add_row("north\x1b[31m", "[red]x[/red]")
    console = console_of_tables(markup=False)
    console.print(table)
    console.print("35,00\u00a0US$ \x9b5A")
    shown = capsys.readouterr().out
    assert [control for control in ("\x1b", "\x9b") if control in shown] == []
    assert ("north\\x1b[31m" in shown, "35,00\u00a0US$ \\x9b5A" in shown) == (True, True)
    assert escape_markdown("north\x1b[31m") == "north\\\\x1b\\[31m"


def test_errors_do_not_repeat_long_names_and_cells(tmp_path, capsys):
    name = "column_" + "x" * 65_536
    (tmp_path / "table.csv").write_text(f"{name},plan\n{'9' * 10_000},a\n1,b\n")
    options = ["target=held", "data=table", f"data.path={tmp_path / 'table.csv'}", "data.plan_column=shoe"]
    assert main(["train", *options, "--outputs", str(tmp_path / "outputs")]) in (1, 2)
    said = capsys.readouterr().err
    assert "characters)" in said
    assert len(said) < 4_000


def test_parts_of_killed_writers_are_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, young, running = (
        tmp_path / f".a.csv.{pid}" for pid in (ended.pid, 4_194_304 + ended.pid, os.getppid())
    )
    for part in (left, young, running, tmp_path / ".b.csv.1"):
        part.write_text("part")
    old = time() - LEFTOVER_SECONDS - 10
    for part in (left, running):
        os.utime(part, (old, old))
    write_atomically(tmp_path / "a.csv", b"whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [young.name, running.name, ".b.csv.1", "a.csv"]
    )


def test_the_pin_is_read_as_it_was_written(copied):
    assert pin_run(copied, copied.parent) == read_pin(copied.parent)


def test_a_model_file_that_unpacks_to_far_more_is_not_unpacked(copied, monkeypatch):
    model = copied / "model.skops"
    with zipfile.ZipFile(model, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(100 << 20))
    assert model.stat().st_size < 1 << 20
    sha256 = sha256_of(model.read_bytes())
    edit_run(copied, lambda run: run["files"].update({"model.skops": sha256}))
    monkeypatch.setattr("skops.io.loads", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(
        RunError, match=r"model.skops cannot be read .* must unpack to at most [0-9,]+ bytes, got 1"
    ):
        load_run(copied)
