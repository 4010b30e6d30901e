"""`planrec realised`: metrics by group, what is not judged, harm, acceptance, and damaged logs."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from planrec.catalogue import rate
from planrec.cli import main
from planrec.monitoring.realised import realised as realised_module
from planrec.monitoring.realised.judged_run import RECOMMENDATION_ID, RUN, RUN_SHA256
from planrec.monitoring.realised.realised import Realised, realised
from planrec.monitoring.realised.realised_json import as_json
from planrec.monitoring.realised.realised_table import realised_table
from planrec.monitoring.realised.realised_terminal import MOST_HARMED
from planrec.runs.read import SavedRun
from planrec.schema.columns import Usage
from planrec.serving.decision_log.search import Days
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import change, rows_of

LATER = ("2018-07", "2018-11")


@pytest.fixture(scope="session")
def judged_world(advised_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The log with all months that judge its advice, bills, and some events; read-only."""
    folder = shutil.copytree(advised_world.folder, tmp_path_factory.mktemp("judged") / "world")
    world = World(folder, advised_world.saved, advised_world.months)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(world.key_file))
        assert world.outcomes(world.file(world.between(*LATER))) == 0
        events = ["accepted", "declined", "left"] * 80
        advice = pd.concat(world.advice(month) for month in ("2018-06", "2018-07", "2018-08"))
        rows = pd.DataFrame({"recommendation_id": advice["recommendation_id"], "event": events})
        assert world.outcomes(world.file(rows)) == 0
    return world


def command(world: World, *options: object) -> int:
    words = ["realised", "--log", world.url, "--outputs", world.outputs, *options]
    return main(list(map(str, words)))


def value(found: Realised, model: str, metric: str) -> float:
    (one,) = (v for v in found.metrics if (v.model, v.metric, v.group) == (model, metric, None))
    return one.value


def test_advice_is_beside_promise_baselines_and_what_was_accepted(judged_world: World) -> None:
    found = realised(judged_world.url, judged_world.outputs)
    models = list(dict.fromkeys(v.model for v in found.metrics))
    assert models == ["advised", "accepted", "stay", "cheapest_fee", "rerate_1", "rerate_3", "rerate_6"]
    assert value(found, "stay", "switch_rate") == 0
    assert 0 < value(found, "accepted", "switch_rate") < value(found, "advised", "switch_rate")
    own = judged_world.saved.manifest.own_values["regret"]
    assert [v.value for v in found.promised if v.metric == "regret"] == [own.value]
    moves = found.moves
    assert moves.advised == moves.accepted + moves.declined + moves.left > 0
    assert sum(one.n for one in found.reliability) > 0


def test_harm_is_listed_by_recommendation_as_the_bills_say(judged_world: World) -> None:
    found = realised(judged_world.url, judged_world.outputs)
    assert found.harm_rate is not None
    assert len(found.harmed) == round(found.harm_rate.value * 240) > 0
    worst = found.harmed[0]
    (request,) = rows_of(
        judged_world.url,
        f"SELECT request FROM decisions WHERE recommendation_id = '{worst.recommendation_id}'",
    )
    advice = judged_world.advice(str(pd.Period(worst.as_of, "M") - 1)).set_index("recommendation_id")
    name = advice["subscriber_ref"][worst.recommendation_id]
    label_months = pd.period_range(worst.as_of, periods=3, freq="M").astype(str)
    months = judged_world.months
    rows = months[(months["subscriber"] == name) & months["month"].isin(label_months)]
    catalogue = judged_world.saved.recommender.catalogue
    assert catalogue is not None
    bills = rate({usage: rows[usage].to_numpy() for usage in Usage.ALL}, catalogue).sum(axis=0)
    plans = list(catalogue.plan_ids)
    extra = bills[plans.index(worst.advised)] - bills[plans.index(worst.plan_held)]
    assert worst.extra == pytest.approx(extra / 300)
    assert json.loads(request[0])["plan_held"] == worst.plan_held


@pytest.mark.parametrize("by", ["plan_held", "run"])
def test_groups_have_the_decisions_of_the_whole(judged_world: World, by: str) -> None:
    found = realised(judged_world.url, judged_world.outputs, by=by)
    sizes = [next(v for v in values if v.metric == "regret").n_decisions for values in found.by.values()]
    assert sum(sizes) == 240
    assert (len(sizes) > 2) == (by == "plan_held")


def test_two_runs_with_one_id_are_judged_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realised_module, "evaluate", lambda rows, *_: rows[RECOMMENDATION_ID].tolist())
    advised = pd.DataFrame({RECOMMENDATION_ID: ["one", "two"], RUN: "2030-01-31/new", RUN_SHA256: ["a", "b"]})
    manifest = SimpleNamespace(seed=0, n_bootstrap=50)
    found = [
        realised_module._of_run(
            cast(SavedRun, SimpleNamespace(run_id="2030-01-31/new", sha256=sha256, manifest=manifest)),
            advised,
        )
        for sha256 in "ab"
    ]
    assert found == [["one"], ["two"]]


def test_a_run_that_answered_under_two_versions_of_planrec_is_judged_once(
    judged_world: World, tmp_path: Path
) -> None:
    folder = shutil.copytree(judged_world.folder, tmp_path / "world")
    world = World(folder, judged_world.saved, judged_world.months)
    change(world.url, "UPDATE decisions SET version = '0.0.1' WHERE position % 2 = 0")
    found = realised_table(world.url, world.outputs)
    assert [run.sha256 for run in found.runs] == [world.saved.sha256]
    assert found.rows is not None


def test_runs_are_named_whole_and_two_with_one_id_apart(
    judged_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(judged_world, "--by", "run") == 0
    shown = capsys.readouterr().out
    assert shown.count(f"│ {judged_world.saved.run_id} │") >= 3
    assert "…" not in shown
    runs = [cast(SavedRun, SimpleNamespace(run_id="2030-01-31/new", sha256=sha256 * 64)) for sha256 in "ab"]
    assert list(realised_module._names_of(runs).values()) == [
        "2030-01-31/new (aaaaaaaa)",
        "2030-01-31/new (bbbbbbbb)",
    ]


def test_days_are_those_of_the_decisions(judged_world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(judged_world, "--since", "2018-08-01", "--until", "2018-08-31", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["judged"], found["days"]) == (80, "2018-08-01..2018-08-31")
    assert command(judged_world, "--since", "2019-01-01") == 1
    assert "no advice can be judged yet" in capsys.readouterr().out


def test_the_terminal_shows_metrics_moves_and_harm(
    judged_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(judged_world, "--by", "plan_held", "--harmed") == 0
    shown = capsys.readouterr().out
    for words in (
        "of 80 subscribers judged by bills, 2018-07-01..2018-09-01, amounts in USD a month",
        "advised",
        "promised",
        "moves advised",
        "P(cheaper)",
        "extra a month",
    ):
        assert words in shown


def test_missing_months_are_counted_by_reason(each_world: World) -> None:
    rows = each_world.between("2018-07", "2018-10")
    gone, silent = rows["subscriber"].unique()[:2]
    rows = rows[~((rows["subscriber"] == silent) & (rows["month"] == "2018-10"))]
    rows = rows[~((rows["subscriber"] == gone) & (rows["month"] > "2018-07"))]
    assert each_world.outcomes(each_world.file(rows)) == 0
    left = pd.DataFrame({"subscriber": [gone], "event": ["left"], "month": ["2018-08"]})
    assert each_world.outcomes(each_world.file(left)) == 0
    found = realised_table(each_world.url, each_world.outputs)
    counts = {reason: len(names) for reason, names in found.unjudged.items()}
    # The advice of September waits for November; that of August and July lacks months of two subscribers.
    assert counts == {"left": 3, "months_missing": 80}
    assert found.rows is not None
    assert found.rows["decision_id"].nunique() == 240 - 83


def test_months_that_are_not_over_are_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.outcomes(world.file(world.between("2018-07", "2018-09"))) == 0
    # A clock that went back does not unjudge advice whose months are all there.
    monkeypatch.setattr("planrec.monitoring.realised.realised_table.running_month", lambda: "2018-08")
    found = realised_table(world.url, world.outputs)
    assert {reason: len(names) for reason, names in found.unjudged.items()} == {"not_over": 160}
    assert found.rows is not None


def test_advice_that_was_given_again_is_judged_once(world: World) -> None:
    change(world.url, "UPDATE decisions SET time = '2020-01-01'")
    change(world.url, "CREATE TABLE later AS SELECT * FROM decisions")
    new = "recommendation_id = 'again ' || recommendation_id, time = '2021-01-01', position = position + 1000"
    change(world.url, f"UPDATE later SET {new}")
    change(world.url, "INSERT INTO decisions SELECT * FROM later")
    assert world.outcomes(world.file(world.between(*LATER))) == 0
    first = world.advice("2018-06")["recommendation_id"].iloc[0]
    rows = pd.DataFrame({"recommendation_id": [first], "event": ["accepted"]})
    assert world.outcomes(world.file(rows)) == 0
    found = realised_table(world.url, world.outputs)
    assert len(found.unjudged["answered_again"]) == 240
    assert found.events[f"again {first}"] == {"accepted"}


def test_other_answers_than_now_are_counted_and_judged_as_given(world: World) -> None:
    change(
        world.url,
        'UPDATE decisions SET answer = replace(answer, \'"decision":"stay"\', \'"decision":"abstain"\')',
    )
    assert world.outcomes(world.file(world.between(*LATER))) == 0
    found = realised_table(world.url, world.outputs)
    assert found.rows is not None
    advised = found.rows[found.rows["model"] == "advised"]
    assert found.n_differing == (advised["decision"] == "abstain").sum() > 0


def test_a_run_that_is_gone_is_counted(judged_world: World) -> None:
    found = realised_table(judged_world.url, judged_world.folder / "nowhere")
    assert found.rows is None
    assert {reason: len(names) for reason, names in found.unjudged.items()} == {"no_run": 240}


@pytest.mark.parametrize(
    ("statement", "n_unreadable"),
    [
        ("UPDATE decisions SET answer = 'no JSON' WHERE recommendation_id = '{}'", 1),
        (
            "UPDATE decisions SET request = replace(request, '8-06', '8-6x') WHERE recommendation_id = '{}'",
            1,
        ),
        ("DELETE FROM decisions WHERE recommendation_id = '{}'", 0),
    ],
)
def test_rows_that_were_changed_are_counted(world: World, statement: str, n_unreadable: int) -> None:
    assert world.outcomes(world.file(world.between(*LATER))) == 0
    first = world.advice("2018-06")["recommendation_id"].iloc[0]
    change(world.url, statement.format(first))
    found = realised_table(world.url, world.outputs)
    assert len(found.unjudged.get("unreadable", ())) == n_unreadable
    assert found.rows is not None
    assert found.rows["decision_id"].nunique() == 239


def test_bills_that_were_sent_are_compared_with_those_rated(world: World) -> None:
    rows = world.between("2018-07", "2018-09").reset_index(drop=True)
    catalogue = world.saved.recommender.catalogue
    assert catalogue is not None
    bills = rate({usage: rows[usage].to_numpy() for usage in Usage.ALL}, catalogue)
    held = [list(catalogue.plan_ids).index(plan) for plan in rows["plan_held"]]
    rows["bill"] = bills[range(len(rows)), held] / 100
    rows.loc[0, "bill"] += 24.0
    assert world.outcomes(world.file(rows)) == 0
    found = realised(world.url, world.outputs, Days())
    assert (found.bills.n_months, found.bills.n_different) == (240, 1)
    assert found.bills.mean_difference == pytest.approx(0.1)


def test_groups_of_protected_columns_come_with_the_outcomes(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planrec.data.protected.FEWEST", 20)
    rows = world.between(*LATER)
    ages = {name: 20 + 2 * number for number, name in enumerate(rows["subscriber"].unique())}
    file = world.file(rows.assign(age=rows["subscriber"].map(ages)))
    assert world.outcomes(file, "+data.protected_columns={age: [60, 100]}") == 0
    found = realised(world.url, world.outputs, by="segment")
    assert list(found.by) == ["age 100+", "age 60 to <100", "age <60"]
    assert {v.metric for v in found.metrics} >= {"harm_rate_by_group", "harm_gap"}
    assert found.table.rare_groups == {}
    # 20 and 20 subscribers are below 60 and below 100, 40 are above.
    monkeypatch.setattr("planrec.data.protected.FEWEST", 21)
    merged = realised(world.url, world.outputs, by="segment")
    assert list(merged.by) == ["age 100+", "age other"]
    assert merged.table.rare_groups == {"age": 2}
    monkeypatch.setattr("planrec.data.protected.FEWEST", 100)
    assert command(world, "--by", "segment") == 0
    shown = capsys.readouterr().out
    assert "'age': 3 groups of fewer than 100 subscribers each form the group 'other'" in shown


def test_groups_that_no_outcome_names_are_an_error(
    judged_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(judged_world, "--by", "segment") == 2
    assert "no outcome names a group" in capsys.readouterr().err


def test_without_any_outcome_nothing_is_judged(
    advised_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(advised_world, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["judged"], found["unjudged"]) == (0, {"months_missing": 240})
    assert_keys_are_stable(list(found))


def assert_keys_are_stable(keys: Sequence[str]) -> None:
    assert keys == [
        *(
            "schema",
            "made_at",
            "days",
            "decided",
            "currency",
            "runs",
            "newest_month",
            "judged",
            "subscribers",
            "unjudged",
        ),
        *(
            "rare_groups",
            "answers_that_differ",
            "metrics",
            "promised",
            "of_runs",
            "by",
            "reliability_of_cheaper",
            "moves",
            "n_harmed",
            "harmed",
            "bills",
        ),
    ]


def test_a_report_of_the_run_has_a_section(judged_world: World, tmp_path: Path) -> None:
    outputs, page = tmp_path / "outputs", tmp_path / "report.html"
    run = shutil.copytree(judged_world.saved.folder, outputs / "2030-01-31" / "12-00-00-abc123")
    words = ["--outputs", str(outputs)]
    report = ["report", str(run), "--output", str(page), *words]
    assert main(["realised", "--log", judged_world.url, "--save", *words]) == 0
    assert main(report) == 0
    found = realised(judged_world.url, judged_world.outputs)
    harmed = found.harmed
    saved = json.loads((outputs / "monitoring" / "realised.json").read_text("utf-8"))
    assert len(saved["harmed"]) == MOST_HARMED < saved["n_harmed"] == len(harmed)
    assert len(json.loads(as_json(found))["harmed"]) == len(harmed)
    assert f"The worst first, {MOST_HARMED} of {len(harmed)}" in page.read_text("utf-8")
    (own,) = saved["of_runs"].values()
    overall = [v for v in saved["metrics"] if v["model"] == "advised"]
    assert own == [v for v in overall if v["metric"] in ("regret", "harm_rate")]
    for shown in ("Realised by bills", "cheapest_<wbr>fee", harmed[0].recommendation_id):
        assert shown in page.read_text("utf-8")
    file = outputs / "monitoring" / "realised.json"
    content = file.read_text("utf-8")
    file.write_text(content.replace('"currency": "USD"', '"currency": "<b>USD</b>"'), "utf-8")
    assert main(report) == 0
    assert "<b>USD" not in page.read_text("utf-8")
    file.write_text(content.replace(judged_world.saved.sha256, "0" * 64), "utf-8")
    assert main(report) == 0
    assert "Realised by bills" not in page.read_text("utf-8")
    file.write_text("{}", "utf-8")
    assert main(report) == 1
