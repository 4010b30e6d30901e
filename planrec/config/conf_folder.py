"""The conf/ folder as files: its groups and options, and the file of each value.

It reads plain YAML without Hydra, because help texts and error messages need no composition.
"""

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from planrec.errors import ConfigError
from planrec.files.package_folder import PACKAGE
from planrec.files.strict_yaml import read_yaml
from planrec.plugins import conf_folders

# A wheel has conf/ inside the package, a checkout has it beside the package.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"

_OVERRIDE = re.compile(r"override /(\w+)")

Folders = tuple[Path, ...]
"Folders of options that a user adds with `--config-dir`."


@cache
def plugin_folders() -> Folders:
    """Return the folders of options that plug-ins add; entry points are read at the first call only."""
    return conf_folders()


def all_folders(added: Folders) -> Folders:
    """Return all folders of options, in the order of the search: PlanRec's own come first."""
    return (CONF, *plugin_folders(), *added)


def options_text(added: Folders = ()) -> str:
    """Return every group with its options, one line each; * marks the default."""
    defaults = _defaults_of(CONF / "train.yaml")
    lines = []
    for group in groups(added):
        lines.append(f"\n{group}")
        names = options(group, added)
        width = max(20, *map(len, names))
        for option in names:
            mark = "*" if defaults.get(group) == option else " "
            lines.append(
                f"  {mark} {option:<{width}} {_first_comment(file_of(group, option, added))}".rstrip()
            )
    return "\n".join(lines)


def groups(added: Folders = ()) -> list[str]:
    """Return the config groups in the order of the primary defaults list."""
    return [group for group in _defaults_of(CONF / "train.yaml") if options(group, added)]


def chosen_by(group: str, added: Folders = ()) -> set[str]:
    """Return the groups whose option an option of this one may choose, as `data` chooses features.

    >>> sorted(chosen_by("model"))
    ['policy']
    """
    found: set[str] = set()
    asked = {group}
    while asked:
        found |= asked
        texts = (
            file.read_text("utf-8", "replace")
            for folder in all_folders(added)
            for name in asked
            for file in (folder / name).glob("*.yaml")
        )
        asked = {name for text in texts for name in _OVERRIDE.findall(text)} - found
    return found - {group}


def chosen_options(overrides: Iterable[str]) -> dict[str, str | None]:
    """Return the option of each group: the last one in the overrides, else the default.

    >>> chosen_options(["model=dummy", "data.n_subscribers=200"])["model"]
    'dummy'
    """
    defaults = _defaults_of(CONF / "train.yaml")
    typed = dict(text.split("=", 1) for text in overrides if "=" in text)
    return defaults | {group: option for group, option in typed.items() if group in defaults}


def options(group: str, added: Folders = ()) -> list[str]:
    """Return the options of one group, sorted."""
    return sorted({path.stem for folder in all_folders(added) for path in (folder / group).glob("*.yaml")})


def file_of(group: str, option: str, added: Folders = ()) -> Path:
    """Return the option's file, or the path in CONF that it would have if no folder has it."""
    places = [folder / group / f"{option}.yaml" for folder in all_folders(added)]
    return next((place for place in places if place.is_file()), CONF / group / f"{option}.yaml")


def shown_path(file: Path) -> str:
    """Return the path for messages: `conf/...` for PlanRec's own files, else the path as given."""
    return f"conf/{file.relative_to(CONF).as_posix()}" if file.is_relative_to(CONF) else str(file)


def file_with(group: str, option: str, key: str, added: Folders = ()) -> str:
    """Return the option's file, or for a preset the file that it inherits the key from."""
    file = file_of(group, option, added)
    if not holds(file, key):
        for parent, place in _parents(file):
            if not place:
                return file_with(group, parent, key, added)
            if key.startswith(f"{place}."):
                return file_with(group, parent, key.removeprefix(f"{place}."), added)
    return shown_path(file)


def inherited(group: str, option: str, added: Folders = ()) -> dict[str, Any]:
    """Merge an option's own keys over those of the options that it includes.

    `X@_here_` includes X at the top level, `X@KEY` below KEY.

    Raises:
        ConfigError: a file is not YAML.
    """
    file = file_of(group, option, added)
    keys: dict[str, Any] = {}
    for parent, place in _parents(file):
        taken_in = inherited(group, parent, added)
        node = keys
        for part in place.split(".") if place else []:
            node = node.setdefault(part, {})
        node |= taken_in
    own = {key: value for key, value in (content_of(file) or {}).items() if key != "defaults"}
    # A copy: callers set values in it, and the content of a file is cached.
    return keys | deepcopy(own)


def content_of(file: Path) -> Any:
    """Return the mapping in a YAML file, or None if the file does not exist or is empty.

    Raises:
        ConfigError: the file is not YAML or holds no mapping; names file, line and column.
    """
    if not file.is_file():
        return None
    stat = file.stat()
    return _parsed(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _parsed(file: Path, mtime_ns: int, size: int) -> Any:
    """Parse a file in this state: a sweep needs the same files a thousand times."""
    return read_yaml(file, shown_path(file), ConfigError)


def unreadable_files(added: Folders = ()) -> Iterator[str]:
    """Yield one message per file below the folders that cannot be read."""
    for folder in all_folders(added):
        for file in sorted(folder.rglob("*.yaml")):
            try:
                content_of(file)
            except ConfigError as error:
                yield error.message


def holds(file: Path, path: str) -> bool:
    """Return whether a YAML file itself sets a dotted path."""
    node: Any = content_of(file)
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _parents(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the options of its own group that a file includes, each with its key; `""` is the top level."""
    for entry, option in _defaults_of(file).items():
        if option is None:
            parent, _, place = entry.partition("@")
            yield parent, "" if place == "_here_" else place


def _defaults_of(file: Path) -> dict[str, str | None]:
    """Return the defaults list of a YAML file as {group: option}, without overrides and `_self_`."""
    content = content_of(file)
    entries = content.get("defaults", []) if isinstance(content, dict) else []
    listed: dict[str, str | None] = {}
    for entry in entries:
        if isinstance(entry, str) and entry != "_self_":
            listed[entry] = None
        elif isinstance(entry, dict):
            listed |= {group: option for group, option in entry.items() if not group.startswith("override")}
    return listed


def _first_comment(file: Path) -> str:
    lines = (line.strip() for line in file.read_text("utf-8", "replace").splitlines())
    comments = (line.lstrip("# ") for line in lines if line.startswith("#") and "@package" not in line)
    # The next sentence of the line may end on the next line.
    return _SENTENCE_END.split(next(comments, ""))[0]


_SENTENCE_END = re.compile(r"(?<=[.?]) (?=[A-Z])")
