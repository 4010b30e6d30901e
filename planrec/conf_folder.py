"""The conf/ folder as files: which groups and options there are, and where a value stands.

Plain YAML reading, no Hydra: help texts and error messages need nothing composed.
"""

from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).parent
# In a wheel conf/ lies inside the package, in a checkout beside it.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"


def help_text() -> str:
    """Usage, and every group with its options; * marks the default."""
    defaults = _defaults_of(CONF / "train.yaml")
    lines = [
        "usage: python -m planrec.train [-m] [GROUP=OPTION ...] [GROUP.FIELD=VALUE ...]",
        "",
        "Train one run, or with -m one run per combination of comma-separated values.",
        "  python -m planrec.train model=lgbm model.n_trees=200",
        "  python -m planrec.train data=table data.path=FILE data.plan_column=COLUMN",
        "  python -m planrec.train -m model=dummy,logistic",
        "",
        "Groups and their options (* is the default; the data chooses what fits it):",
    ]
    for group in groups():
        lines.append(f"\n{group}")
        for option in options(group):
            mark = "*" if defaults.get(group) == option else " "
            lines.append(f"  {mark} {option:<20} {_first_comment(CONF / group / f'{option}.yaml')}".rstrip())
    lines += [
        "",
        "Values at the top level: metrics=[...] baselines=[...] seed=0 threads=2 n_bootstrap=1000",
        "  waivers.CHECK='why this check may fail'",
        "Hydra's own flags: --cfg job shows the composed configuration, --hydra-help lists the rest.",
    ]
    return "\n".join(lines)


def groups() -> list[str]:
    """The config groups, in the order of the primary defaults list; `evaluation` follows the target."""
    listed = [group for group in _defaults_of(CONF / "train.yaml") if (CONF / group).is_dir()]
    return [group for group in listed if options(group)]


def options(group: str) -> list[str]:
    """The options of one group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def file_with(group: str, option: str, key: str) -> str:
    """The option's file, or for a preset the file that it inherits the key from."""
    for parent, package in _defaults_of(CONF / group / f"{option}.yaml").items():
        if package is None and not holds(CONF / group / f"{option}.yaml", key):
            return file_with(group, parent.removesuffix("@_here_"), key)
    return f"conf/{group}/{option}.yaml"


def content_of(file: Path) -> Any:
    """A YAML file's content; None where there is no such file."""
    return yaml.safe_load(file.read_text("utf-8")) if file.is_file() else None


def holds(file: Path, path: str) -> bool:
    """Whether a YAML file itself gives a value to a dotted path."""
    node: Any = content_of(file)
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


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
    lines = (line.strip() for line in file.read_text("utf-8").splitlines())
    comments = (line.lstrip("# ") for line in lines if line.startswith("#") and "@package" not in line)
    return next(comments, "")
