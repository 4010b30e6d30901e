"""The conf/ folder as files: which groups and options there are, and where a value stands.

Plain YAML reading, no Hydra: help texts and error messages need nothing composed.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from planrec.errors import ConfigError
from planrec.files.package_folder import PACKAGE
from planrec.files.strict_yaml import StrictLoader
from planrec.plugins import conf_folders

# A wheel has conf/ inside the package, a checkout has it beside the package.
CONF = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"

Folders = tuple[Path, ...]
"Folders of options, in the order of the search."
INSTALLED: Folders = (CONF, *conf_folders())
"PlanRec's own options, then those of plug-ins; a user adds one more with `--config-dir`."


def options_text(folders: Folders = INSTALLED) -> str:
    """Return every group with its options, one line each; * marks the default."""
    defaults = _defaults_of(CONF / "train.yaml")
    lines = []
    for group in groups(folders):
        lines.append(f"\n{group}")
        names = options(group, folders)
        width = max(20, *map(len, names))
        for option in names:
            mark = "*" if defaults.get(group) == option else " "
            lines.append(
                f"  {mark} {option:<{width}} {_first_comment(file_of(group, option, folders))}".rstrip()
            )
    return "\n".join(lines)


def groups(folders: Folders = INSTALLED) -> list[str]:
    """The config groups, in the order of the primary defaults list; `evaluation` follows the target."""
    return [group for group in _defaults_of(CONF / "train.yaml") if options(group, folders)]


def chosen_options(overrides: Iterable[str]) -> dict[str, str | None]:
    """Return the option of each group: the last one in the overrides, else the default.

    >>> chosen_options(["model=dummy", "data.n_subscribers=200"])["model"]
    'dummy'
    """
    defaults = _defaults_of(CONF / "train.yaml")
    typed = dict(text.split("=", 1) for text in overrides if "=" in text)
    return defaults | {group: option for group, option in typed.items() if group in defaults}


def options(group: str, folders: Folders = INSTALLED) -> list[str]:
    """The options of one group."""
    return sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")})


def file_of(group: str, option: str, folders: Folders = INSTALLED) -> Path:
    """The option's file; where no folder has it, the place in CONF where it would be."""
    places = [folder / group / f"{option}.yaml" for folder in folders]
    return next((place for place in places if place.is_file()), CONF / group / f"{option}.yaml")


def shown_path(file: Path) -> str:
    """`conf/model/lgbm.yaml`, wherever conf/ is installed; other files as the user named their folder."""
    return f"conf/{file.relative_to(CONF).as_posix()}" if file.is_relative_to(CONF) else str(file)


def file_with(group: str, option: str, key: str, folders: Folders = INSTALLED) -> str:
    """The option's file, or for a preset the file that it inherits the key from."""
    file = file_of(group, option, folders)
    if not holds(file, key):
        for parent, place in _parents(file):
            if not place:
                return file_with(group, parent, key, folders)
            if key.startswith(f"{place}."):
                return file_with(group, parent, key.removeprefix(f"{place}."), folders)
    return shown_path(file)


def inherited(group: str, option: str, folders: Folders = INSTALLED) -> dict[str, Any]:
    """An option's own keys over those of the options that it takes in: `X@_here_`, or below KEY `X@KEY`.

    Raises:
        ConfigError: a file that is not YAML.
    """
    file = file_of(group, option, folders)
    keys: dict[str, Any] = {}
    for parent, place in _parents(file):
        taken_in = inherited(group, parent, folders)
        node = keys
        for part in place.split(".") if place else []:
            node = node.setdefault(part, {})
        node |= taken_in
    return keys | {key: value for key, value in (content_of(file) or {}).items() if key != "defaults"}


def content_of(file: Path) -> Any:
    """A YAML file's mapping; None where there is no such file or nothing in it.

    Raises:
        ConfigError: the file is not YAML, or no mapping; names file, line and column.
    """
    if not file.is_file():
        return None
    stat = file.stat()
    return _parsed(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _parsed(file: Path, mtime_ns: int, size: int) -> Any:
    """The content of a file in this state: a sweep asks for the same files a thousand times."""
    try:
        content = yaml.load(file.read_text("utf-8"), StrictLoader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown_path(file)} must be text in UTF-8: line {line} is not") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{shown_path(file)}{where}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, OSError) as error:
        raise ConfigError(f"{shown_path(file)} cannot be read: {error}") from error
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{shown_path(file)} must hold `key: value` lines; it holds {content!r:.60}")
    return content


def unreadable_files(folders: Folders = INSTALLED) -> Iterator[str]:
    """What is wrong with each file below the folders that cannot be read."""
    for folder in folders:
        for file in sorted(folder.rglob("*.yaml")):
            try:
                content_of(file)
            except ConfigError as error:
                yield error.message


def holds(file: Path, path: str) -> bool:
    """Whether a YAML file itself gives a value to a dotted path."""
    node: Any = content_of(file)
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _parents(file: Path) -> Iterator[tuple[str, str]]:
    """The options of its own group that a file takes in, and the key below which, `""` for the file's own."""
    for entry, option in _defaults_of(file).items():
        if option is None:
            parent, _, place = entry.partition("@")
            yield parent, "" if place == "_here_" else place


def _defaults_of(file: Path) -> dict[str, str | None]:
    """The defaults list of a YAML as {group: option}; overrides and `_self_` left out."""
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
    return next(comments, "")
