"""The request of a run: one Pydantic model made from the run's own columns."""

from collections import Counter
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    NonNegativeFloat,
    StringConstraints,
    create_model,
)

from planrec.schema import MAX_USAGE, InputColumn, InputSchema

MAX_TEXT = 1_000
MAX_MONTHS = 120

_CLOSED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Month = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]
_Amount = Annotated[NonNegativeFloat, Field(le=MAX_USAGE)]
_TYPES: dict[str, Any] = {
    "number": float,
    "boolean": bool,
    "text": Annotated[str, StringConstraints(max_length=MAX_TEXT)],
    "date": NaiveDatetime,
}


def request_model(inputs: InputSchema) -> type[BaseModel]:
    """A closed model of `{"attributes": {...}}`, or of `{"months": [...], "attributes": {...}}`."""
    attributes = _model("Attributes", {column.name: _type_of(column) for column in inputs.columns})
    # Without attributes there is nothing to say about them, so they may be left out.
    default: Any = ... if inputs.columns else attributes.model_validate({})
    fields: dict[str, Any] = {"attributes": (attributes, default)}
    if inputs.takes == "months":
        month = _model("Month", {"month": _Month} | dict.fromkeys(inputs.usage, _Amount))
        months = Annotated[
            list[month],  # type: ignore[valid-type]
            Field(min_length=1, max_length=MAX_MONTHS),
            AfterValidator(_each_month_once),
        ]
        fields["months"] = (months, ...)
    return create_model("PredictRequest", __config__=_CLOSED, **fields)


def plain_request(request: BaseModel) -> dict[str, Any]:
    """A checked request as `Recommender.table` takes it."""
    return request.model_dump(by_alias=True)


def _type_of(column: InputColumn) -> Any:
    """A column that became usage is an amount; every other value may be null: not known."""
    return _Amount if column.becomes != column.name else _TYPES[column.kind] | None


def _model(name: str, types: dict[str, Any]) -> type[BaseModel]:
    # Fields have neutral names: a column called `json`, `_x` or `model_config` would break the class.
    fields: dict[str, Any] = {
        f"f{number}": (type_, Field(alias=alias)) for number, (alias, type_) in enumerate(types.items())
    }
    return create_model(name, __config__=_CLOSED, **fields)


def _each_month_once(months: list[Any]) -> list[Any]:
    twice = [month for month, count in Counter(month.f0 for month in months).items() if count > 1]
    if twice:
        raise ValueError(f"each month may be given once, got {', '.join(sorted(twice))} more than once")
    return months
