"""Configurations of runs that were saved before an option had some of its fields."""

from collections.abc import Mapping

ADDED_FIELDS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "data": {"usage_months": {"commitment_ends_column": None}, "simulator": {"drift": "none"}},
    "policy": {
        "best_bill": {"unknown_commitment": "bound", "longest_commitment_months": None, "risk_price": 0.0}
    },
}
"""Group -> kind -> field -> the value that means what PlanRec did before it had the field.

Options have no defaults in Python, so every field that is added to an option of 0.2.0 belongs here."""
ADDED_VALUES: Mapping[str, object] = {"tracking": "none"}
"Value at the top level -> the value that means what PlanRec did before it had it."


def with_added_fields(config: Mapping[str, object]) -> dict[str, object]:
    """Return a saved configuration with the fields that the version that saved it did not have.

    Examples:
        >>> with_added_fields({"data": {"kind": "usage_months", "path": "a"}})
        {'tracking': 'none', 'data': {'kind': 'usage_months', 'path': 'a', 'commitment_ends_column': None}}
    """
    values = dict(ADDED_VALUES) | dict(config)
    return {group: _with_fields(group, option) for group, option in values.items()}


def _with_fields(group: str, option: object) -> object:
    if not isinstance(option, dict):
        return option
    added = ADDED_FIELDS.get(group, {}).get(str(option.get("kind")), {})
    return option | {field: value for field, value in added.items() if field not in option}
