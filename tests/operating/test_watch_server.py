"""The production check beside a real server that breaks."""

import shutil
import sqlite3

import pytest

from planrec.cli import main
from planrec.runs.read import load_run
from planrec.serving.pin import read_pin
from planrec.serving.pin_run import pin_run
from tests.api.processes import serving
from tests.trained_runs import edit_run


@pytest.mark.slow
@pytest.mark.e2e
def test_a_server_whose_answers_fail_is_rolled_back(history_run, tmp_path, capsys):
    for name in ("old", "new"):
        folder = shutil.copytree(history_run, tmp_path / "2030-01-31" / name)
        edit_run(folder, lambda run, name=name: run.update(run_id=f"2030-01-31/{name}"))
        pin_run(folder, tmp_path)
    request = load_run(history_run).manifest.golden.requests[0]
    log = tmp_path / "decisions.sqlite"
    with serving(tmp_path, PLANREC_DECISION_LOG__REQUIRED="true") as server:
        address = f"http://127.0.0.1:{server.port}/metrics"
        command = ["watch", "--metrics", address, "--outputs", str(tmp_path), "--min-requests", "20"]

        def check(gates):
            code = main([*command, "--gates", gates])
            return code, capsys.readouterr().out

        assert check("errors,replay")[0] == 4
        assert {server.ask("POST", "/predict", request)[0] for _ in range(20)} == {200}
        code, said = check("errors,replay")
        assert code == 0, said
        assert "0 of the 20 newest answers differ" in said
        with sqlite3.connect(log) as connection:
            connection.execute("DROP TABLE decisions")
        assert {server.ask("POST", "/predict", request)[0] for _ in range(20)} == {503}
        code, said = check("errors")
        assert code == 1, said
        assert "20 of 20 requests failed" in said
        assert read_pin(tmp_path).run == "2030-01-31/old"
        server.wait_for("2030-01-31/old answers in place of 2030-01-31/new")
        assert check("errors")[0] == 4
