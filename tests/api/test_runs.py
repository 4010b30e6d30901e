"""The runs that the server lists, compares and shows."""

import json
import re
import shutil
from base64 import b64encode
from hashlib import sha256

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.settings import Settings
from planrec.reports.page.report_page import report_page
from planrec.reports.page.requested_runs import read_requested_runs
from planrec.runs.read import load_run
from planrec.serving.denied_runs import FILE_NAME, deny
from planrec.serving.pin import as_pinned, read_pin
from planrec.serving.pin_run import pin_run
from tests.trained_runs import edit_run


def copied(run, folder, **changed):
    """Copy a run, which gets another name and a later end."""
    shutil.copytree(run, folder)
    own = {"run_id": "/".join(folder.parts[-2:])} | changed
    return edit_run(folder, lambda manifest: manifest.update(own))


def make_doubtful(manifest):
    """Let a run harm too many, and be chosen by a search."""
    manifest["selected"] = True
    [harm] = [m for m in manifest["metrics"] if (m["metric"], m["model"]) == ("harm_rate", "lgbm")]
    harm["value"] = 0.5


@pytest.fixture(scope="module")
def runs_folder(bill_run, history_run, tmp_path_factory):
    """Return a folder with three runs, a sweep of one of them, an unfinished and a broken one."""
    outputs = tmp_path_factory.mktemp("outputs")
    first = copied(bill_run, outputs / "2030-01-31" / "10-00-00-aaa", finished="2030-01-31T10:00:00+00:00")
    cell = copied(bill_run, outputs / "multirun" / "cells" / "bbb", finished="2030-01-31T11:00:00+00:00")
    edit_run(cell, make_doubtful)
    copied(history_run, outputs / "2030-01-31" / "12-00-00-ccc", finished="2030-01-31T12:00:00+00:00")
    sweep = outputs / "multirun" / "2030-01-31" / "10-30-00-ddd"
    sweep.mkdir(parents=True)
    (sweep / "sweep.json").write_text(json.dumps({"started": "2030-01-31T10:30:00+00:00"}))
    (sweep / "0").symlink_to(cell)
    (outputs / "2030-01-31" / "unfinished").mkdir()
    (outputs / "2030-01-31" / "unfinished" / "config.json").write_text("{}")
    (outputs / "2030-01-31" / "broken").mkdir()
    (outputs / "2030-01-31" / "broken" / "run.json").write_text("{")
    pin_run(first, outputs)
    return outputs


@pytest.fixture(scope="module")
def client(runs_folder):
    saved = load_run(runs_folder / "2030-01-31" / "10-00-00-aaa")
    with TestClient(create_app(saved, settings=Settings(outputs=runs_folder))) as client:
        yield client


def test_runs_are_listed_newest_first_with_verdict_and_pin(client, runs_folder):
    found = client.get("/runs").json()
    folders = ["2030-01-31/12-00-00-ccc", "multirun/cells/bbb", "2030-01-31/10-00-00-aaa"]
    assert [run["folder"] for run in found["runs"]] == folders
    assert (found["total"], found["pinned"]["folder"]) == (3, folders[2])
    assert [run["is_pinned"] for run in found["runs"]] == [False, False, True]
    run = found["runs"][2]
    assert run["id"] == sha256((runs_folder / folders[2] / "run.json").read_bytes()).hexdigest()[:16]
    assert run["verdict"].startswith("lgbm ")
    assert [figure["metric"] for figure in run["figures"]][:3] == ["regret", "savings_captured", "harm_rate"]
    assert run["figures"][2]["at_most"] == 0.05
    assert [against["role"] for against in run["against"]] == ["rerating", "stay"]
    assert run["pin_command"] == "planrec pin 2030-01-31/10-00-00-aaa"
    assert str(runs_folder) not in json.dumps(found)


def test_the_verdict_of_a_run_is_that_of_its_manifest(client, runs_folder):
    differences = load_run(runs_folder / "multirun" / "cells" / "bbb").manifest.differences
    against = client.get("/runs").json()["runs"][1]["against"]
    for found in against:
        [paired] = [d for d in differences if (d.model, d.metric) == (found["baseline"], "regret")]
        assert (found["gain"], found["low"], found["high"]) == (
            *(paired.estimate.value, paired.estimate.low, paired.estimate.high),
        )
    gains = [d.estimate.value for d in differences if d.metric == "regret" and d.model.startswith("rerate")]
    assert against[0]["gain"] == min(gains), "against the best baseline that re-rates"


def test_verdicts_and_warnings_are_in_the_language_of_the_request(client):
    english, spanish = (
        client.get("/runs", headers={"accept-language": language}).json()["runs"][1]
        for language in ("en", "es")
    )
    assert " ahorra el " in spanish["verdict"]
    assert " saves " in english["verdict"]
    assert len(english["warnings"]) == len(spanish["warnings"]) == 2
    assert not set(english["warnings"]) & set(spanish["warnings"])


def test_sweeps_and_unreadable_runs_are_listed_too(client):
    found = client.get("/runs").json()
    sweep = "multirun/2030-01-31/10-30-00-ddd"
    assert found["sweeps"] == [
        {
            "folder": sweep,
            "started": "2030-01-31T10:30:00+00:00",
            "n_runs": 1,
            "n_failed": 0,
            "command": f"planrec leaderboard {sweep}",
        }
    ]
    assert found["runs"][1]["sweeps"] == [sweep]
    problems = {run["folder"]: run["problem"] for run in found["unreadable"]}
    assert "did not finish" in problems["2030-01-31/unfinished"]
    assert "cannot be read as JSON" in problems["2030-01-31/broken"]


@pytest.mark.parametrize(
    ("query", "folders"),
    [
        ("?limit=1&offset=1", ["multirun/cells/bbb"]),
        ("?text=LGBM%20best_bill%20aaa", ["2030-01-31/10-00-00-aaa"]),
        ("?sweep=multirun/2030-01-31/10-30-00-ddd", ["multirun/cells/bbb"]),
        ("?text=nothing", []),
    ],
)
def test_the_list_can_be_filtered_and_read_in_parts(client, query, folders):
    assert [run["folder"] for run in client.get(f"/runs{query}").json()["runs"]] == folders


def test_new_and_replaced_runs_are_found_and_denied_ones_marked(client, runs_folder, bill_run, caplog):
    before = client.get("/runs").json()["total"]
    new = copied(bill_run, runs_folder / "2030-02-01" / "eee", finished="2030-02-01T00:00:00+00:00")
    run = client.get("/runs").json()["runs"][0]
    assert (run["folder"], run["is_denied"]) == ("2030-02-01/eee", False)
    pinned = as_pinned(read_pin(runs_folder))
    deny(
        pinned.model_copy(update={"run": "eee", "run_json_sha256": run["id"] + "0" * 48}), runs_folder, "bad"
    )
    edit_run(new, lambda manifest: manifest.update(command="planrec train changed"))
    changed = client.get("/runs").json()["runs"][0]
    assert (changed["command"], changed["id"] != run["id"]) == ("planrec train changed", True)
    whole = sha256((new / "run.json").read_bytes()).hexdigest()
    deny(pinned.model_copy(update={"run": "eee", "run_json_sha256": whole}), runs_folder, "bad")
    assert client.get("/runs").json()["runs"][0]["is_denied"]
    (runs_folder / FILE_NAME).write_text("{")
    damaged = client.get("/runs").json()["runs"][0]
    assert (damaged["is_denied"], damaged["pin_command"]) == (False, None)
    assert "no run can be pinned: " in caplog.text
    (runs_folder / FILE_NAME).unlink()
    shutil.rmtree(new)
    assert client.get("/runs").json()["total"] == before


def test_a_run_has_all_of_its_metrics_and_its_configuration(client, runs_folder):
    row = client.get("/runs").json()["runs"][1]
    found = client.get(f"/runs/{row['id']}").json()
    manifest = load_run(runs_folder / row["folder"]).manifest
    assert found["run"] == row
    assert len(found["metrics"]) == len(manifest.metrics)
    assert found["config"]["model.kind"] == "lgbm"
    assert found["report"] == f"/runs/{row['id']}/report"


def test_two_runs_are_compared_as_the_command_compares_them(client):
    ids = [run["id"] for run in client.get("/runs").json()["runs"]]
    same = client.get("/runs/compare", params={"a": ids[1], "b": ids[2]}).json()
    assert same["verdict"] == "A and B are the same in regret, in every draw"
    assert same["metrics"][0]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    spanish = {"accept-language": "es"}
    other = client.get("/runs/compare", params={"a": ids[0], "b": ids[1]}, headers=spanish).json()
    assert other["verdict"].startswith("sin veredicto: las ejecuciones no se pueden comparar")
    assert other["not_paired"]
    assert {"path": "target.kind", "a": "held", "b": "best_bill"} in other["config"]


def test_report_and_card_are_pages_that_their_policy_lets_a_browser_show(client, runs_folder):
    run = client.get("/runs").json()["runs"][2]
    for name in ("report", "card"):
        answer = client.get(f"/runs/{run['id']}/{name}")
        assert answer.headers["content-type"].startswith("text/html")
        styles = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        hashes = [b64encode(sha256(style.encode()).digest()).decode() for style in styles]
        policy = f"default-src 'none'; style-src 'sha256-{hashes[0]}'; frame-ancestors 'none'"
        assert answer.headers["content-security-policy"] == policy
    card = client.get(f"/runs/{run['id']}/card").text
    assert "<h1>Model card: lgbm for target=best_bill</h1>" in card
    assert "<h2>Intended use</h2>\n<p>Advising subscribers" in card
    assert '<th scope="row">unlimited</th>' in card
    assert not re.search(r"^(\||\*|#) ", card.partition("<main>")[2], re.MULTILINE), (
        "Markdown that was not converted"
    )
    report = client.get(f"/runs/{run['id']}/report").text
    assert report == report_page(read_requested_runs([runs_folder.resolve() / run["folder"]]))


@pytest.mark.parametrize("path", ["{id}", "{id}/report", "{id}/card", "compare?a={id}&b={id}"])
def test_unknown_and_changed_runs_are_problems_without_a_path(client, runs_folder, bill_run, path):
    assert client.get("/runs/" + path.format(id="0" * 16)).status_code == 404
    refused = client.get("/runs/" + path.format(id="../etc"))
    assert refused.status_code in (400, 404)
    broken = copied(bill_run, runs_folder / "2030-02-01" / "fff", finished="2030-02-01T00:00:00+00:00")
    name = client.get("/runs").json()["runs"][0]["id"]
    (broken / "out_of_fold.parquet").write_bytes(b"changed")
    answer = client.get("/runs/" + path.format(id=name))
    shutil.rmtree(broken)
    if path != "{id}":
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:planrec:problem:not_readable")
        assert "was changed after it was saved" in answer.json()["detail"]
        assert str(runs_folder) not in answer.text


def test_wrong_parameters_are_named_without_the_query(client):
    answer = client.get("/runs", params={"limit": 0, "text": "secret"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:planrec:problem:malformed_request")
    assert answer.json()["detail"] == "parameters cannot be accepted: limit: Expected `int` >= 1"


def test_runs_need_a_key_if_the_server_has_one(locked):
    assert locked.get("/runs").status_code == 401


@pytest.fixture(scope="module")
def saved(bill_run):
    return load_run(bill_run)
