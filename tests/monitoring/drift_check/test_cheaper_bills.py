"""P(cheaper) of advice in a log, compared with the bills that came."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planrec.monitoring.drift_check import DRIFT_FILE, DriftReport, cheaper_bills, check_log
from planrec.monitoring.realised.realised_table import realised_table
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import change, rows_of

TODAY = datetime.now(UTC).date()


def checked(world: World, folder: Path) -> DriftReport:
    return check_log(world.saved, world.url, folder, TODAY, TODAY + timedelta(days=1))


def pairs(report: DriftReport) -> list[tuple[float, bool]]:
    """Return P(cheaper) and what came true, of each advice."""
    return [
        (float(chance), bool(came_true))
        for day in report.bills
        for chance, came_true in zip(day.probability, day.was_cheaper, strict=True)
    ]


def test_the_first_move_of_each_subscriber_is_compared_with_its_bills(world: World, tmp_path: Path) -> None:
    assert checked(world, tmp_path).cheaper is None
    assert world.outcomes(world.file(world.between("2018-07", "2018-11"))) == 0
    # A run of the past whose folder is gone; it is not looked for.
    change(world.url, "UPDATE decisions SET run_sha256 = 'another' WHERE position % 7 = 0")
    report = checked(world, tmp_path)
    table = realised_table(world.url, world.outputs).rows
    assert table is not None
    moved = table[(table["model"] == "advised") & (table["decision"] == "recommend")]
    # All three decisions about a subscriber share the bill of September.
    first = moved.sort_values("as_of").drop_duplicates("subscriber").to_dict("records")
    expected = [
        (
            row[f"cheaper@{row['recommended']}"],
            row[f"future@{row['recommended']}"] + row[f"switching@{row['recommended']}"]
            < row[f"future@{row['held']}"],
        )
        for row in first
    ]
    assert sorted(pairs(report)) == sorted(expected)
    assert 0 < sum(came_true for _, came_true in expected) < len(expected)
    shown = json.loads((tmp_path / DRIFT_FILE).read_text("utf-8"))["cheaper"]
    assert shown["bills"] == len(expected)


def test_bills_are_judged_again_only_if_there_are_new_ones(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.outcomes(world.file(world.between("2018-07", "2018-09"))) == 0
    report = checked(world, tmp_path)
    kinds = "SELECT event, content FROM decision_events WHERE event IN ('count', 'realised')"
    logged = rows_of(world.url, kinds)
    assert ("count", '{"check":"cheaper","answers":240}') in logged
    assert "realised" not in dict(logged)
    with monkeypatch.context() as patch:
        patch.delattr(cheaper_bills, "judged_advice")
        again = checked(world, tmp_path)
    assert again.notes == ()
    assert pairs(again) == pairs(report) != []
    assert rows_of(world.url, kinds) == logged
    assert world.outcomes(world.file(world.between("2018-10", "2018-11"))) == 0
    assert len(pairs(checked(world, tmp_path))) > len(pairs(report))
