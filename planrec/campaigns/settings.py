"""The settings of a campaign: `campaign.yaml`, or the same as JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from planrec.campaigns.message_template import checked_template
from planrec.data.option_types import OnBadRows
from planrec.errors import ConfigError
from planrec.files.strict_yaml import read_yaml
from planrec.files.validation_errors import rule_of
from planrec.schema.config_model import Config
from planrec.sentences import Language
from planrec.wording import did_you_mean

Days = Annotated[int, Field(strict=True, ge=1, le=3660)]
Hour = Annotated[int, Field(strict=True, ge=0, le=23)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone {name!r}{did_you_mean(name, available_timezones())}")
    return name


def _written_moment(value: object) -> object:
    """Refuse numbers, which Pydantic would read as seconds since 1970."""
    is_number = isinstance(value, int | float) or (isinstance(value, str) and not value[:5].endswith("-"))
    if is_number:
        raise ValueError("must be a day, or a day and a time such as 2026-12-01T10:00")
    return value


class Window(Config):
    """A limit of contacts: at most `at_most` in the last `days` days."""

    days: Days
    at_most: Annotated[int, Field(strict=True, ge=1)]

    @property
    def code(self) -> str:
        """Code of subscribers who were contacted too often.

        >>> Window(days=7, at_most=1).code
        'window_7'
        """
        return f"window_{self.days}"


class CoolDownDays(Config):
    """Days without contact after an event."""

    same_offer_declined: Days | None = None
    "After the subscriber declined the plan that is advised."
    any_contact: Days | None = None
    "After any contact."


class CampaignSettings(Config):
    """The settings of a campaign; each has a default that excludes no subscriber."""

    minimum_saving: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    "Expected saving a month that is worth a message, in the currency of the catalogue."
    cap: Annotated[int, Field(strict=True, ge=1)] | None = None
    "Most subscribers to contact: those with the largest expected saving."
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    "Share of subscribers that are never contacted in a year, to measure the effect of the campaigns."
    do_not_contact: Name | None = None
    "File of subscribers who objected to advertising."
    contact_history: Name | None = None
    "File of earlier contacts."
    windows: tuple[Window, ...] = ()
    "Limits of contacts."
    cool_down_days: CoolDownDays = CoolDownDays()
    "Days without contact after an event."
    channel: Name | None = None
    "Channel of subscribers without one in `channel_column`, such as sms."
    channel_column: Name | None = None
    "Column of the months file with the channel of a subscriber."
    segment_column: Name | None = None
    "Column of the months file by which the summary groups subscribers."
    quiet_hours: Mapping[Name, tuple[tuple[Hour, Hour], ...]] = {}
    "Channel, in any case -> spans of hours without messages; [21, 9] is from 21:00 until before 9:00."
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    "Time zone of days, of quiet hours, and of `send_at` without one."
    send_at: Annotated[datetime, BeforeValidator(_written_moment)] | None = None
    "Moment of the contact; default: now."
    language: Language = "en"
    "Language of the sentences and of the message."
    templates: Mapping[Language, Annotated[str, AfterValidator(checked_template)]] = {}
    "Language -> own text of the message; default: the short sentence of the advice."
    on_bad_rows: OnBadRows = "error"
    "`error` refuses a file with a bad row; `drop_and_report` leaves the subscribers of bad rows out."

    @field_validator("windows")
    @classmethod
    def _windows_differ(cls, windows: tuple[Window, ...]) -> tuple[Window, ...]:
        days = [window.days for window in windows]
        if len({*days}) < len(days):
            raise ValueError(f"every window must have other days, got {', '.join(map(str, days))}")
        return tuple(sorted(windows, key=lambda window: window.days))

    @model_validator(mode="after")
    def _history_is_given(self) -> Self:
        cool_down = self.cool_down_days.model_dump(exclude_none=True)
        if self.contact_history is None and (self.windows or cool_down):
            raise ValueError("windows and cool_down_days need a contact_history, which is missing")
        return self

    @model_validator(mode="after")
    def _channel_is_given(self) -> Self:
        if self.quiet_hours and self.channel is None and self.channel_column is None:
            raise ValueError("quiet_hours need a channel or a channel_column, which are missing")
        return self

    def moment(self) -> datetime:
        """Return the moment of the contact in the time zone.

        >>> CampaignSettings(send_at="2026-12-01T10:00Z", time_zone="Europe/Madrid").moment().hour
        11
        """
        zone = ZoneInfo(self.time_zone)
        if self.send_at is None:
            return datetime.now(UTC).astimezone(zone)
        return (
            self.send_at.replace(tzinfo=zone)
            if self.send_at.tzinfo is None
            else self.send_at.astimezone(zone)
        )


def read_settings(file: Path) -> CampaignSettings:
    """Read a campaign.yaml.

    Raises:
        ConfigError: the file cannot be read or is not YAML, or its keys or values break a rule: lists all.
    """
    return checked_settings(read_yaml(file, str(file), ConfigError) or {}, str(file))


def checked_settings(content: Mapping[str, object], source: str) -> CampaignSettings:
    """Return the settings of parsed YAML or JSON; `source` names it in messages. Raises ConfigError.

    >>> checked_settings({"cap": 100}, "campaign.yaml").cap
    100
    """
    try:
        return CampaignSettings.model_validate(content)
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors(include_url=False)]
        raise ConfigError(f"{source} does not describe a campaign", problems) from None


def _problem(details: ErrorDetails) -> str:
    path = ".".join(map(str, details["loc"])) or "the file"
    rule = rule_of(details, _keys_beside(details["loc"]))
    is_plain = "ctx" in details and "error" not in details["ctx"]
    return f"{path}: {rule}" + (f", got {details['input']!r:.80}" if is_plain else "")


def _keys_beside(place: tuple[int | str, ...]) -> list[str]:
    nested: dict[object, type[Config]] = {"windows": Window, "cool_down_days": CoolDownDays}
    model = nested.get(place[0], CampaignSettings) if len(place) > 1 else CampaignSettings
    return list(model.model_fields)
