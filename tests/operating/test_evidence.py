"""The evidence of operation: complete lines, whatever happened to the last one."""

import io
import os

import pytest

from planrec.errors import RunError
from planrec.files.shared_file import held_alone
from planrec.operating.evidence import FILE_NAME, append_evidence, read_evidence


def test_each_act_is_one_line_in_order(tmp_path):
    for number in range(3):
        append_evidence(tmp_path / "runs", "watch", {"number": number, "why": "línea\nnueva"})
    assert (tmp_path / "runs" / FILE_NAME).read_bytes().count(b"\n") == 3
    assert [line["number"] for line in read_evidence(tmp_path / "runs")] == [0, 1, 2]


def test_a_line_of_a_killed_writer_hides_no_other(tmp_path):
    append_evidence(tmp_path, "watch", {"number": 0})
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'{"kind": "wat')
    assert [line["number"] for line in read_evidence(tmp_path)] == [0]
    append_evidence(tmp_path, "watch", {"number": 1})
    assert [line["number"] for line in read_evidence(tmp_path)] == [0, 1]


def test_a_line_is_on_the_disk_before_the_call_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    append_evidence(tmp_path, "watch", {})
    assert synced == [(tmp_path / FILE_NAME).stat().st_size]


def test_a_folder_without_evidence_has_none(tmp_path):
    assert read_evidence(tmp_path) == []


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(RunError, match=r"operations\.jsonl cannot be written"):
        append_evidence(tmp_path, "watch", {})


def test_a_line_that_was_written_in_part_is_reported(tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, line):
            return super().write(line[:5])

    monkeypatch.setattr("pathlib.Path.open", lambda file, mode, **_: Full(file, mode.replace("b", "")))
    with pytest.raises(RunError, match=r"5 of \d+ bytes of a line were written"):
        append_evidence(tmp_path, "watch", {})


@pytest.mark.parametrize(("folder", "mode"), [(0o755, 0o600), (0o2770, 0o660), (0o777, 0o666)])
def test_all_who_may_replace_the_pin_may_write_evidence_and_take_its_locks(tmp_path, folder, mode):
    tmp_path.chmod(folder)
    before = os.umask(0o077)
    try:
        append_evidence(tmp_path, "watch", {})
        with held_alone(tmp_path / ".retrain.lock", "retrain"):
            pass
    finally:
        os.umask(before)
    for name in (FILE_NAME, ".retrain.lock"):
        found = (tmp_path / name).stat()
        assert (found.st_mode & 0o777, found.st_gid) == (mode, tmp_path.stat().st_gid)
