"""Pins with reasons, the archive of an audit, and the actions of `planrec decisions`, as they are typed."""

import json
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from planrec.cli import main
from planrec.serving.decision_log import Days, Keys, decisions_of
from planrec.serving.decision_log.chain import GENESIS, chained, digest
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.removal import delete_subscriber
from planrec.serving.decision_log.store import Store
from planrec.serving.decision_log.verification import decisions_in, events_in
from tests.serving.decision_log.decisions import KEY, change, decision, log_rows, rows_of, url_of


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """Return a folder of runs with a key and a log of four answers."""
    monkeypatch.delenv("PLANREC_DECISION_LOG__URL", raising=False)
    (tmp_path / "decisions.key").write_bytes(KEY)
    names = ("ana", "ben", "ana", "eva")
    log_rows(
        url_of(tmp_path / "decisions.sqlite"), *(decision(n, subscriber=name) for n, name in enumerate(names))
    )
    return tmp_path


def typed(outputs, *words, code=0):
    assert main([*map(str, words), "--outputs", str(outputs)]) == code


def test_the_actions_of_decisions(outputs, capsys):
    typed(outputs, "decisions", "verify")
    assert "4 answers and 0 events in the chain" in capsys.readouterr().out
    typed(outputs, "decisions", "count", "--json")
    counts = json.loads(capsys.readouterr().out)
    assert [(row["arm"], row["answers"], row["subscribers"]) for row in counts["rows"]] == [("stay", 4, 3)]
    typed(outputs, "decisions", "count", "--to", "2020-01-01")
    assert "stay" not in capsys.readouterr().out
    typed(outputs, "decisions", "export", "--subscriber", "ana", "--out", outputs / "ana.json")
    exported = json.loads((outputs / "ana.json").read_text("utf-8"))
    assert [row["recommendation_id"] for row in exported["answers"]] == ["0", "2"]
    assert exported["answers"][0]["answer"] == {"sentence": "Quédese"}
    assert (outputs / "ana.json").stat().st_mode & 0o777 == 0o600
    typed(outputs, "decisions", "delete", "--subscriber", "ana")
    typed(outputs, "decisions", "export", "--subscriber", "ana", "--out", outputs / "again.json", code=1)
    assert not (outputs / "again.json").exists()
    typed(outputs, "decisions", "prune", "--older-than", "0h")
    assert "removed 2 rows\nremoved 2 rows" in capsys.readouterr().out
    typed(outputs, "decisions", "rotate-key")
    assert (outputs / "decisions.key.1").read_bytes() == KEY
    typed(outputs, "decisions", "verify")
    shown = capsys.readouterr().out
    assert "4 rows removed, with a stub" in shown
    assert shown.endswith("verified\n")
    events = rows_of(
        url_of(outputs / "decisions.sqlite"), "SELECT event FROM decision_events ORDER BY position"
    )
    kinds = ["count", "count", "export", "delete", "export", "prune", "rotate_key"]
    assert [event for (event,) in events] == kinds


def test_a_changed_row_fails_the_verification(outputs, capsys):
    change(url_of(outputs / "decisions.sqlite"), "UPDATE decisions SET arm = 'max' WHERE position = 3")
    typed(outputs, "decisions", "verify", code=1)
    assert "  - answer 2 at position 3 was changed\nFAILED: 1 problem\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prune", "--older-than", "1y"], "must be a number of days or hours such as 365d or 12h, got '1y'"),
        (["count", "--from", "March"], "must be a day such as 2026-03-03, got 'March'"),
        (["count", "--from", "2026-03-03", "--to", "2026-03-02"], "must not be after the last one"),
        (["export", "--subscriber", "ana", "--out", "nowhere/decisions.key"], "must end in .json, got"),
        (
            ["verify", "--contains", "7"],
            "must be POSITION:CHAIN as planrec decisions verify prints it, got '7'",
        ),
        (["verify", "--log", "decisions.sqlite"], "must be sqlite:///FILE or postgresql://"),
    ],
)
def test_mistakes_exit_with_2(outputs, words, message, capsys):
    typed(outputs, "decisions", *words, code=2)
    assert message in capsys.readouterr().err


def test_a_missing_log_is_not_created_by_a_reader(tmp_path, capsys):
    typed(tmp_path, "decisions", "verify", code=1)
    assert "cannot read the decision log" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_archive_is_verified_without_the_log(outputs, capsys):
    url, archive = url_of(outputs / "decisions.sqlite"), outputs / "audit.zip"
    delete_subscriber(url, "ben", Keys.read(outputs / "decisions.key"))
    (outputs / "pinned.json").write_text("{}", "utf-8")
    today = datetime.now(UTC).date()
    # The answers may have been logged before midnight.
    yesterday = today - timedelta(days=1)
    typed(outputs, "audit", "--from", str(yesterday), "--to", str(today), "--out", archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    (outputs / "decisions.sqlite").rename(outputs / "gone")
    assert main(["audit", "--check", str(archive)]) == 0
    shown = capsys.readouterr().out
    assert "3 answers, positions 1 to 5" in shown
    assert "3 x stay, by 2030-01-31/12-00-00-abc123, catalogue 1" in shown
    assert shown.endswith("verified\n")
    with zipfile.ZipFile(archive) as content:
        assert sorted(content.namelist()) == ["entries.jsonl", "manifest.json", "pinned.json"]


def test_a_changed_archive_is_noticed(outputs, capsys):
    archive, other = outputs / "audit.zip", outputs / "other.zip"
    typed(outputs, "audit", "--out", archive)
    with zipfile.ZipFile(archive) as content, zipfile.ZipFile(other, "w") as copy:
        for name in content.namelist():
            copy.writestr(name, content.read(name).replace(b'"stay"', b'"mini"'))
    assert main(["audit", "--check", str(other)]) == 1
    shown = capsys.readouterr().out
    assert "entries.jsonl was changed: its sha256 is not" in shown
    assert "answer 0 at position 1 was changed" in shown
    other.write_bytes(archive.read_bytes()[:-30])
    assert main(["audit", "--check", str(other)]) == 1
    assert "is not an archive of planrec audit" in capsys.readouterr().err


def test_an_archive_replaces_no_other_file(outputs, capsys):
    typed(outputs, "audit", "--out", outputs / "decisions.key", code=2)
    assert "must end in .zip, got" in capsys.readouterr().err
    assert (outputs / "decisions.key").read_bytes() == KEY


def rewritten(archive, target, entries, flag=0):
    """Copy an archive with other entries; a flag of 1 calls them encrypted."""
    with zipfile.ZipFile(archive) as content, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        copy.writestr("manifest.json", content.read("manifest.json"))
        copy.writestr("entries.jsonl", entries)
        copy.filelist[-1].flag_bits |= flag


@pytest.mark.parametrize("damage", ["flipped", "encrypted", "long line", "short event"])
def test_a_damaged_archive_is_reported_without_a_traceback(outputs, damage, capsys, monkeypatch):
    monkeypatch.setattr("planrec.serving.decision_log.audit_archive.MOST_LINE_BYTES", 10_000)
    archive, other = outputs / "audit.zip", outputs / "other.zip"
    typed(outputs, "audit", "--out", archive)
    values = b"" if damage == "short event" else b'"2030","pin","ana","{}"'
    entry = b'[1,"a",[%s],true]' % values
    blanks = b" " * 20_000 if damage == "long line" else b""
    rewritten(archive, other, blanks + entry, flag=int(damage == "encrypted"))
    if damage == "flipped":
        content = bytearray(archive.read_bytes())
        start = content.index(b"entries.jsonl") + len(b"entries.jsonl") + 40
        content[start : start + 40] = bytes(40 * [0xFF])
        other.write_bytes(content)
    assert main(["audit", "--check", str(other)]) == 1
    assert "is not an archive of planrec audit" in capsys.readouterr().err


def test_days_without_an_entry_have_no_archive(outputs, capsys):
    typed(outputs, "audit", "--to", "2020-01-01", "--out", outputs / "audit.zip", code=1)
    assert "no entry with a place in the chain on 1970-01-01..2020-01-01" in capsys.readouterr().err
    assert not (outputs / "audit.zip").exists()


def rewrite(url):
    """Forge an answer and compute the whole chain again, as a user with the rights of the server can."""
    connection = Database(url).connect("existing")
    connection.begin_alone()
    connection.execute("UPDATE decisions SET arm = 'max' WHERE position = 2")
    chain = GENESIS
    entries = sorted([*decisions_in(connection), *events_in(connection)], key=lambda entry: entry.position)
    for entry in entries:
        (chain,) = chained(chain, [digest(entry.values)])
        table = "decision_events" if entry.is_event else "decisions"
        connection.execute(f"UPDATE {table} SET chain = ? WHERE position = ?", (chain, entry.position))
    connection.execute("UPDATE decision_chain SET chain = ?", (chain,))
    connection.commit()
    connection.close()


def noted(capsys):
    return re.search(r"the chain ends at (\d+:[0-9a-f]{64});", capsys.readouterr().out)[1]


def test_a_log_that_was_rewritten_as_a_whole_does_not_contain_its_noted_end(outputs, capsys):
    url, archive = url_of(outputs / "decisions.sqlite"), outputs / "all.zip"
    typed(outputs, "decisions", "verify")
    end = noted(capsys)
    typed(outputs, "audit", "--out", archive)
    log_rows(url, decision("later"))
    typed(outputs, "decisions", "verify", "--contains", end)
    typed(outputs, "audit", "--check", archive, "--log")
    assert f"the archive ends at {end}\nthe log has 5 answers, and ends at 6:" in capsys.readouterr().out
    rewrite(url)
    typed(outputs, "decisions", "verify")
    assert "verified" in capsys.readouterr().out, "the chain alone does not show it"
    typed(outputs, "decisions", "verify", "--contains", end, code=1)
    assert "  - position 4 has the chain value" in capsys.readouterr().out
    typed(outputs, "audit", "--check", archive)
    typed(outputs, "audit", "--check", archive, "--log", url, code=1)
    assert "  - log: position 4 has the chain value" in capsys.readouterr().out


def test_the_noted_end_of_a_log_without_entries_is_in_every_later_one(tmp_path, capsys):
    url = url_of(tmp_path / "decisions.sqlite")
    store = Store(url)
    store.insert([])
    store.close()
    typed(tmp_path, "decisions", "verify")
    end = noted(capsys)
    assert end == f"0:{GENESIS}"
    log_rows(url, decision("first"))
    typed(tmp_path, "decisions", "verify", "--contains", end)
    typed(tmp_path, "decisions", "verify", "--contains", f"0:{'a' * 64}", code=1)


def test_an_archive_after_a_missing_row_names_the_missing_row(outputs, capsys):
    url, archive = url_of(outputs / "decisions.sqlite"), outputs / "audit.zip"
    change(url, "UPDATE decisions SET time = '2020-01-01' WHERE position < 3")
    change(url, "DELETE FROM decisions WHERE position = 2")
    typed(outputs, "audit", "--from", "2021-01-01", "--out", archive)
    assert main(["audit", "--check", str(archive)]) == 1
    shown = capsys.readouterr().out
    assert "positions 2 to 2 are missing without a stub" in shown
    assert "was changed" not in shown


def test_a_noted_end_after_removals(outputs, capsys):
    typed(outputs, "decisions", "verify")
    end = noted(capsys)
    typed(outputs, "decisions", "delete", "--subscriber", "eva")
    typed(outputs, "decisions", "verify", "--contains", end)
    log_rows(url_of(outputs / "decisions.sqlite"), decision("later"))
    typed(outputs, "decisions", "prune", "--older-than", "0h")
    typed(outputs, "decisions", "verify", "--contains", end)
    typed(outputs, "decisions", "verify", "--contains", f"2:{'a' * 64}", code=1)
    assert "position 2 was pruned or deleted, so the noted end cannot be verified" in capsys.readouterr().out
    typed(outputs, "decisions", "verify", "--contains", f"99:{'a' * 64}", code=1)
    assert "the log has no position 99, which was noted" in capsys.readouterr().out


def test_events_name_no_subscriber_after_a_deletion(outputs):
    url, keys = url_of(outputs / "decisions.sqlite"), Keys.read(outputs / "decisions.key")
    decisions_of(url, "ana", keys)
    (content,) = rows_of(url, "SELECT content FROM decision_events")[0]
    assert json.loads(content) == {"recommendation_ids": ["0", "2"], "days": str(Days()), "found": 2}
    delete_subscriber(url, "ana", keys)
    everything = str(rows_of(url, "SELECT * FROM decision_events")) + str(
        rows_of(url, "SELECT * FROM decisions")
    )
    assert not any(name in everything for name in keys.pseudonyms("ana"))
