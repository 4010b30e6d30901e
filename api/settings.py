"""`planrec settings`: what an operator can set, by variables PLANREC_... of the environment."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from planrec.errors import ConfigError

PREFIX = "PLANREC_"
HEADS = ("variable", "value", "from", "meaning")
"Columns of the table of settings."
NOT_OURS = ("PLANREC_DATA", "PLANREC_DEBUG")
"Variables of the whole project, which the server does not read as settings."


class Section(BaseModel):
    """Closed and frozen, like a config; but the defaults are here, since no YAML holds them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _by_comma(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Server(Section):
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    "Address to bind to; other machines are let in with access.key_hashes or access.open only."
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    "0: any free port."
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    "Processes that answer."
    scratch: Path | None = None
    "Folder that the workers share while they run (metrics, idempotency keys); unset: a temporary one."


class Limits(Section):
    body_bytes: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000
    "Largest body of a request, and the largest line or list element of a batch."
    seconds: Annotated[int, Field(ge=1, le=3_600)] = 60
    "Within which a request must arrive, from its first byte on; and the first one of a connection begin."
    months: Annotated[int, Field(ge=1, le=2_400)] = 120
    "Most months of a request."
    batch_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 16_000_000
    "Largest body of a batch, which is read whole before the first answer."
    batch_requests: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    "Most requests of a batch, as a JSON list or as lines."


class Access(Section):
    key_hashes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...],
        BeforeValidator(_by_comma),
        Field(json_schema_extra={"is_secret": True}),
    ] = ()
    "sha256 of each API key, by comma; `planrec serve --new-key` makes one. Without any, no key is asked for."
    open: bool = False
    "true: other machines are let in without a key; for containers whose network is closed by other means."


class DecisionLog(Section):
    url: Annotated[str, Field(json_schema_extra={"is_secret": True})] = ""
    "sqlite:///FILE or postgresql://...; unset: decisions.sqlite in outputs; none: answers are not logged."
    required: bool = False
    "true: an answer leaves when its row is on the disk, or not at all."
    queue_size: Annotated[int, Field(ge=1)] = 10_000
    "Most rows of one worker that wait for the disk."
    key_file: Path | None = None
    "Key that pseudonymises subscribers, made where there is none; unset: decisions.key in outputs."


class Settings(Section):
    """Everything that can be set; `read_settings` fills it."""

    server: Server = Server()
    outputs: Path = Path("outputs")
    "Folder in which pinned.json lies."
    limits: Limits = Limits()
    access: Access = Access()
    decision_log: DecisionLog = DecisionLog()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    "Least important lines that are logged; each request is one line of level info."

    @model_validator(mode="after")
    def _others_need_a_key(self) -> Self:
        if not (_is_loopback(self.server.host) or self.access.key_hashes or self.access.open):
            raise ValueError(
                f"without API keys the server binds to 127.0.0.1, ::1 or localhost only, got"
                f" {self.server.host!r}: make a key with planrec serve --new-key and set"
                " PLANREC_ACCESS__KEY_HASHES, or set PLANREC_ACCESS__OPEN=true where the network is closed"
            )
        return self


class Setting(NamedTuple):
    """One value that can be set."""

    path: tuple[str, ...]
    meaning: str
    is_secret: bool

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + "__".join(self.path).upper()

    def of(self, settings: Settings) -> str:
        """Its value as text; secrets are only counted."""
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
    """Every setting of the tree."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from all_settings(inner, (*path, name))
        else:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            yield Setting((*path, name), field.description or "", bool(extra.get("is_secret")))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables give; an empty variable counts as unset.

    Raises:
        ConfigError: unknown variables and wrong values, all of them.
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
        raise ConfigError("the settings of the server are wrong; planrec settings shows all", problems)
    return settings


def _unknown(name: str, known: Mapping[str, Setting]) -> str:
    near = get_close_matches(name, [*known, *NOT_OURS], n=1)
    return f"{name} is not a setting" + (f" (did you mean {near[0]}?)" if near else "")


def _wrong(item: Any, known: Mapping[str, Setting], given: Mapping[str, str]) -> str:
    place = tuple(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
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
    """A Markdown table: each setting, its value, where that came from, what it means."""
    lines = [f"| {' | '.join(HEADS)} |", "|---|---|---|---|"]
    for variable, *cells in _rows(settings, environment):
        lines.append(f"| {' | '.join([f'`{variable}`', *cells])} |")
    return "\n".join(lines)


def _rows(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for setting in all_settings():
        source = "environment" if environment.get(setting.variable) else "default"
        yield setting.variable, setting.of(settings), source, setting.meaning
