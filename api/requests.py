"""The request of a run: one Pydantic model made from the run's own columns."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    StringConstraints,
    create_model,
)

from planrec.request_table import is_usage
from planrec.schema import MAX_NUMBER, MAX_USAGE, InputColumn, InputSchema

MAX_TEXT = 1_000
MAX_MONTHS = 120

# [0-9], because \d is every script's digits, which nothing behind this border reads.
_MONTH = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}({_TIME})?$"


def _instant(text: str) -> str:
    """The instant as the run's own data has it: whole seconds, in UTC where an offset says more."""
    if not re.fullmatch(_DATE, text):
        raise ValueError("must be a day as 2018-05-15, or an instant as 2018-05-15T09:30:00Z")
    try:
        given = datetime.fromisoformat(text)
        instant = given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be a date of the calendar: {error}") from error
    return instant.isoformat(timespec="seconds")


_CLOSED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Month = Annotated[str, StringConstraints(pattern=_MONTH)]
_Amount = Annotated[NonNegativeFloat, Field(le=MAX_USAGE)]
_TYPES: dict[str, Any] = {
    "number": Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)],
    "boolean": bool,
    "text": Annotated[str, StringConstraints(max_length=MAX_TEXT)],
    "date": Annotated[
        str,
        AfterValidator(_instant),
        Field(
            description="A day, or an instant: with an offset or Z it is converted to UTC, without one it is"
            " taken as it stands.",
            json_schema_extra={"pattern": _DATE},
        ),
    ],
}


def request_model(inputs: InputSchema, plans: Sequence[str]) -> type[BaseModel]:
    """A closed model of the request that `planrec.request_table` describes, for one run."""
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
    if inputs.asks_held:
        plan = Literal[tuple(plans)] | None  # type: ignore[valid-type]
        fields |= {"plan_held": (plan, ...), "last_recommended": (plan, None)}
    return create_model("PredictRequest", __config__=_CLOSED, **fields)


def plain_request(request: BaseModel) -> dict[str, Any]:
    """A checked request as `Recommender.table` takes it."""
    return request.model_dump(by_alias=True)


def _type_of(column: InputColumn) -> Any:
    """Usage is an amount; every other value may be null: not known."""
    return _Amount if is_usage(column) else _TYPES[column.kind] | None


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
