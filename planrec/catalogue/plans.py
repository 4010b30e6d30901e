"""The plan catalogue: one YAML per operator, checked whole, with every problem in one error.

A catalogue says how usage becomes money; `rating` does the arithmetic. Money is a decimal string, usage of
a service is counted in the service's unit, and a version never changes: any change is a new version.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from planrec.catalogue.agreement import problems_of, reworded
from planrec.catalogue.terms import (
    Contract,
    DataUnit,
    Eligibility,
    Fee,
    OveragePolicy,
    Period,
    Services,
    ValidFor,
    exponent_of,
)
from planrec.errors import CatalogueError
from planrec.schema import Columns, Config, shown


class Plan(Config):
    """One tariff."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    name: str
    sellable: bool
    "False: can be held, not recommended."
    valid_for: ValidFor
    period: Period
    fee: Fee
    services: Services
    overage_policy: OveragePolicy
    contract: Contract
    eligibility: tuple[Eligibility, ...]
    "All must hold."

    def eligible(self, attributes: Columns, n: int) -> np.ndarray:
        """Who of n subscribers may have the plan, shape (n,), bool.

        `attributes` must answer the plan's conditions: see `Catalogue.check_attributes`.
        """
        eligible = np.ones(n, bool)
        for rule in self.eligibility:
            eligible &= rule.holds(attributes[rule.field])
        return eligible


class Catalogue(Config, populate_by_name=True, serialize_by_alias=True):
    """All plans of one operator, one version."""

    schema_: Annotated[Literal["planrec.catalogue/1"], Field(alias="schema")]
    catalogue_id: str
    version: str
    "Immutable: any change is a new version."
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    "ISO 4217."
    data_unit: DataUnit
    plans: Annotated[tuple[Plan, ...], Field(min_length=1)]

    @field_validator("plans", mode="wrap")
    @classmethod
    def _plans_agree(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Join the errors inside each plan and those between plans, so that one look is enough."""
        problems = list(problems_of(value, info.data))
        try:
            plans = handler(value)
        except ValidationError as error:
            problems = [*reworded(error.errors(include_url=False)), *problems]
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return plans

    def __hash__(self) -> int:
        """Equal catalogues, equal hash; cheap, so that prepared tariffs can be looked up by catalogue."""
        return hash(self.sha256)

    def __eq__(self, other: object) -> bool:
        """Whether the content is the same; cheap, too: pydantic compares plan by plan."""
        return isinstance(other, Catalogue) and self.sha256 == other.sha256

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Pydantic's, but what was derived from the old content is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in vars(copied).keys() - type(self).model_fields.keys():
            del vars(copied)[name]
        return copied

    def open(self) -> "Catalogue":
        """The catalogue itself; `NoCatalogue.open` gives None."""
        return self

    @cached_property
    def plan_ids(self) -> tuple[str, ...]:
        """Ids in the order of the file: the order of every (n, J) array."""
        return tuple(plan.id for plan in self.plans)

    @cached_property
    def sha256(self) -> str:
        """Identity of this version: hash of the canonical JSON."""
        return hashlib.sha256(self.json_text.encode()).hexdigest()

    @cached_property
    def json_text(self) -> str:
        """Canonical JSON, equal for equal catalogues: how a fitted estimator keeps its catalogue."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    @lru_cache(maxsize=64)
    def from_json(cls, text: str) -> "Catalogue":
        """The catalogue whose `json_text` this is; checked once, the same object for the same text."""
        return cls.model_validate_json(text)

    @property
    def exponent(self) -> int:
        """Decimals of the currency: 2 for USD, 0 for JPY."""
        return exponent_of(self.currency)

    def plan(self, plan_id: str) -> Plan:
        """The plan of this id. Raises CatalogueError, naming the known ids."""
        if plan_id not in self.plan_ids:
            raise CatalogueError(f"no plan {plan_id!r}; plans: {', '.join(self.plan_ids)}")
        return self.plans[self.plan_ids.index(plan_id)]

    def valid_on(self, days: np.ndarray) -> np.ndarray:
        """Whether each plan, sellable or not, is valid on each day. Days (n,) datetime64 -> (n, J) bool."""
        starts, ends = self._validity
        return (days[:, np.newaxis] >= starts) & (days[:, np.newaxis] < ends)

    def check_attributes(self, attributes: Columns) -> None:
        """Where a catalogue meets the attributes of loaded data: can every condition of a plan be asked?

        Raises:
            CatalogueError: counts and names every condition that cannot, and what the data has.
        """
        rules = [(plan.id, rule) for plan in self.plans for rule in plan.eligibility]
        problems = [
            f"plan {plan!r}, {rule}: {misfit}"
            for plan, rule in rules
            if (misfit := rule.misfit(attributes)) is not None
        ]
        if problems:
            raise CatalogueError(
                f"{len(problems)} of {len(rules)} conditions of eligibility cannot be asked of this data;"
                f" its attributes: {shown(attributes, most=20) or 'none'}",
                problems,
            )

    def offered(self, days: np.ndarray, attributes: Columns) -> np.ndarray:
        """What may be recommended: sellable, valid and eligible. Days (n,) datetime64 -> (n, J) bool.

        Raises:
            CatalogueError: a condition of eligibility that the attributes do not answer.
        """
        self.check_attributes(attributes)
        offered = self.valid_on(days) & self._is_sellable
        for position, plan in enumerate(self.plans):
            if plan.eligibility:
                offered[:, position] &= plan.eligible(attributes, len(days))
        return offered

    @cached_property
    def _is_sellable(self) -> np.ndarray:
        """Shape (J,), bool."""
        return np.array([plan.sellable for plan in self.plans])

    @cached_property
    def _validity(self) -> tuple[np.ndarray, np.ndarray]:
        """First valid day and first day after it of each plan, shape (J,) each, datetime64[D]."""
        spans = [plan.valid_for for plan in self.plans]
        ends = [date.max if span.end is None else span.end for span in spans]
        return np.array([span.start for span in spans], "datetime64[D]"), np.array(ends, "datetime64[D]")

    def mib_per_unit(self, unit: str) -> Decimal:
        """MiB in one of a data service's units."""
        return Decimal(1) if unit == "MiB" else self.data_unit.mib


class NoCatalogue(Config, populate_by_name=True, serialize_by_alias=True):
    """`catalogue=none`: plans are only class names, without bills."""

    schema_: Annotated[Literal["none"], Field(alias="schema")]

    def open(self) -> None:
        """There is no catalogue."""
        return
