"""`planrec new-plans`: plans that are new in the YAML are recommended without training."""

import copy
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest
import yaml
from litestar.testing import TestClient

from api.app import create_app
from planrec.catalogue import Catalogue
from planrec.cli import main
from planrec.errors import CatalogueError, PlanRecError, RunError
from planrec.files.folder_walk import complete_runs
from planrec.reports.cards.model_card import card_of
from planrec.reports.leaderboard.board import board_of, why_not_paired
from planrec.reports.page.lead import lead
from planrec.reports.page.run_view import read_run_view
from planrec.runs.read import load_run, read_manifest, read_record
from planrec.runs.write import THRESHOLD_NOTE
from planrec.schema.request import read_request
from planrec.serving.new_plans import with_new_plans
from planrec.serving.pin import load_pinned, servable_run
from planrec.serving.pin_run import pin_run
from planrec.training.cross_fit import held_out_prediction, inner_folds
from planrec.training.experiment import label_decisions
from planrec.training.fitting import fitted_recommender
from planrec.training.harm_bound import keeps_limit
from planrec.training.harm_guard import harmed
from tests.catalogue.catalogues import raw_catalogue
from tests.conftest import REPOSITORY, SMALL_BILLS
from tests.quick_configs import option
from tests.trained_runs import edit_run, train_into


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Train a run that forecasts bills; tests must not change it."""
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-abc123"
    return train_into(folder, "model=forecast", "model.n_draws=32", "baselines=[]", small=SMALL_BILLS)


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """Copy the run into its own folder of outputs."""
    return shutil.copytree(trained, tmp_path / "outputs" / "2030-01-31" / "12-00-00-abc123")


def with_summer(version: str = "2030.1") -> Any:
    """Return the ladder with one more plan, first in the file: unlimited, at 12 dollars."""
    raw = raw_catalogue("ladder")
    summer = copy.deepcopy(raw["plans"][-1]) | {"id": "summer", "name": "Summer"}
    summer["fee"]["recurring"] = "12.00"
    return raw | {"version": version, "plans": [summer, *raw["plans"]]}


def write_yaml(folder: Path, raw: Any) -> str:
    file = folder / "plans.yaml"
    file.write_text(yaml.safe_dump(raw), "utf-8")
    return str(file)


def new_run(run: Path, raw: Any) -> Path:
    return with_new_plans(run, write_yaml(run, raw), run.parents[1])


def heavy_user(saved: Any) -> dict[str, Any]:
    """Return a request of a subscriber on the dearest plan who uses 25 GiB a month."""
    amounts = dict.fromkeys(saved.recommender.inputs.usage, 200.0) | {"data_mib": 25_600.0}
    months = [{"month": f"2018-0{number}", **amounts} for number in range(1, 7)]
    return {"months": months, "attributes": {}, "plan_held": "max", "last_recommended": None}


def refusal(run: Path, raw: Any, kind: type[PlanRecError] = CatalogueError) -> PlanRecError:
    with pytest.raises(kind) as refused:
        new_run(run, raw)
    assert complete_runs(run.parents[1]) == [run]
    return refused.value


@pytest.mark.e2e
def test_api_recommends_a_new_plan_without_training(run):
    outputs = run.parents[1]
    before = (run / "run.json").read_bytes()
    command = [sys.executable, "-m", "planrec", "new-plans", "latest", write_yaml(outputs, with_summer())]
    done = subprocess.run(
        [*command, "--outputs", str(outputs)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "added summer; changed none" in done.stdout
    (new,) = (folder for folder in complete_runs(outputs) if folder != run)
    assert f"pin it: planrec pin {new}" in done.stdout
    assert (run / "run.json").read_bytes() == before

    pin_run(new, outputs)
    with TestClient(create_app(load_pinned(outputs))) as client:
        answer = client.post("/predict", json=heavy_user(load_run(new))).json()
        sold = [plan["id"] for plan in client.get("/catalogue").json()["plans"]]
    assert (answer["decision"], answer["advised"]) == ("recommend", "summer")
    assert sold[0] == "summer"


def test_new_run_can_be_served_and_has_a_complete_manifest(run):
    new = new_run(run, with_summer())
    saved = servable_run(new)
    assert saved.run_id == "/".join(new.parts[-2:])
    assert saved.manifest.plans[0] == "summer"
    assert saved.manifest.catalogue["version"] == "2030.1"
    assert saved.manifest.catalogue_sha256 == saved.recommender.catalogue.sha256
    assert saved.manifest.address != read_manifest(run).address
    assert (
        json.loads((new / "run.json").read_text()).keys() == json.loads((run / "run.json").read_text()).keys()
    )


def test_bills_of_old_plans_do_not_change(run):
    old, new = load_run(run), load_run(new_run(run, with_summer()))
    requests = old.manifest.golden.requests
    assert new.manifest.golden.requests == requests
    parsed = [read_request(request) for request in requests]
    before, after = (s.recommender.predict(s.recommender.table(parsed)).bill_mean for s in (old, new))
    np.testing.assert_array_equal(after[:, 1:], before)


def test_figures_are_those_of_the_old_run_with_a_note_in_card_and_report(run):
    new = new_run(run, with_summer())
    old, made = read_manifest(run), read_manifest(new)
    for name in ("metrics", "data_fingerprint", "folds_fingerprint", "tuned", "chosen", "inputs"):
        assert getattr(made, name) == getattr(old, name)
    assert parquet.read_table(new / "out_of_fold.parquet").equals(
        parquet.read_table(run / "out_of_fold.parquet")
    )
    note = made.notes[-1]
    assert "without training" in note
    assert "run 2030-01-31/12-00-00-abc123, on the plans of ladder 2018.1.1" in note
    assert card_of(new).count(note) == 2
    assert note in lead(read_run_view(new).saved.manifest)
    assert note not in lead(read_run_view(run).saved.manifest)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Path:
    """Train a run whose policy limits harm; tests must not change it."""
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-abc123"
    options = ("model=forecast", "model.n_draws=32", "policy=guarded", "policy.harm_at_most=0.1")
    return train_into(folder, *options, "baselines=[]", "data.n_subscribers=400", small=SMALL_BILLS)


def demand_of(folder: Path) -> float:
    return load_run(folder).recommender.policy.demand.risk_price


def test_the_threshold_that_limits_harm_is_chosen_again_for_new_plans(guarded):
    raw = with_summer()
    # Cheap, with little in it: a move to it often costs more.
    raw["plans"][0] = copy.deepcopy(raw["plans"][1]) | {"id": "summer", "name": "Summer"}
    raw["plans"][0]["fee"]["recurring"] = "13.00"
    raw["plans"][0]["valid_for"]["start"] = "2030-01-01"
    new = new_run(guarded, raw)
    old, made = read_manifest(guarded), read_manifest(new)
    assert demand_of(new) not in (0, demand_of(guarded))
    assert made.chosen[-1].risk_price == demand_of(new)
    assert [c for c in made.chosen if c.fold is not None] == [c for c in old.chosen if c.fold is not None]
    again = "the least saving that limits harm was chosen again for these plans"
    assert made.notes[-2] == again
    # For the choice, the plan that starts in 2030 is on the menus of 2018.
    policy, table, prediction = held_out_decisions(guarded, raw | {"version": "2030.9"})
    assert policy.harm_limit == 0.1
    chosen = policy.demanding(load_run(new).recommender.policy.demand)
    assert keeps_limit(harmed(chosen, table, prediction), table.subscriber, 0.1)
    assert table.menu[:, 0].all()

    raw["version"] = "2030.2"
    second = new_run(new, raw)
    assert demand_of(second) == demand_of(new)
    assert read_manifest(second).notes == made.notes


def held_out_decisions(folder: Path, raw: Any) -> tuple[Any, Any, Any]:
    """Return the policy, the training decisions with other plans, on sale at once, and their predictions."""
    saved = load_run(folder)
    for plan in raw["plans"]:
        plan["valid_for"]["start"] = "2018-01-01"
    loaded = saved.config.data.load(saved.config.catalogue.open())
    config = saved.config.model_copy(update={"catalogue": Catalogue.model_validate(raw)})
    table = label_decisions(config, loaded).table
    folds = inner_folds(table, config.seed)
    open_policy = option("policy", "best_bill")
    free = config.model_copy(update={"policy": open_policy})
    prediction = held_out_prediction(
        table, folds, lambda rows: fitted_recommender(free, config.model, rows, table, 1)
    )
    return config.policy, table, prediction


@pytest.mark.parametrize("kept", [True, False])
def test_a_threshold_stays_with_a_note_if_the_training_data_is_gone(guarded, tmp_path, kept):
    run = shutil.copytree(guarded, tmp_path / "outputs" / "2030-01-31" / "12-00-00-abc123")
    if kept:
        edit_run(run, lambda manifest: manifest.update(data_fingerprint="0" * 64))
        why = "the training data has changed since the run was trained"
    else:
        run = new_run(run, with_summer())
        shutil.rmtree(run.parents[1] / "2030-01-31" / "12-00-00-abc123")
        why = "12-00-00-abc123 is not a folder"
    new = new_run(run, with_summer("2030.3"))
    assert demand_of(new) == demand_of(run)
    (note,) = (note for note in read_manifest(new).notes if note.startswith(THRESHOLD_NOTE))
    assert "is still that of the old plans, so harm may exceed the limit" in note
    assert why in note


def test_figures_of_another_run_are_neither_ranked_nor_compared(run):
    new = new_run(run, with_summer())
    board = board_of([run, new])
    assert [row.run.folder for table in board.tables for row in table.rows] == [run.resolve()]
    (line,) = board.refused
    assert "2030-01-31/12-00-00-abc123" in line
    assert "without training" in why_not_paired(read_record(run), read_record(new))


def test_second_change_still_names_the_measured_run(run):
    first = new_run(run, with_summer())
    raw = with_summer("2030.2")
    raw["plans"][0]["sellable"] = False
    second = new_run(first, raw)
    assert servable_run(second).manifest.measured_by == load_run(first).manifest.measured_by
    assert read_manifest(second).notes == read_manifest(first).notes
    saved = load_run(second)
    _, decisions = saved.recommender.recommend(saved.recommender.table([read_request(heavy_user(saved))]))
    assert saved.recommender.plans[decisions.recommended[0]] != "summer"


def test_all_problems_of_a_catalogue_are_reported_at_once(run):
    raw = with_summer("2018.1.1") | {"catalogue_id": "other", "currency": "EUR"}
    raw["plans"][0]["eligibility"] = [{"field": "age", "op": "<=", "value": 26}]
    held = load_run(run).manifest.golden.requests[0]["plan_held"]
    dropped = next(plan["id"] for plan in raw["plans"][1:] if plan["id"] != held)
    raw["plans"] = [plan for plan in raw["plans"] if plan["id"] != dropped]
    lapsed = next(plan for plan in raw["plans"] if plan["id"] == held)
    lapsed["valid_for"]["end"] = "2018-01-02"
    message = "\n".join(refusal(run, raw).problems)
    assert "catalogue_id must stay 'ladder', got 'other'" in message
    assert "currency must stay USD, got EUR" in message
    assert "'2018.1.1' is the run's own and has other content: every change needs a new version" in message
    assert f"plan '{dropped}' must stay" in message
    assert "`sellable: false`" in message
    assert "the data has no attribute 'age'" in message
    assert f"'{held}' was not valid the day before the decision" in message


def test_same_catalogue_is_refused(run):
    (problem,) = refusal(run, raw_catalogue("ladder")).problems
    assert problem == "version must be new, '2018.1.1' is the run's own and has the same plans"


def test_invalid_catalogue_is_refused_with_every_problem(run):
    raw = with_summer()
    raw["plans"][0]["fee"]["recurring"] = "-1"
    raw["plans"][1]["name"] = 3
    assert len(refusal(run, raw).problems) == 2


@pytest.mark.parametrize("folder", ["bill_run", "history_run", "row_run"])
def test_model_that_ranks_only_its_plans_is_refused_with_alternatives(folder, request, tmp_path, capsys):
    run = request.getfixturevalue(folder)
    file = write_yaml(tmp_path, with_summer())
    assert main(["new-plans", str(run), file, "--outputs", str(tmp_path / "outputs")]) == RunError.exit_code
    message = capsys.readouterr().err
    assert "ranks only plans that it was trained on" in message
    assert f"catalogue.path={file} catalogue=file" in message
    assert "model=forecast calibration=none" in message
    assert not (tmp_path / "outputs").exists()


def test_changed_run_is_refused(run):
    (run / "out_of_fold.parquet").write_bytes(b"")
    assert "was changed after it was saved" in str(refusal(run, with_summer(), RunError))


KILLED_AT = """
import os, signal, sys
from planrec.cli import main
def kill(event, details):
    if event == "os.rename" and str(details[1]).endswith(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
main(["new-plans", *sys.argv[2:]])
"""


@pytest.mark.e2e
@pytest.mark.parametrize("file", ["model.skops", pytest.param("run.json", marks=pytest.mark.slow)])
def test_killed_command_leaves_no_run_and_can_be_repeated(run, file):
    outputs = run.parents[1]
    arguments = [str(run), write_yaml(outputs, with_summer()), "--outputs", str(outputs)]
    killed = subprocess.run([sys.executable, "-c", KILLED_AT, file, *arguments], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (begun,) = (path.parent for path in outputs.glob("*/*/config.json") if path.parent != run)
    assert complete_runs(outputs) == [run]
    with pytest.raises(RunError, match="the run did not finish"):
        load_run(begun)
    assert json.loads((begun / "config.json").read_text("utf-8"))["command"].endswith("plans.yaml")
    assert main(["new-plans", *arguments]) == 0
    assert len(complete_runs(outputs)) == 2


def test_commands_of_the_how_to_page_add_its_plan(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page, plans = (
        (REPOSITORY / "docs" / "how-to" / f"{name}.md").read_text("utf-8")
        for name in ("change-your-plans", "describe-your-plans")
    )
    (before,), (summer,) = (re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL) for text in (plans, page))
    (version,) = re.findall(r"`(version: [^`]+)`", page)
    Path("plans.yaml").write_text(before, "utf-8")
    Path("plans-2.yaml").write_text(re.sub(r"version: \S+", version, before) + summer, "utf-8")
    commands = re.findall(r"^planrec (\S+) (.*)$", page, flags=re.MULTILINE)
    quick = {"train": ["baselines=[]", "n_bootstrap=20", "cv.n_folds=2", "model.n_draws=16"]}
    for verb, arguments in commands:
        assert main([verb, *arguments.split(), *quick.get(verb, [])]) == 0
    assert [verb for verb, _ in commands] == ["train", "new-plans", "pin"]
    assert "my-operator 2026.1 -> 2026.2: added summer; changed none" in capsys.readouterr().out
    assert load_pinned(Path("outputs")).recommender.plans[-1] == "summer"
