"""The utility of a plan: which terms it is the weighted sum of, and which plans are alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planrec.choice.likelihood import Nesting
from planrec.choice.plan_columns import PlanColumns
from planrec.errors import DataError
from planrec.schema.columns import Columns
from planrec.wording import did_you_mean, shown

Transform = Literal["linear", "log"]
LOG_FLOOR = 1e-9
"Values of a later request that are not above 0 count as this in a logarithm; training data must be above 0."


@dataclass(frozen=True)
class Specification:
    """The terms of the utility and the nests, as the options of the model name them."""

    attributes: dict[str, Transform] | None
    "Attribute of the plans -> its form; None: all attributes, linear."
    constants: Literal["none", "by_plan", "by_group"]
    reference: str | None
    "Plan whose constant is 0; None: the first."
    groups: dict[str, tuple[str, ...]]
    "Name -> plans that are alike."
    by_group: tuple[str, ...]
    "Attributes with one coefficient per group."
    interactions: dict[str, tuple[str, ...]]
    "Column of the case -> groups of plans in whose utility it counts."
    nests: tuple[str, ...]
    "Groups whose plans replace each other more easily than other plans."
    nest_scale: Literal["free", "equal"]
    price: str | None
    "Attribute that is the price a month; None: no willingness to pay."

    def transforms(self, columns: PlanColumns) -> dict[str, Transform]:
        """Return the attributes of the utility, each with its form."""
        return dict.fromkeys(columns.attributes, "linear") if self.attributes is None else self.attributes

    def terms(self, X: Columns, columns: PlanColumns) -> Iterator[tuple[str, np.ndarray]]:
        """Yield name and values of each term, shape (n, J) or (1, J); NaN if the plan is unavailable."""
        yield from self._attribute_terms(X, columns)
        yield from self._constants(columns)
        for case_column, groups in self.interactions.items():
            for group in groups:
                values = np.nan_to_num(X[case_column])
                yield f"{case_column} x {group}", values[:, np.newaxis] * self._members(group, columns)

    def nesting(self, columns: PlanColumns) -> Nesting | None:
        """Return the nests; None without any."""
        if not self.nests:
            return None
        nest_of = np.arange(len(columns.plans)) + len(self.nests)
        for number, nest in enumerate(self.nests):
            nest_of[self._members(nest, columns) > 0] = number
        return Nesting(nest_of, len(self.nests), is_equal=self.nest_scale == "equal")

    def scale_names(self) -> list[str]:
        """Return the names of the scale parameters of the nests."""
        if self.nests and self.nest_scale == "equal":
            return ["scale of nests"]
        return [f"scale of {nest}" for nest in self.nests]

    def check(self, X: Columns, columns: PlanColumns) -> None:
        """Check that the options name things of the data, and that logarithms exist.

        Raises:
            DataError: lists every name that the data lacks, and every attribute with values of 0 or less.
        """
        problems = [
            *_unknown("model.attributes", self.attributes or {}, columns.attributes),
            *_unknown("model.by_group", self.by_group, tuple(self.transforms(columns))),
            *_unknown("model.price", [self.price] if self.price else [], tuple(self.transforms(columns))),
            *_unknown("model.reference", [self.reference] if self.reference else [], columns.plans),
            *(
                problem
                for group, plans in self.groups.items()
                for problem in _unknown(f"model.groups.{group}", plans, columns.plans)
            ),
            *_unknown("model.interactions", self.interactions, _numbers_of_cases(X, columns)),
        ]
        problems = problems or [*self._logarithms_of_nothing(X, columns), *self._missing_cells(X)]
        if problems:
            raise DataError("the options of model=conditional_logit do not fit the data", problems)

    def _attribute_terms(self, X: Columns, columns: PlanColumns) -> Iterator[tuple[str, np.ndarray]]:
        for attribute, transform in self.transforms(columns).items():
            values, name = columns.values(X, attribute), attribute
            if transform == "log":
                values, name = np.log(np.maximum(values, LOG_FLOOR)), f"log {attribute}"
            if attribute not in self.by_group:
                yield name, values
                continue
            for group in self.groups:
                yield f"{name} x {group}", values * self._members(group, columns)

    def _constants(self, columns: PlanColumns) -> Iterator[tuple[str, np.ndarray]]:
        if self.constants == "by_group":
            for group in list(self.groups)[1:]:
                yield f"constant {group}", self._members(group, columns)[np.newaxis]
        elif self.constants == "by_plan":
            reference = self.reference or next(iter(columns.plans), None)
            for position, plan in enumerate(columns.plans):
                if plan != reference:
                    yield f"constant {plan}", np.eye(len(columns.plans))[[position]]

    def _members(self, group: str, columns: PlanColumns) -> np.ndarray:
        return np.isin(columns.plans, self.groups[group]).astype(np.float64)

    def _logarithms_of_nothing(self, X: Columns, columns: PlanColumns) -> Iterator[str]:
        for attribute, transform in self.transforms(columns).items():
            lowest = np.nanmin(columns.values(X, attribute))
            if transform == "log" and lowest <= 0:
                yield f"model.attributes.{attribute}=log needs values above 0, got {lowest:g}"

    def _missing_cells(self, X: Columns) -> Iterator[str]:
        for name in self.interactions:
            if blank := int(np.isnan(X[name]).sum()):
                yield f"model.interactions.{name}: column {name!r} must have no blank cell, got {blank}"


def _numbers_of_cases(X: Columns, columns: PlanColumns) -> tuple[str, ...]:
    of_plans = {f"{a}@{plan}" for a in columns.attributes for plan in columns.plans}
    return tuple(name for name, values in X.items() if name not in of_plans and values.dtype == np.float64)


def _unknown(key: str, names: "Iterator[str] | dict | list | tuple", known: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{key}: no {name!r} in the data{did_you_mean(name, known)}; it has {shown(known)}"
