"""The evidence of operation: complete lines, whatever happened to the last one."""

import os

import pytest

from planrec.errors import RunError
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
