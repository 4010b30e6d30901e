"""Choices to learn from: the households of the published figures, and drawn ones."""

from pathlib import Path

import numpy as np

from planrec.choice import ConditionalLogitClassifier, Specification
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import load_decisions
from tests.quick_configs import composed

GROUPS = {"measured": ("BM", "SM"), "flat": ("LF", "EF", "MF")}
PLAIN = Specification(
    attributes={"cost": "linear"},
    constants="by_plan",
    reference="SM",
    groups=GROUPS,
    by_group=(),
    interactions={},
    nests=(),
    nest_scale="free",
    price="cost",
)


def households(shared_data: Path) -> DecisionTable:
    """Load the 434 cases through `data=telephone`."""
    return load_decisions(composed("data=telephone", f"data.path={shared_data}/telephone/tel.dat")).table


def fitted(specification: Specification, table: DecisionTable) -> ConditionalLogitClassifier:
    return ConditionalLogitClassifier(specification).fit(table.X, table.labels, table.subscriber)


def drawn_choices(n: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw choices among three plans by cost (-0.5) and constants (0, 0.5, -0.5); C is often unavailable."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(1, 9, (n, 3))
    cost[rng.random(n) < 0.3, 2] = np.nan
    utility = -0.5 * cost + np.array([0, 0.5, -0.5]) + rng.gumbel(size=(n, 3))
    X = {f"cost@{plan}": cost[:, at] for at, plan in enumerate("ABC")}
    return X, np.where(np.isnan(utility), -np.inf, utility).argmax(axis=1)


NONE_BY_PLAN = ("model.constants=none", "data.drop_columns=[person]")


def choices_file(folder: Path) -> tuple[str, ...]:
    """Write 200 drawn choices of 100 people, and return the overrides that read them."""
    X, y = drawn_choices(200)
    cells = [["" if np.isnan(value) else f"{value:.2f}" for value in values] for values in X.values()]
    rows = [
        ",".join([str(row // 2), "ABC"[y[row]], *(column[row] for column in cells)]) for row in range(200)
    ]
    file = folder / "choices.csv"
    file.write_text("\n".join(["person,choice,costA,costB,costC", *rows]) + "\n", "utf-8")
    return (
        *("data=choice_table", f"data.path={file}", "data.plan_column=choice"),
        *("data.attributes={cost: 'cost{plan}'}", "n_bootstrap=50"),
    )
