"""The Pydantic model of a request, built from the columns of a run."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    StringConstraints,
    ValidationInfo,
    create_model,
    with_config,
)
from typing_extensions import TypedDict

from planrec.recommending.recommender import Recommender
from planrec.recommending.request_table import is_usage
from planrec.schema.columns import MAX_NUMBER, MAX_USAGE, USAGE_COVERS, InputColumn
from planrec.schema.decision_rows import running_month
from planrec.schema.request import Request

from ..settings import Limits

MAX_TEXT = 1_000
MAX_ITEMS = 1_000

# [0-9], because \d matches the digits of every script, which no later code can read.
_MONTH = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"
_DAY = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-9]{2}$"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}({_TIME})?$"


def _instant(text: str) -> str:
    """Return an instant as in the run's data: whole seconds, converted to UTC if it has an offset."""
    if not re.fullmatch(_DATE, text):
        raise ValueError("must be a day as 2018-05-15, or an instant as 2018-05-15T09:30:00Z")
    try:
        given = datetime.fromisoformat(text)
        instant = given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be a date of the calendar: {error}") from error
    return instant.isoformat(timespec="seconds")


def _calendar_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"must be a day of the calendar: {error}") from error
    return text


_Day = Annotated[str, StringConstraints(pattern=_DAY), AfterValidator(_calendar_day)]
_CLOSED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
MonthText = Annotated[str, StringConstraints(pattern=_MONTH)]
Amount = Annotated[NonNegativeFloat, Field(le=MAX_USAGE, description=f"Only {USAGE_COVERS}.")]
_TYPES: dict[str, Any] = {
    "number": Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)],
    "boolean": bool,
    "text": Annotated[str, StringConstraints(max_length=MAX_TEXT)],
    "date": Annotated[
        str,
        AfterValidator(_instant),
        Field(
            description="A day, or an instant: with an offset or Z it is converted to UTC, without one it is"
            " used as given.",
            json_schema_extra={"pattern": _DATE},
        ),
    ],
}


class _MonthValues(TypedDict):
    month: str


def request_model(
    recommender: Recommender, limits: Limits | None = None, *, names_plans: bool = True
) -> type[BaseModel]:
    """Return a closed model of the requests that one run accepts; see `planrec.schema.request.Request`.

    Args:
        recommender: the run that answers.
        limits: limits of the requests.
        names_plans: whether the plans of the run are listed; any text is a plan otherwise.
    """
    inputs = recommender.inputs
    plan: Any = Literal[recommender.plans] if names_plans else str
    most_plans = len(recommender.plans) if names_plans else None
    attributes = _closed_dict("Attributes", {column.name: _type_of(column) for column in inputs.columns})
    # A run without attributes accepts a request that leaves them out.
    fields: dict[str, Any] = {"attributes": (attributes, ... if inputs.columns else {})}
    if inputs.takes == "months":
        fields |= _months_and_instant(recommender, (limits or Limits()).months)
    if inputs.asks_held:
        description = "Plan held now; null if it is unknown."
        fields["plan_held"] = (plan | None, Field(description=description))
        description = (
            "The previous recommendation, which small savings do not change; null if there was none."
        )
        fields["last_recommended"] = (plan | None, Field(None, description=description))
        description = (
            "First day on which leaving the plan held costs no exit fee: the day after its commitment, also"
            " if that is over. Null if it is unknown."
        )
        fields["commitment_ends"] = (_Day | None, Field(None, description=description))
    description = "Plans not to recommend. The plan held stays on the menu: staying is always possible."
    fields["exclude"] = (list[plan], Field([], max_length=most_plans, description=description))
    description = "Maximum number of items in the answer, the best ones; all of them if it is null."
    fields["top_k"] = (Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None, Field(None, description=description))
    description = "Your name for the subscriber, stored as a keyed hash; the answer does not depend on it."
    subscriber = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    fields["subscriber"] = (subscriber | None, Field(None, description=description))
    return create_model("PredictRequest", __config__=_CLOSED, **fields)


def request_from(checked: BaseModel) -> Request:
    """Return the request whose values a model of `request_model` checked."""
    return msgspec.convert(vars(checked), Request)


def _months_and_instant(recommender: Recommender, most: int) -> dict[str, Any]:
    month = _closed_dict("Month", {"month": MonthText} | dict.fromkeys(recommender.inputs.usage, Amount))
    knows_population = recommender.model.traits.knows_population
    months = Annotated[
        list[month],  # type: ignore[valid-type]
        Field(
            min_length=0 if knows_population else 1,
            max_length=most,
            description=f"Complete months of {USAGE_COVERS}. In any order, each once; a missing one in"
            " between had no usage."
            + " If there are none, the usage of all subscribers is expected, and `as_of` is required."
            * knows_population,
        ),
        AfterValidator(_each_month_once),
        AfterValidator(_each_month_over),
    ]
    as_of = Annotated[
        _Day | None,
        AfterValidator(_follows_the_months),
        Field(
            validate_default=knows_population,
            description="Day of the decision, in the month after the last one given; null for its first day.",
        ),
    ]
    return {"months": (months, ...), "as_of": (as_of, None)}


def _type_of(column: InputColumn) -> Any:
    """Return the type of a column's value: an amount for usage, else a value or null, which is unknown."""
    return Amount if is_usage(column) else _TYPES[column.kind] | None


def _closed_dict(name: str, types: dict[str, Any]) -> Any:
    # A model could not have columns called `json`, `_x` or `model_config`.
    return with_config(_CLOSED)(TypedDict(name, types))  # type: ignore[operator]


def _each_month_once(months: list[_MonthValues]) -> list[_MonthValues]:
    if len({month["month"] for month in months}) < len(months):
        counts = Counter(month["month"] for month in months)
        twice = sorted(month for month, count in counts.items() if count > 1)
        raise ValueError(f"each month may be given once, got {', '.join(twice)} more than once")
    return months


def _each_month_over(months: list[_MonthValues]) -> list[_MonthValues]:
    """Check that the months are over: the usage of the current one is too low."""
    current = running_month()
    if running := sorted(month["month"] for month in months if month["month"] >= current):
        raise ValueError(f"months must be over, but {', '.join(running)} is not: it is {current} now")
    return months


def _follows_the_months(as_of: str | None, info: ValidationInfo) -> str | None:
    months = info.data.get("months")
    if as_of is None:
        if months == []:
            raise ValueError("must be given if months is empty")
        return as_of
    day = date.fromisoformat(as_of)
    # Wrong months are reported on their own.
    if months and _month_before(day) != (last := max(month["month"] for month in months)):
        raise ValueError(
            f"must be in the month after the last one given, {last}; give the months in between, with zeros"
            " if nothing was used"
        )
    return as_of


def _month_before(day: date) -> str:
    return (day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
