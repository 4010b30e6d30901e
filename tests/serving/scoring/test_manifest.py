"""A scored file leads back to its run, plans and input: columns, manifest, rows in the log, replay."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planrec.cli import main
from planrec.files.hashing import sha256_of
from planrec.runs.read import SavedRun
from planrec.serving.decision_log import find_decision
from planrec.serving.scoring import score_file as score_file_module
from tests.conftest import STRANGERS_TABLE
from tests.serving.decision_log.decisions import KEY, decision, log_rows, logged_ids, rows_of, url_of
from tests.serving.scoring.test_score import expected, money, months_table, read, requests_of, score, scored


def manifest_of(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.with_name(f"{file.name}.manifest.json").read_text("utf-8"))
    return content


def test_every_row_names_its_run_its_plans_and_their_bills(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table(n=3)
    table.loc[table["subscriber"] == "s0002", "plan_held"] = ""
    found, catalogue = read(scored(saved, table, tmp_path)), saved.recommender.catalogue
    assert catalogue is not None
    assert set(found["run_id"]) == {saved.run_id}
    assert set(found["catalogue_version"]) == {catalogue.version}
    assert set(found["as_of"]) == {"2026-06-01"}
    assert found["plan_held"].tolist() == ["mini", "light", ""]
    assert found["plan_held_name"].tolist() == [catalogue.plan(plan).name for plan in ("mini", "light")] + [
        ""
    ]
    assert found["plan_name"].tolist() == [catalogue.plan(plan).name for plan in found["plan"]]
    assert found["bill_held"][2] == ""
    for row, request in enumerate(requests_of(table)[:2]):
        bills = saved.recommender.recommend(saved.recommender.table([_request(request)]))[0].bill_mean
        assert bills is not None
        places = [saved.recommender.plans.index(found[name][row]) for name in ("plan_held", "plan")]
        assert [found["bill_held"][row], found["bill"][row]] == [str(money(bills[0, p])) for p in places]


def _request(content: dict[str, Any]) -> Any:
    from planrec.schema.request import read_request

    return read_request(content)


def test_the_manifest_names_input_output_run_and_counts(saved: SavedRun, tmp_path: Path) -> None:
    target = scored(saved, months_table(), tmp_path, "csv", "--language", "es")
    manifest, rows = manifest_of(target), read(target)
    assert manifest["input"]["sha256"] == sha256_of((tmp_path / "in.csv").read_bytes())
    assert manifest["output"] == {
        "name": "out.csv",
        "bytes": target.stat().st_size,
        "sha256": sha256_of(target.read_bytes()),
    }
    assert (manifest["run"]["run_id"], manifest["run"]["run_sha256"]) == (saved.run_id, saved.sha256)
    assert manifest["decisions"] == rows["decision"].value_counts().to_dict()
    assert (manifest["rows"], manifest["refused_rows"], manifest["is_logged"]) == (7, 0, False)
    assert manifest["command"].startswith("planrec score ")
    assert manifest["command"].endswith(" --language es")
    assert rows["recommendation_id"].tolist() == [f"{manifest['file_id']}-{n}" for n in range(1, 8)]


def test_ids_are_the_same_for_the_same_input_run_and_language_only(saved: SavedRun, tmp_path: Path) -> None:
    ids = [
        manifest_of(scored(saved, months_table(n=n), tmp_path, "csv", *options))["file_id"]
        for n, options in ((2, ()), (2, ("--no-reasons",)), (2, ("--language", "es")), (3, ()))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_another_version_of_planrec_gives_other_ids(
    saved: SavedRun, tmp_path: Path, monkeypatch: Any
) -> None:
    before = manifest_of(scored(saved, months_table(n=2), tmp_path, "csv"))["file_id"]
    monkeypatch.setattr("planrec.serving.scoring.score_file.version", lambda name: "99.0")
    assert manifest_of(scored(saved, months_table(n=2), tmp_path, "csv"))["file_id"] != before


def test_an_input_that_changes_while_it_is_scored_is_refused(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    read_first = score_file_module.whole_subscribers

    def changed(parts: Any, name: str) -> Any:
        yield from read_first(parts, name)
        with (tmp_path / "in.csv").open("a") as file:
            file.write("\n")

    monkeypatch.setattr(score_file_module, "whole_subscribers", changed)
    months_table().to_csv(tmp_path / "in.csv", index=False)
    assert score(tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder) == 1
    assert "must not change while it is scored" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_logged_rows_hold_the_answers_of_the_api(saved: SavedRun, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(tmp_path / "decisions.key"))
    url, table = url_of(tmp_path / "log.sqlite"), months_table()
    rows = read(scored(saved, table, tmp_path, "csv", "--log", url))
    assert logged_ids(url) == set(rows["recommendation_id"])
    assert manifest_of(tmp_path / "out.csv")["is_logged"]
    for row, answer in zip(rows.itertuples(), expected(saved, requests_of(table)), strict=True):
        logged = find_decision(url, row.recommendation_id)
        content = json.loads(logged.answer)
        assert (content["decision"], content["sentence"]) == (answer["decision"], answer["sentence"])
        assert logged.arm == (answer["plan"] if answer["decision"] == "recommend" else answer["decision"])
        assert "s000" not in logged.request
    scored(saved, table, tmp_path, "csv", "--log", url)
    assert len(logged_ids(url)) == len(rows), "the same file is logged once"
    events = rows_of(url, "SELECT content FROM decision_events WHERE event = 'score'")
    assert [json.loads(content)["file"] for (content,) in events] == ["out.csv"] * 2


def test_a_refused_file_or_log_leaves_no_row_and_no_file(
    saved: SavedRun, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(tmp_path / "decisions.key"))
    url = url_of(tmp_path / "log.sqlite")
    scored(saved, months_table(n=1), tmp_path, "csv", "--log", url)
    (tmp_path / "out.csv").unlink()
    bad = months_table(n=2)
    bad.loc[9, "sms"] = -1
    bad.to_csv(tmp_path / "in.csv", index=False)
    arguments = (tmp_path / "in.csv", tmp_path / "out.csv", "--run", saved.folder)
    assert score(*arguments, "--log", url) == 1
    assert len(logged_ids(url)) == 1
    months_table(n=3).to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "file").touch()
    assert score(*arguments, "--log", url_of(tmp_path / "file" / "log.sqlite")) == 1
    assert "cannot write the decision log" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
    assert score(*arguments, "--log", "in.csv") == 2
    assert "type --log last" in capsys.readouterr().err


def replay(*words: object) -> int:
    return main(["replay", *map(str, words)])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_row_of_a_scored_file_is_replayed(
    saved: SavedRun, tmp_path: Path, suffix: str, capsys: Any
) -> None:
    table = months_table(n=9).sort_values(["month", "subscriber"])
    table["subscriber"] = table["subscriber"].replace({"s0003": "=s3"})
    target = scored(saved, table, tmp_path, suffix, "--language", "es")
    outputs = ("--outputs", saved.folder.parents[1])
    source = tmp_path / f"in.{suffix}"
    capsys.readouterr()
    assert replay("--file", target, "--input", source, "s0004", *outputs) == 0
    shown = " ".join(capsys.readouterr().out.split())
    row = read(target).set_index("subscriber_ref").loc["s0004"]
    for text in (
        row["recommendation_id"],
        saved.run_id,
        "equal, every cell",
        row["sentence"],
        *saved.recommender.plans,
    ):
        assert text in shown
    assert replay("--file", target, "--input", source, "=s3", *outputs) == 0
    assert replay("--file", target, "--input", source, "s0099", *outputs) == 1
    assert "no row of 's0099'" in capsys.readouterr().err


def test_a_changed_cell_file_or_input_is_noticed(saved: SavedRun, tmp_path: Path, capsys: Any) -> None:
    target = scored(saved, months_table(), tmp_path)
    arguments = ("--file", target, "--outputs", saved.folder.parents[1], "--input")
    manifest = manifest_of(target)
    rows = pd.read_csv(target, dtype=str, keep_default_na=False)
    rows.loc[2, "bill"] = "0.01"
    rows.to_csv(target, index=False)
    assert replay(*arguments, tmp_path / "in.csv", "s0002") == 1
    assert "must be the OUTPUT of the manifest" in capsys.readouterr().err
    manifest["output"]["sha256"] = sha256_of(target.read_bytes())
    target.with_name("out.csv.manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert replay(*arguments, tmp_path / "in.csv", "s0002") == 1
    shown = capsys.readouterr().out
    assert "DIFFERS" in shown
    assert '/bill: logged "0.01"' in shown
    assert replay(*arguments, tmp_path / "in.csv", "s0003") == 0
    months_table(n=8).to_csv(tmp_path / "in.csv", index=False)
    assert replay(*arguments, tmp_path / "in.csv", "s0003") == 1
    assert "must be the input of the manifest" in capsys.readouterr().err


def test_a_logged_file_is_replayed_without_its_input(
    saved: SavedRun, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(tmp_path / "decisions.key"))
    url = url_of(tmp_path / "log.sqlite")
    target = scored(saved, months_table(), tmp_path)
    arguments = ("--file", target, "--outputs", saved.folder.parents[1], "--log", url, "s0003")
    assert replay(*arguments) == 2
    assert "was written without --log: name the file that was scored, in.csv" in capsys.readouterr().err
    scored(saved, months_table(), tmp_path, "csv", "--log", url)
    (tmp_path / "in.csv").unlink()
    assert replay(*arguments) == 0
    assert "equal, byte for byte" in capsys.readouterr().out


def test_a_replay_from_the_input_is_recorded_if_there_is_a_log(saved: SavedRun, tmp_path: Path) -> None:
    url = url_of(tmp_path / "log.sqlite")
    target = scored(saved, months_table(), tmp_path)
    words = ("--file", target, "--input", tmp_path / "in.csv", "s0003", "--log", url)
    assert replay(*words, "--outputs", saved.folder.parents[1]) == 0
    assert not (tmp_path / "log.sqlite").exists()
    log_rows(url, decision("one"), key=KEY)
    assert replay(*words, "--outputs", saved.folder.parents[1]) == 0
    ((event, content),) = rows_of(url, "SELECT event, content FROM decision_events")
    assert event == "replay"
    assert len(json.loads(content)["recommendation_ids"]) == 1
    assert "s0003" not in content


def test_rows_without_a_subscriber_are_replayed_by_their_number(
    row_run: Path, tmp_path: Path, capsys: Any
) -> None:
    source, target = tmp_path / "customers.csv", tmp_path / "out.csv"
    source.write_text(STRANGERS_TABLE, "utf-8")
    assert score(source, target, "--run", row_run) == 0
    outputs = ("--outputs", row_run.parents[1])
    assert replay("--file", target, "--input", source, "17", *outputs) == 0
    assert "equal, every cell" in capsys.readouterr().out
    assert replay("--input", source, "17", *outputs) == 2
