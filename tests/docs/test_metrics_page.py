"""docs/reference/metrics.md describes every metric of the registry."""

import re

from planrec.metrics import METRICS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "metrics.md").read_text("utf-8")
BETTER = {True: "higher", False: "lower", None: "neither"}


def test_each_metric_has_one_row_with_its_formula_unit_direction_and_interval() -> None:
    rows = [re.split(r" (?<!\\)\| ", line[2:-2]) for line in PAGE.splitlines() if line.startswith("| `")]
    printed = {name.strip("`"): (unit, better) for name, _, unit, better, _ in rows}
    assert len(rows) == len(printed)
    assert printed == {name: (one.unit, BETTER[one.higher_is_better]) for name, one in METRICS.items()}
    assert [row[0] for row in rows if not all(cell.strip() for cell in row)] == []


def test_the_guard_on_the_page_is_that_of_the_registry() -> None:
    guards = {name: one.at_most for name, one in METRICS.items() if one.at_most is not None}
    assert {
        name: float(value) for name, value in re.findall(r"`(\w+)`.*a guard warns above ([\d.]+)", PAGE)
    } == guards
