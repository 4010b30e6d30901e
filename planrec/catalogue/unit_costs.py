"""The operator's own costs of usage: private figures in a file of their own.

They are not part of RunConfig or of the catalogue, so that they cannot reach a run folder, a card, an answer
or a tracking server. This module writes no files.

    schema: planrec.unit_costs/1
    catalogue_id: ladder
    currency: USD
    plans:
      mini: {minute: "0.004", message: "0.001", data_unit: "0.35"}
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from planrec.catalogue.plans import Catalogue
from planrec.catalogue.terms import Money
from planrec.catalogue.yaml_file import read_model
from planrec.errors import CatalogueError
from planrec.schema.config_model import Config
from planrec.wording import did_you_mean


class UnitCost(Config):
    """The operator's costs of one unit of usage on a plan."""

    minute: Money
    message: Money
    data_unit: Money
    "Per unit of the catalogue's `data_unit`: a GiB or GB."

    def __repr__(self) -> str:
        return "UnitCost(private)"

    __str__ = __repr__


class UnitCosts(Config, populate_by_name=True, serialize_by_alias=True):
    """The private costs of all plans of one catalogue."""

    schema_: Annotated[Literal["planrec.unit_costs/1"], Field(alias="schema")]
    catalogue_id: str
    currency: str
    plans: dict[str, UnitCost]
    "Plan id -> costs, for exactly the plans of the catalogue."


def read_unit_costs(file: Path, catalogue: Catalogue) -> UnitCosts:
    """Read the costs of a catalogue's plans.

    Raises:
        CatalogueError: the file is not valid, or does not fit the catalogue; lists every difference.
    """
    costs = read_model(file, UnitCosts)
    problems = [
        f"{name} must be the catalogue's {expected!r}, got {found!r}"
        for name, found, expected in (
            ("catalogue_id", costs.catalogue_id, catalogue.catalogue_id),
            ("currency", costs.currency, catalogue.currency),
        )
        if found != expected
    ]
    unknown = [plan for plan in costs.plans if plan not in catalogue.plan_ids]
    problems += [f"plans: no plan {plan!r}{did_you_mean(plan, catalogue.plan_ids)}" for plan in unknown]
    problems += [f"plans: {plan!r} is missing" for plan in catalogue.plan_ids if plan not in costs.plans]
    if problems:
        raise CatalogueError(f"{file} does not fit the catalogue {catalogue.catalogue_id!r}", problems)
    return costs
