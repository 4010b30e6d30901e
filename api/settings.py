"""Settings of the server, from variables PLANREC_... of the environment; `planrec settings` shows them."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from planrec.commands.advice import command_line
from planrec.errors import ConfigError
from planrec.files.validation_errors import message_of
from planrec.serving.bundle.signers import Signers

PREFIX = "PLANREC_"
HEADS = ("variable", "value", "from", "meaning")
"Columns of the table of settings."
NOT_OURS = ("PLANREC_DATA", "PLANREC_DEBUG", "PLANREC_SCREENSHOTS")
"Variables of other parts of PlanRec and of its tests, which are no settings of the server."


class Section(BaseModel):
    """A group of settings: closed and frozen like a config, but with defaults instead of a YAML file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _by_comma(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Server(Section):
    """The process that listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    "Address to bind to; others than loopback need access.key_hashes or access.open."
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    "Port; 0 for any free port."
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    "Processes that answer."
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    "Prefix that a proxy removes, such as /planrec; links of /docs and the OpenAPI document have it."
    scratch: Path | None = None
    "Folder that the workers share while they run (metrics, idempotency keys); a temporary one if unset."

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return _is_loopback(self.host)

    @property
    def scratch_folder(self) -> Path:
        """The shared folder of a running server.

        Raises:
            ConfigError: it is unset; the command that starts the server sets it.
        """
        if self.scratch is None:
            raise ConfigError("PLANREC_SERVER__SCRATCH must name a folder; start the server by its command")
        return self.scratch


class Limits(Section):
    """Limits of requests."""

    body_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000
    "Maximum size of a body, and of a line or list element of a batch."
    seconds: Annotated[int, Field(ge=1, le=3_600)] = 60
    "Seconds in which a request must arrive after its first byte, and in which a connection must be used."
    months: Annotated[int, Field(ge=1, le=2_400)] = 120
    "Maximum number of months of a request."
    batch_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 16_000_000
    "Maximum size of the body of a batch, which is read before the first answer is sent."
    batch_requests: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    "Maximum number of requests of a batch, as a JSON list or as lines."


class CampaignLimits(Section):
    """Campaigns: months files that are uploaded and scored."""

    upload_bytes: Annotated[int, Field(ge=1, le=10_000_000_000)] = 100_000_000
    "Maximum size of the uploaded files of a campaign."
    running: Annotated[int, Field(ge=0, le=64)] = 1
    "Maximum number of campaigns that are scored at the same time, each in a process; 0 to accept none."
    kept: Annotated[int, Field(ge=1, le=10_000)] = 20
    "Maximum number of campaigns of one API key that are kept."
    hours: Annotated[int, Field(ge=1, le=8_760)] = 24
    "Hours after which a campaign and its files are removed."


class Access(Section):
    """API keys, and the keys that sign runs."""

    key_hashes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...],
        BeforeValidator(_by_comma),
        Field(json_schema_extra={"is_secret": True}),
    ] = ()
    "sha256 of each API key, separated by commas; `planrec serve --new-key` makes one. Unset: no keys."
    cors_origins: Annotated[
        tuple[Annotated[str, Field(pattern=r"^https?://[^/\s*]+$")], ...], BeforeValidator(_by_comma)
    ] = ()
    "Origins whose pages may ask from a browser, such as https://shop.example, separated by commas."
    open: bool = False
    "true: accept other machines without a key; for containers in a closed network."
    bundle_keys: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...], BeforeValidator(_by_comma)
    ] = ()
    "Public keys whose bundles can be pinned, separated by commas; `planrec bundle --new-key` makes one."
    signed_only: bool = False
    "true: pin and serve only runs from bundles that one of access.bundle_keys signed."

    @property
    def signers(self) -> Signers:
        """The keys whose bundles are accepted."""
        return Signers(self.bundle_keys, are_required=self.signed_only)

    @model_validator(mode="after")
    def _signed_by_someone(self) -> Self:
        if self.signed_only and not self.bundle_keys:
            raise ValueError(
                "PLANREC_ACCESS__SIGNED_ONLY=true needs a public key in PLANREC_ACCESS__BUNDLE_KEYS:"
                f" make a pair of keys with {command_line('bundle', '--new-key', 'FILE')}"
            )
        return self


class DecisionLogSettings(Section):
    """The log of all answers."""

    url: Annotated[str, Field(json_schema_extra={"is_secret": True})] = ""
    "sqlite:///FILE or postgresql://...; decisions.sqlite in outputs if unset; none to log no answers."
    required: bool = False
    "true: send an answer only after its row is on the disk."
    queue_size: Annotated[int, Field(ge=1)] = 10_000
    "Maximum number of rows of one worker that wait for the disk."
    key_file: Path | None = None
    "Key of the subscribers' pseudonyms, created if missing; decisions.key in outputs if unset."


class Settings(Section):
    """All settings; `read_settings` fills them."""

    server: Server = Server()
    outputs: Path = Path("outputs")
    "Folder of pinned.json."
    limits: Limits = Limits()
    campaigns: CampaignLimits = CampaignLimits()
    access: Access = Access()
    decision_log: DecisionLogSettings = DecisionLogSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    "Lowest level of the lines in the log; each request is a line of level info."

    @model_validator(mode="after")
    def _others_need_a_key(self) -> Self:
        if not (self.server.is_local or self.access.key_hashes or self.access.open):
            raise ValueError(
                f"without API keys the server binds to 127.0.0.1, ::1 or localhost only, got"
                f" {self.server.host!r}: make a key with {command_line('serve', '--new-key')} and set"
                " PLANREC_ACCESS__KEY_HASHES, or set PLANREC_ACCESS__OPEN=true if the network is closed"
            )
        return self


class Setting(NamedTuple):
    """One setting."""

    path: tuple[str, ...]
    meaning: str
    is_secret: bool

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + "__".join(self.path).upper()

    def text_of(self, settings: Settings) -> str:
        """Return its value as text; secrets are hidden."""
        value: Any = settings
        for name in self.path:
            value = getattr(value, name)
        if isinstance(value, tuple):
            return f"{len(value)} hidden" if self.is_secret and value else ",".join(value) or "none"
        if self.is_secret and value and value != "none":  # a URL may hold a password
            return "hidden"
        return (
            "unset" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
        )


def all_settings(section: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Yield every setting of a section.

    >>> next(all_settings()).variable
    'PLANREC_SERVER__HOST'
    """
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from all_settings(inner, (*path, name))
        else:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            yield Setting((*path, name), field.description or "", bool(extra.get("is_secret")))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in these variables; an empty variable counts as unset.

    Raises:
        ConfigError: it lists all unknown variables and wrong values.

    >>> read_settings({"PLANREC_SERVER__PORT": "8080"}).server.port
    8080
    """
    known = {setting.variable: setting for setting in all_settings()}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    problems = [_unknown(name, known) for name in sorted(given.keys() - known.keys() - set(NOT_OURS))]
    tree: dict[str, Any] = {}
    for name in given.keys() & known.keys():
        *sections, last = known[name].path
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[last] = given[name]
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        problems += [_wrong(item, known, given) for item in error.errors(include_url=False)]
    if problems:
        raise ConfigError(
            f"the settings of the server are wrong; {command_line('settings')} shows all", problems
        )
    return settings


def read_access(environment: Mapping[str, str]) -> Access:
    """Return the keys in these variables, for commands that need no other setting.

    Raises:
        ConfigError: it lists the unknown and wrong variables that begin with PLANREC_ACCESS.

    >>> read_access({"PLANREC_ACCESS__OPEN": "true"}).open
    True
    """
    own = {name: value for name, value in environment.items() if name.startswith(f"{PREFIX}ACCESS__")}
    return read_settings(own).access


def _unknown(name: str, known: Mapping[str, Setting]) -> str:
    near = get_close_matches(name, [*known, *NOT_OURS], n=1)
    return f"{name} is not a setting" + (f" (did you mean {near[0]}?)" if near else "")


def _wrong(item: ErrorDetails, known: Mapping[str, Setting], given: Mapping[str, str]) -> str:
    place = tuple(str(part) for part in item["loc"])
    message = message_of(item)
    for name, setting in known.items():
        if place and place[: len(setting.path)] == setting.path:
            return f"{name}: {message}" + ("" if setting.is_secret else f", got {given[name]!r}")
    return message


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def settings_json(settings: Settings, environment: Mapping[str, str]) -> str:
    """Return the settings as JSON: a list of objects with the cells of `settings_table`."""
    rows = [dict(zip(HEADS, row, strict=True)) for row in _rows(settings, environment)]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def settings_table(settings: Settings, environment: Mapping[str, str]) -> str:
    """Return a Markdown table of the settings: name, value, origin and meaning.

    >>> print(settings_table(Settings(), {}).splitlines()[-1][:43])
    | `PLANREC_LOG_LEVEL` | info | default | Lo
    """
    lines = [f"| {' | '.join(HEADS)} |", "|---|---|---|---|"]
    for variable, *cells in _rows(settings, environment):
        lines.append(f"| {' | '.join([f'`{variable}`', *cells])} |")
    return "\n".join(lines)


def _rows(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for setting in all_settings():
        source = "environment" if environment.get(setting.variable) else "default"
        yield setting.variable, setting.text_of(settings), source, setting.meaning
