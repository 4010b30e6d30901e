"""The households of the published figures, and the options of their models."""

from pathlib import Path

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
