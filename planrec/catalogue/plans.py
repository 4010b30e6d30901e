"""The plan catalogue: one YAML per operator, checked as a whole, with every problem in one error.

A catalogue defines how usage becomes money; `rating` does the arithmetic. Money is a decimal string, usage is
counted in the unit of its service, and a version never changes: any change makes a new version.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from planrec.catalogue.cross_plan_rules import cross_plan_errors, errors_inside_plans, errors_outside_plans
from planrec.catalogue.currencies import currency_from, exponent_of
from planrec.catalogue.terms import (
    Contract,
    DataUnit,
    Eligibility,
    Fee,
    OveragePolicy,
    Period,
    Services,
    ValidFor,
)
from planrec.errors import CatalogueError
from planrec.files.hashing import sha256_of
from planrec.schema.columns import Columns
from planrec.schema.config_model import Config
from planrec.schema.shown_name import ShownName
from planrec.wording import shown


class Plan(Config):
    """One tariff."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    name: ShownName
    sellable: bool
    "False if the plan can be held but not recommended."
    valid_for: ValidFor
    period: Period
    fee: Fee
    services: Services
    overage_policy: OveragePolicy
    contract: Contract
    eligibility: tuple[Eligibility, ...]
    "All conditions must hold."

    def eligible(self, attributes: Columns, n: int) -> np.ndarray:
        """Return which of n subscribers may have the plan, shape (n,), bool.

        Args:
            attributes: columns that the plan's conditions can read, see `Catalogue.check_attributes`.
            n: number of subscribers.
        """
        eligible = np.ones(n, bool)
        for rule in self.eligibility:
            eligible &= rule.holds(attributes[rule.field])
        return eligible


class Catalogue(Config, populate_by_name=True, serialize_by_alias=True):
    """All plans of one operator, one version."""

    schema_: Annotated[Literal["planrec.catalogue/1"], Field(alias="schema")]
    catalogue_id: ShownName
    version: ShownName
    "Immutable: any change is a new version."
    currency: Annotated[str, BeforeValidator(currency_from), Field(pattern=r"^[A-Z]{3}$")]
    "ISO 4217, a currency that customers pay with."
    data_unit: DataUnit
    plans: Annotated[tuple[Plan, ...], Field(min_length=1)]

    @field_validator("plans", mode="wrap")
    @classmethod
    def _check_plans(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> tuple[Plan, ...]:
        """Join the errors inside plans and those between plans, so that one message lists all."""
        problems = list(cross_plan_errors(value, info.data))
        try:
            plans: tuple[Plan, ...] = handler(value)
        except ValidationError as error:
            problems = [*errors_inside_plans(error.errors(include_url=False)), *problems]
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return plans

    @model_validator(mode="wrap")
    @classmethod
    def _name_known_clauses(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Say of a key outside plans that it is a known clause, not a typing error."""
        try:
            return handler(value)
        except ValidationError as error:
            problems = list(errors_outside_plans(error.errors(include_url=False)))
            raise ValidationError.from_exception_data(cls.__name__, problems) from None

    def __repr__(self) -> str:
        return f"<Catalogue {self.catalogue_id} {self.version}, {self.currency}: {len(self.plans)} plans>"

    def __hash__(self) -> int:
        """Hash the content cheaply, so that prepared tariffs can be cached by catalogue."""
        return hash(self.sha256)

    def __eq__(self, other: object) -> bool:
        """Compare the content by hash, which is cheaper than pydantic's comparison of all plans."""
        return isinstance(other, Catalogue) and self.sha256 == other.sha256

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy as pydantic does, but drop cached values that belong to the old content."""
        copied = super().model_copy(update=update, deep=deep)
        for name in vars(copied).keys() - type(self).model_fields.keys():
            del vars(copied)[name]
        return copied

    def open(self) -> "Catalogue":
        """Return the catalogue itself; `NoCatalogue.open` returns None."""
        return self

    @cached_property
    def plan_ids(self) -> tuple[str, ...]:
        """Ids in the order of the file, which is the order of every (n, J) array."""
        return tuple(plan.id for plan in self.plans)

    @cached_property
    def sha256(self) -> str:
        """Identity of this version: the hash of the canonical JSON."""
        return sha256_of(self.json_text.encode())

    @cached_property
    def json_text(self) -> str:
        """Canonical JSON, equal for equal catalogues; fitted estimators keep their catalogue in this form."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    @lru_cache(maxsize=64)
    def from_json(cls, text: str) -> "Catalogue":
        """Read a catalogue from its `json_text`; equal texts give the same object, checked once."""
        return cls.model_validate_json(text)

    @property
    def exponent(self) -> int:
        """Decimals of the currency: 2 for USD, 0 for JPY."""
        return exponent_of(self.currency)

    def plan(self, plan_id: str) -> Plan:
        """Return the plan with this id.

        Raises:
            CatalogueError: there is no such plan; lists the known ids.
        """
        if plan_id not in self.plan_ids:
            raise CatalogueError(f"no plan {plan_id!r}; plans: {', '.join(self.plan_ids)}")
        return self.plans[self.plan_ids.index(plan_id)]

    def valid_on(self, days: np.ndarray) -> np.ndarray:
        """Return whether each plan, sellable or not, is valid on each day, shape (n, J), bool.

        Args:
            days: shape (n,), datetime64.
        """
        starts, ends = self._validity
        return (days[:, np.newaxis] >= starts) & (days[:, np.newaxis] < ends)

    def check_attributes(self, attributes: Columns) -> None:
        """Check that the attributes of loaded data are enough to evaluate every eligibility condition.

        Raises:
            CatalogueError: some conditions cannot be evaluated; lists them and the attributes of the data.
        """
        rules = [(plan.id, rule) for plan in self.plans for rule in plan.eligibility]
        problems = [
            f"plan {plan!r}, {rule}: {misfit}"
            for plan, rule in rules
            if (misfit := rule.misfit(attributes)) is not None
        ]
        if problems:
            raise CatalogueError(
                f"{len(problems)} of {len(rules)} eligibility conditions cannot be evaluated on this data;"
                f" its attributes: {shown(attributes, most=20) or 'none'}",
                problems,
            )

    def offered(self, days: np.ndarray, attributes: Columns) -> np.ndarray:
        """Return which plans may be recommended: sellable, valid and eligible, shape (n, J), bool.

        Args:
            days: shape (n,), datetime64.
            attributes: columns of shape (n,).

        Raises:
            CatalogueError: the attributes are not enough to evaluate an eligibility condition.
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
        """Return the MiB in one unit of a data service: 1 for MiB, else as in `data_unit`."""
        return Decimal(1) if unit == "MiB" else self.data_unit.mib


class NoCatalogue(Config, populate_by_name=True, serialize_by_alias=True):
    """No catalogue, `catalogue=none`: plans are only class names, without bills."""

    schema_: Annotated[Literal["none"], Field(alias="schema")]

    def open(self) -> None:
        """Return None: there is no catalogue."""
