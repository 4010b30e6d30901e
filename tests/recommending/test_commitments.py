"""The exit fee of a commitment: who pays it, in training, answers, logs, replays and scored files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from litestar.testing import TestClient
from msgspec.structs import replace as replaced

from api.app import create_app
from planrec.catalogue import Catalogue
from planrec.catalogue.commitments import CommitmentRules, with_commitments
from planrec.cli import main
from planrec.data.role_columns import RoleColumns
from planrec.policy import BestBillPolicy
from planrec.recommending.answer import ModelName
from planrec.recommending.answering import answers_of
from planrec.recommending.recommender import Recommender
from planrec.runs.read import SavedRun, load_run, replay_golden
from planrec.schema.request import Month, Request, fields_of, json_of, read_request
from planrec.serving.decision_log import DecisionLog, LoggedAnswer, LoggedRun
from planrec.serving.scoring.scorer import Scorer
from tests.catalogue.catalogues import raw_catalogue
from tests.serving.decision_log.decisions import KEY, url_of
from tests.trained_runs import edit_run, train_into

MODEL = ModelName("2030-01-31/12-00-00-abc123", "0.2.0")
N_MONTHS = 8
RUNNING, OVER, UNKNOWN = "2027-01-15", "2026-03-01", None
"Ends of commitments, for a decision on 2026-09-01."
USAGE = {"voice_calls": 10.0, "voice_minutes": 10.0, "sms": 5.0, "data_mib": 100.0}
MONTHS = tuple(Month(f"2026-{number:02}", **USAGE) for number in range(1, N_MONTHS + 1))


def plans(**contract: object) -> Any:
    """Return two plans with equal allowances: 24.90 with an exit fee of 25.00, and 18.00."""
    content = raw_catalogue("megaline_us")
    bound, free = content["plans"]
    bound |= {"id": "bound", "name": "Bound", "fee": {"recurring": "24.90", "activation": "0.00"}}
    bound["contract"] = {"commitment_months": 12, "early_termination_fee": "25.00"}
    free |= {"id": "other", "name": "Other", "fee": {"recurring": "18.00", "activation": "0.00"}}
    free["contract"] |= contract
    free["services"] = bound["services"]
    return content | {"plans": [bound, free]}


def months_table(n: int = 12) -> pd.DataFrame:
    """Make subscribers who hold the dear plan; one third each is bound, free, and unknown."""
    rows = [
        {"subscriber": f"s{each:02}", "month": month.month, "plan_held": "bound", **USAGE}
        | {"contract_end": (RUNNING, OVER, UNKNOWN)[each % 3]}
        for each in range(n)
        for month in MONTHS
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commitments")
    (folder / "plans.yaml").write_text(yaml.safe_dump(plans()), "utf-8")
    months_table().to_csv(folder / "months.csv", index=False)
    small = (
        *("data=usage_months", f"data.path={folder / 'months.csv'}", "data.plan_column=plan_held"),
        "data.commitment_ends_column=contract_end",
        *("catalogue=file", f"catalogue.path={folder / 'plans.yaml'}", "target=best_bill", "cv=grouped"),
        *(
            "target.min_history=3",
            "cv.n_folds=2",
            "n_bootstrap=20",
            "baselines=[]",
            "metrics=[regret]",
        ),
        *("model=rerate_3", "waivers.constant_label=test", "waivers.repeated_month=test"),
    )
    return train_into(folder / "2030-01-31" / "12-00-00-abc123", small=small)


@pytest.fixture(scope="module")
def saved(run_folder: Path) -> SavedRun:
    return load_run(run_folder)


def request(**changed: Any) -> Request:
    return Request(attributes={}, months=MONTHS, plan_held="bound", **changed)


def under(saved: SavedRun, **changed: object) -> Recommender:
    """Return the recommender with another policy."""
    policy = saved.recommender.policy
    assert isinstance(policy, BestBillPolicy)
    return replace(saved.recommender, policy=policy.model_copy(update=changed))


def answer(recommender: Recommender, **changed: Any) -> Any:
    return answers_of(recommender, {"id": request(**changed)}, MODEL)[0]


@pytest.mark.parametrize(
    ("ends", "decision", "assumptions"),
    [
        (RUNNING, "stay", []),
        (OVER, "recommend", []),
        ("2026-09-01", "recommend", []),  # T = 0 on the day itself
        ("2026-09-02", "stay", []),
        (UNKNOWN, "stay", ["commitment_unknown"]),
    ],
)
def test_only_a_running_commitment_costs_the_exit_fee(saved, ends, decision, assumptions) -> None:
    # A saving of 6.90 a month; an exit fee of 25.00 is 8.33 a month over three months.
    found = answer(saved.recommender, commitment_ends=ends)
    assert (found.decision, found.assumptions) == (decision, assumptions)
    assert not [each for item in found.items for each in item.reasons if each.code == "commitment"]
    other = next(item for item in found.items if item.plan_id == "other")
    assert other.expected_saving == ("6.90" if decision == "recommend" else "-1.43")


@pytest.mark.parametrize(
    ("unknown", "decision", "reason"),
    [
        ("bound", "stay", "nothing_better"),
        ("free", "recommend", "saves"),
        ("abstain", "abstain", "commitment_unknown"),
    ],
)
def test_the_policy_decides_about_an_unknown_commitment(saved, unknown, decision, reason) -> None:
    recommender = under(saved, unknown_commitment=unknown)
    found = answer(recommender)
    assert (found.decision, found.reason) == (decision, reason)
    assert found.assumptions == ["commitment_unknown"]
    known = [answer(recommender, commitment_ends=ends) for ends in (RUNNING, OVER)]
    assert [(each.decision, each.assumptions) for each in known] == [("stay", []), ("recommend", [])]


def test_without_an_exit_fee_nothing_is_assumed(saved) -> None:
    found = answers_of(saved.recommender, {"id": replaced(request(), plan_held="other")}, MODEL)[0]
    assert found.assumptions == []


@pytest.mark.parametrize(("longest", "is_offered"), [(None, True), (24, True), (23, False), (0, False)])
def test_a_plan_that_binds_too_long_is_not_offered(saved, longest, is_offered) -> None:
    catalogue = Catalogue.model_validate(plans(commitment_months=24))
    recommender = replace(under(saved, longest_commitment_months=longest), catalogue=catalogue)
    found = answer(recommender, commitment_ends=OVER)
    assert [item.plan_id for item in found.items] == (["other", "bound"] if is_offered else ["bound"])
    codes = [(each.plan_id, each.code) for each in found.not_offered]
    assert codes == ([] if is_offered else [("other", "commitment_too_long")])
    if is_offered:
        assert found.items[0].reasons[-1].sentence == "Other binds you for 24 months."
    # The plan held binds for 12 months and stays on the menu.
    assert found.decision == ("recommend" if is_offered else "stay")


def test_training_reads_the_commitments_of_its_months(saved) -> None:
    table = saved.recommender.table([read_request(each) for each in saved.manifest.golden.requests])
    assert {str(end) for end in table.commitment_ends} == {RUNNING, OVER, "NaT"}
    replay_golden(saved)


def test_labels_follow_the_commitments_and_the_rules_of_the_policy(saved) -> None:
    table = saved.recommender.table([request(commitment_ends=ends) for ends in (RUNNING, OVER, UNKNOWN)])
    table = replace(table, future_bills=np.array([[7470, 5400]] * 3))
    catalogue = saved.recommender.catalogue
    assert with_commitments(table, catalogue).y.tolist() == [0, 1, 0]
    free = with_commitments(table, catalogue, CommitmentRules("free"))
    assert free.y.tolist() == [0, 1, 1]
    assert free.exit_fee.tolist() == [2500, 0, 0]
    long = Catalogue.model_validate(plans(commitment_months=24))
    assert with_commitments(table, long, CommitmentRules("free", 12)).y.tolist() == [0, 0, 0]


def test_a_model_that_forecasts_bills_counts_the_fee_that_is_due() -> None:
    from planrec.model.drawn_bills import costs_of

    total = np.array([[[7470]] * 2, [[5400]] * 2])
    catalogue, held = Catalogue.model_validate(plans()), np.array([0, 0])
    due = costs_of(total, catalogue, held, np.array([2500.0, 0.0]))
    assert due[1].ravel().tolist() == [7900, 5400]
    assert costs_of(total, catalogue, held, None)[1].ravel().tolist() == [7900, 7900]


def test_the_api_takes_a_day_or_null_and_nothing_else(saved) -> None:
    body = json.loads(json_of(request(commitment_ends=OVER), fields_of(saved.recommender.inputs)))
    with TestClient(create_app(saved)) as client:
        assert client.post("/predict", json=body).json()["decision"] == "recommend"
        without = {name: value for name, value in body.items() if name != "commitment_ends"}
        reply = client.post("/predict", json=without).json()
        assert (reply["decision"], reply["assumptions"]) == ("stay", ["commitment_unknown"])
        for wrong in ("2026-02-30", "soon", 7, "2026-03"):
            reply = client.post("/predict", json=body | {"commitment_ends": wrong})
            assert reply.status_code == 422
            assert "/commitment_ends" in reply.text
        assert "commitment_ends" in client.get("/run/schema").json()["properties"]


def test_a_replay_repeats_the_commitment(saved, run_folder, tmp_path, capsys) -> None:
    from planrec.recommending.answer import encoded

    asked, fields = request(commitment_ends=OVER), fields_of(saved.recommender.inputs)
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    body = encoded(answers_of(saved.recommender, {"id-1": asked}, model)[0])
    catalogue = saved.recommender.catalogue
    run = LoggedRun(
        *(saved.run_id, saved.sha256, "0.2.0", catalogue.catalogue_id, catalogue.version, catalogue.sha256),
        "best_bill",
    )
    url = url_of(tmp_path / "decisions.sqlite")
    log = DecisionLog(url, KEY, queue_size=10)
    decision = LoggedAnswer("id-1", "request-1", "ann", json_of(asked, fields), "en", body, "other", 1.5, run)
    log.write(decision).result(10)
    log.close()
    assert main(["replay", "id-1", "--log", url, "--outputs", str(run_folder.parents[1])]) == 0
    assert "equal, byte for byte" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:usage .* is tiny:UserWarning")
def test_a_scored_file_has_the_column_of_training_or_none(saved) -> None:
    import pyarrow as pa

    scorer = Scorer(saved, "en", has_reasons=False)
    rows = pa.Table.from_pandas(months_table(3), preserve_index=False)
    scored = scorer.score(rows)
    assert scored["decision"].to_pylist() == ["stay", "recommend", "stay"]
    assert scored["assumptions"].to_pylist() == [None, None, "commitment_unknown"]
    without = scorer.score(rows.drop_columns(["contract_end"]))
    assert without["decision"].to_pylist() == ["stay"] * 3
    assert without["assumptions"].to_pylist() == ["commitment_unknown"] * 3


def test_a_run_of_the_version_before_is_loaded_with_the_old_behaviour(run_folder, tmp_path) -> None:
    import shutil

    def older(manifest: Any) -> None:
        for name in ("unknown_commitment", "longest_commitment_months"):
            del manifest["config"]["policy"][name]
        del manifest["config"]["data"]["commitment_ends_column"]
        for each in manifest["golden"]["requests"]:
            del each["commitment_ends"]
        # The answers of a version that charged the exit fee to all.
        manifest["golden"]["recommended"] = [0] * len(manifest["golden"]["requests"])

    copy = shutil.copytree(run_folder, tmp_path / "older")
    saved = load_run(edit_run(copy, older))
    replay_golden(saved)
    assert answer(saved.recommender).decision == "stay"


def ends_of(file: Path, cells: list[str | None]) -> RoleColumns:
    """Return the columns of a file with these ends of commitments."""
    from planrec.data.reading.open_input import open_input

    pd.DataFrame({"ends": cells, "other": range(len(cells))}).to_csv(file, index=False)
    return RoleColumns(open_input(file).whole(), {"data.commitment_ends_column": "ends"})


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (
            ["2026-12-31", None, "soon", "2026-11-30", "later", "soon"],
            "'soon' at line 4 (3 such rows, also line 6, line 7)",
        ),
        (["2026-12-31", "31.12.2026"], "'2026-12-31' at line 2 (2 such rows, also line 3)"),
    ],
)
def test_only_ends_that_are_not_dates_are_named(cells, found, tmp_path) -> None:
    columns = ends_of(tmp_path / "months.csv", cells)
    columns.days("data.commitment_ends_column")
    assert columns.problems[0].endswith(f"or blank cells, got {found}")


@pytest.mark.parametrize(("cells", "is_read"), [(["31.12.2026", None], True), (["soon", None], False)])
def test_ends_of_commitments_are_dates_or_blank(cells, is_read, tmp_path) -> None:
    columns = ends_of(tmp_path / "months.csv", cells)
    found = columns.days("data.commitment_ends_column")
    assert [str(day) for day in found] == (["2026-12-31", "NaT"] if is_read else ["NaT", "NaT"])
    assert columns.problems == (
        []
        if is_read
        else [
            "column 'ends' (data.commitment_ends_column) must hold dates (2018-11-30) or blank cells, got"
            " 'soon' at line 2"
        ]
    )
