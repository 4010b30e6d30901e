"""Parse the body of POST /outcomes: one outcome, or a list of them."""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from planrec.monitoring.outcomes import Content, Event, Outcome
from planrec.monitoring.outcomes.outcome import NO_MONTH
from planrec.schema.decision_rows import running_month
from planrec.schema.request import Month

from ..settings import Limits
from .batch_body import MAX_ERRORS
from .request_body import (
    MAX_UNKNOWN,
    DuplicateKeyError,
    KeyScan,
    UnknownKeysError,
    known_keys,
    misfits_of,
    values_refused,
)
from .request_model import MAX_TEXT, Amount, MonthText

MOST_GROUPS = 20
_BILL = r"^[0-9]{1,9}(\.[0-9]{1,3})?$"
_Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]


def _over(month: str) -> str:
    """Check that a month is over: its usage and its bill are not known before."""
    current = running_month()
    if month >= current:
        raise ValueError(f"months must be over, but {month} is not: it is {current} now")
    return month


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class UsageBody(_Closed):
    """The usage of one month."""

    voice_calls: Amount
    voice_minutes: Amount
    voice_minutes_billed: Amount | None = None
    "Minutes after the rounding of each call; null: bills of plans that round calls are approximate."
    sms: Amount
    data_mib: Amount


class OutcomeBody(_Closed):
    """Something that came after advice."""

    recommendation_id: _Text | None = None
    "The advice; null: the latest advice to the subscriber that the month helps to judge, or up to the month."
    subscriber: _Text | None = None
    "Your name for the subscriber, as in the request for advice; it is not stored."
    event: Event = "month"
    month: Annotated[MonthText, AfterValidator(_over)] | None = None
    "A month that is over; required if the event is `month`, or without `recommendation_id`."
    usage: UsageBody | None = None
    "Required if the event is `month`."
    plan_held: _Text | None = None
    "Plan held in the month."
    bill: Annotated[str, StringConstraints(pattern=_BILL)] | None = None
    "The bill that you sent for the month, in the currency of the catalogue."
    groups: Annotated[dict[_Text, _Text], Field(max_length=MOST_GROUPS)] = {}
    "Protected column -> group of the subscriber, to judge groups."

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.recommendation_id is None and self.subscriber is None:
            raise ValueError("recommendation_id or subscriber must be given")
        if self.event == "month" and (self.month is None or self.usage is None):
            raise ValueError("month and usage must be given if the event is month")
        return self

    def outcome(self, pointer: str) -> Outcome:
        """Return the outcome; `pointer` is its place in the body."""
        month = self.month or NO_MONTH
        usage = None if self.usage is None else Month(month, **self.usage.model_dump())
        content = Content(usage, self.plan_held, self.bill, self.groups)
        return Outcome(pointer, self.recommendation_id, self.subscriber, self.event, month, content)


_ONE = TypeAdapter(OutcomeBody)


def parse_outcomes(body: bytes, limits: Limits) -> list[Outcome]:
    """Return the outcomes in a body: a JSON object, or a list of objects.

    Raises:
        MalformedJsonError: the body is not JSON.
        RequestError: values cannot be accepted; it lists them with their places.
        DuplicateKeyError: an object has the same key twice.
        UnknownKeysError: there are too many unknown keys.

    >>> (one,) = parse_outcomes(b'{"recommendation_id": "6f1c", "event": "accepted"}', Limits())
    >>> one.event, one.month
    ('accepted', '')
    """
    scan = KeyScan(body, known_keys(OutcomeBody))
    if scan.n_unknown > MAX_UNKNOWN:
        raise UnknownKeysError(f"the request has {scan.n_unknown:,} unknown keys")
    try:
        if body.lstrip()[:1] != b"[":
            found = {"": _ONE.validate_json(body)}
        else:
            found = {f"/{number}": each for number, each in enumerate(_many(limits).validate_json(body))}
    except ValidationError as error:
        raise values_refused(misfits_of(error)[:MAX_ERRORS]) from None
    if scan.duplicate is not None:
        raise DuplicateKeyError(
            f"each key of an object may be given once, got {scan.duplicate[:100]!r} more than once"
        )
    return [each.outcome(pointer) for pointer, each in found.items()]


def _many(limits: Limits) -> "TypeAdapter[list[OutcomeBody]]":
    return TypeAdapter(Annotated[list[OutcomeBody], Field(min_length=1, max_length=limits.batch_requests)])
