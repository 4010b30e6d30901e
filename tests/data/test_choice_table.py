"""`data=choice_table`: wide and long files give one table; every bad case is reported."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from planrec.data.choice_table import ChoiceTable
from planrec.errors import DataError
from planrec.schema.tables import RowTable

CONF = Path(__file__).parents[2] / "conf" / "data" / "choice_table.yaml"
WIDE = """choice,users,cost1,cost2,cost3,avail1,avail2,avail3
1,2,5.0,6.5,99,1,1,0
2,1,7.0,6.0,8.0,1,1,1
3,4,9.0,9.5,8.5,1,1,1
"""
LONG = """household,plan,taken,users,cost
a,1,1,2,5.0
a,2,0,2,6.5
b,1,0,1,7.0
b,2,1,1,6.0
b,3,0,1,8.0
c,1,0,4,9.0
c,2,0,4,9.5
c,3,1,4,8.5
"""
OF_WIDE: dict[str, Any] = {
    "plan_column": "choice",
    "attributes": {"cost": "cost{plan}"},
    "available_column": "avail{plan}",
}
OF_LONG: dict[str, Any] = {
    "plan_column": "plan",
    "case_column": "household",
    "chosen_column": "taken",
    "attributes": {"cost": "cost"},
}


def options(**changes: Any) -> ChoiceTable:
    values = yaml.safe_load(CONF.read_text("utf-8"))
    del values["defaults"]
    return ChoiceTable(**values | {"path": "choices.csv"} | changes)


def load(content: str, folder: Path, **changes: Any) -> RowTable:
    file = folder / "choices.csv"
    file.write_text(content, "utf-8")
    return options(**changes | {"path": str(file)}).load(None)


def problems(content: str, folder: Path, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(content, folder, **changes)
    return str(caught.value)


@pytest.mark.parametrize(("content", "columns"), [(WIDE, OF_WIDE), (LONG, OF_LONG)])
def test_wide_and_long_files_give_one_table(tmp_path, content, columns):
    rows = load(content, tmp_path, plan_names={"1": "BM", "2": "SM", "3": "LF"}, **columns)
    assert list(rows.columns) == ["users", "cost@BM", "cost@SM", "cost@LF"]
    assert rows.label.tolist() == ["BM", "SM", "LF"]
    assert rows.columns["users"].tolist() == [2, 1, 4]
    np.testing.assert_array_equal(rows.columns["cost@LF"], [np.nan, 8.0, 8.5])


def test_without_a_column_of_it_blank_attributes_are_unavailable(tmp_path):
    content = "choice,cost1,cost2\n1,5,\n2,7,6\n1,3,4\n"
    rows = load(content, tmp_path, plan_column="choice", attributes={"cost": "cost{plan}"})
    np.testing.assert_array_equal(rows.columns["cost@2"], [np.nan, 6, 4])


def test_every_bad_case_of_a_wide_file_is_listed(tmp_path):
    bad = WIDE + "3,1,5,6,7,1,1,0\n4,1,5,6,7,1,1,1\n1,1,5,,7,1,1,1\n1,1,5,six,7,1,maybe,1\n"
    found = problems(bad, tmp_path, **OF_WIDE)
    for part in (
        "the chosen plan must be available at line 5",
        "the chosen plan must be one of 1, 2, 3, got '4' at line 6",
        "a plan that is available must have all its attributes at line 7",
        "column 'cost2' must hold numbers, got 'six' at line 8",
        "column 'avail2' must hold 1 or 0, got 'maybe' at line 8",
    ):
        assert part.replace("1, 2, 3", "'1', '2', '3'") in found or part in found


def test_every_bad_case_of_a_long_file_is_listed(tmp_path):
    bad = LONG + "d,1,1,3,4\nd,2,1,3,5\ne,1,0,3,4\ne,2,0,3,5\nf,1,1,3,4\nf,1,0,3,4\nf,2,0,8,4\n"
    found = problems(bad, tmp_path, **OF_LONG)
    assert "every case must have one chosen plan at line 10 (3 such rows, also line 12, line 14)" in found
    assert "must be one of" not in found
    assert "a case must have one row per plan at line 15" in found
    assert "column 'users' must be equal in all rows of a case" in found


def test_missing_columns_are_named_with_the_nearest(tmp_path):
    found = problems(WIDE, tmp_path, **OF_WIDE | {"plan_column": "choise"})
    assert "no column 'choise' (did you mean 'choice'?)" in found
    assert "two plans or more" in problems(WIDE, tmp_path, **OF_WIDE | {"attributes": {"p": "prize{plan}"}})
    unknown = problems(
        WIDE, tmp_path, plan_column="plan", **{k: v for k, v in OF_LONG.items() if k != "plan_column"}
    )
    assert "no column 'household'" in unknown


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (OF_LONG | {"chosen_column": None}, "needs both case_column and chosen_column"),
        (OF_LONG | {"attributes": {"cost": "cost{plan}"}}, "must not have {plan} in a long file"),
        (OF_WIDE | {"attributes": {"cost": "cost"}}, "must have {plan} once in a wide file"),
        (OF_WIDE | {"attributes": {"co@st": "cost{plan}"}}, "must not have @"),
    ],
)
def test_a_layout_that_is_unclear_is_refused(changes, rule):
    with pytest.raises(ValidationError, match=rule):
        options(**changes)
