"""Problems of overrides, in the words that the user typed.

Hydra reports only the first problem and no remedy; these messages report all, each with a remedy.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planrec.commands.advice import command_line, retyped, typed
from planrec.commands.grammar import parsed_override
from planrec.commands.values import in_quotes
from planrec.config.conf_folder import CONF, Folders, groups, options
from planrec.config.hydra_keys import hydra_problem, problems_of_experiment
from planrec.errors import ConfigError
from planrec.wording import did_you_mean

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

NOT_A_RUN = "the configuration does not describe a run"

_CLOSERS = {"[": "]", "{": "}"}
PLUGINS = {
    "hydra/launcher": (
        "basic",
        "choose the executor of cells with sweep.executor=processes or ray, and sweep.n_jobs=N",
    ),
    "hydra/sweeper": (
        "planrec",
        "it resumes, and checks every cell first; for a search type search=MODEL",
    ),
}
"Parts of Hydra that PlanRec replaces: the only option of each, and the alternative to any other."


def no_plugin(group: str, option: object) -> str:
    """Return why another launcher or sweeper is refused."""
    only, instead = PLUGINS[group]
    return f"{group}={option} is not used: the only one is {only}; {instead}"


def check_overrides(overrides: Sequence[str], added: Folders = (), *, multirun: bool = False) -> None:
    """Raise ConfigError for every override that cannot be parsed and every option that does not exist.

    The options of a multirun are checked by its cells, which report their other problems too.
    """
    problems = [problem for text in overrides for problem in problems_of(text, added, multirun=multirun)]
    if problems:
        raise ConfigError(NOT_A_RUN, problems)


def problems_of(text: str, added: Folders, *, multirun: bool = False) -> list[str]:
    """List the problems of one override that do not depend on the others."""
    parsed = parsed_override(text)
    if parsed is None:
        return [_unreadable(text)]
    key = parsed.key_or_group
    if key in PLUGINS:
        is_ours = parsed.value() == PLUGINS[key][0]
        return [] if is_ours else [no_plugin(key, text.partition("=")[2])]
    if parsed.is_hydra_override():
        return [problem] if (problem := hydra_problem(parsed, text)) else []
    if parsed.is_sweep_override() and not multirun:
        return [_several(text, added)]
    wrong = [] if multirun or key not in groups(added) else _wrong_options(parsed, text, added)
    experiments = [str(name) for name in _chosen(parsed)] if key == "experiment" else []
    return [*wrong, *(problem for name in experiments for problem in problems_of_experiment(name, added))]


def explained(error: Exception, overrides: Sequence[str], added: Folders = ()) -> ConfigError:
    """Translate Hydra's error about overrides that `check_overrides` accepted, mostly unknown keys."""
    parsed = {text: override for text in overrides if (override := parsed_override(text))}
    problems = _wrong_keys(parsed, added)
    lines = [line for line in str(error).splitlines() if line and "HYDRA_FULL_ERROR" not in line]
    return ConfigError(NOT_A_RUN, problems or lines)


def _unreadable(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals:
        return f"{text}: not an override: type GROUP=OPTION or GROUP.FIELD=VALUE"
    if closers := _missing_closers(value):
        closed = value + closers
        shown = retyped(f"{key}={closed}") or retyped(f"{key}={_quoted(closed)}")
        return f"{text}: a bracket is not closed" + ("" if shown is None else f": type {shown}")
    if shown := retyped(f"{key}={_quoted(value)}"):
        return f"{text}: cannot be read without quotes: type {shown}"
    parent, _, name = key.rpartition(".")
    if parent and (shown := retyped(f"{parent}={{{in_quotes(name)}: {_quoted(value)}}}")):
        return f"{text}: cannot be read: type {shown}"
    return f"{text}: cannot be read: type {typed({key: value})}"


def _missing_closers(value: str) -> str:
    """Return the brackets that close those of a list or mapping, the innermost first.

    >>> _missing_closers("{a: [1, '['"), _missing_closers("[1]"), _missing_closers("a[b")
    (']}', '', '')
    """
    if value[:1] not in _CLOSERS:
        return ""
    waiting = ""
    for mark in re.findall(r"""[][{}]|"[^"]*"|'[^']*'""", value):
        if mark in _CLOSERS:
            waiting = _CLOSERS[mark] + waiting
        elif mark == waiting[:1]:
            waiting = waiting[1:]
    return waiting


def _several(text: str, added: Folders) -> str:
    key, _, value = text.partition("=")
    as_list, as_text = retyped(f"{key}=[{value}]"), retyped(f"{key}={in_quotes(value)}")
    others = [f"{as_list} for a list"] * (as_list is not None) + [f"{as_text} for one text"] * (
        as_text is not None
    )
    listed = f", {' or '.join(others)}" if others and key not in groups(added) else ""
    return (
        f"{text}: several values, and only -m takes several: type -m {retyped(text)} for a run with"
        f" each{listed}"
    )


def _quoted(value: str) -> str:
    """Add the quotes that Hydra needs: around a value, or around the parts of a list or mapping."""
    if value[:1] not in ("[", "{"):
        return in_quotes(value)
    return re.sub(r"""[^][{},:"']+|"[^"]*"|'[^']*'""", lambda part: _part(part.group()), value)


def _part(text: str) -> str:
    return text if not text.strip() or parsed_override(f"key={text}") else in_quotes(text.strip())


def _wrong_options(override: "Override", text: str, added: Folders) -> list[str]:
    """List the problems of an override that chooses an option."""
    group, value, known = override.key_or_group, override.value(), options(override.key_or_group, added)
    if override.is_delete() or isinstance(value, dict) or "@" in text.partition("=")[0]:
        return []
    if override.is_add():
        return [f"{group} has an option already: type {retyped(text.lstrip('+'))} (from override {text})"]
    source = f"(from override {text})"
    if isinstance(value, list):
        each = ",".join(map(str, value or ["OPTION"]))
        first = each.split(",")[0]
        one, several = retyped(f"{group}={first}"), retyped(f"{group}={each}")
        return [
            f"{group} takes one option, not a list: type {one}, or for a run with each: -m {several} {source}"
        ]
    wrong = [option for option in _chosen(override) if option not in known]
    return [
        f"{group} = {'null' if option is None else repr(option)}: no such option"
        f"{did_you_mean(str(option), known)}; allowed: {', '.join(known)} {source}"
        for option in wrong
    ]


def _chosen(override: "Override") -> list[Any]:
    """Return the value of an override, or all that it sweeps over; empty for a pattern that Hydra matches."""
    if not override.is_sweep_override():
        return [override.value()]
    swept = getattr(override.value(), "list", [])
    return [getattr(value, "text", value) for value in swept]


def _wrong_keys(parsed: "Mapping[str, Override]", added: Folders) -> list[str]:
    """List the overrides whose path does not exist in the configuration that the groups compose."""
    known_groups = groups(added)
    chosen = [
        f"{override.key_or_group}={options_[0]}"
        for override in parsed.values()
        if override.key_or_group in known_groups and (options_ := _chosen(override))
    ]
    tree = _composed(chosen, added)
    if tree is None:
        return []
    return [
        f"{problem} (from override {text})"
        for text, override in parsed.items()
        if override.key_or_group not in known_groups
        and not override.is_add()
        and not override.key_or_group.startswith("hydra")
        for problem in unknown_keys(tree, override.key_or_group, override.value(), text)
    ]


def _composed(choices: Sequence[str], added: Folders) -> Any:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    # Hydra is global to the process, and that of a sweep is still active while its cells are composed.
    outer, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            composed = compose("train", [*choices, search_path(added)])
    except HydraException:
        return None
    finally:
        GlobalHydra.instance().hydra = outer
    return OmegaConf.to_container(composed, resolve=False)


def search_path(added: Folders) -> str:
    """Return the override that makes Hydra search the folders that a user added."""
    places = ", ".join(in_quotes(f"file://{folder.resolve()}") for folder in added)
    return f"hydra.searchpath=[{places}]"


def command_of(arguments: Sequence[str], added: Folders = ()) -> str:
    """Return the command line that trains with these arguments, quoted for a shell.

    >>> command_of(["model=lgbm", "data.path=my file.csv"])
    "planrec train model=lgbm 'data.path=my file.csv'"
    """
    # Hydra takes one --config-dir.
    flags = ["--config-dir", str(added[0])] if added else []
    others = [search_path(added[1:])] if added[1:] else []
    return command_line("train", *flags, *others, *arguments)


def unknown_keys(tree: Any, path: str, value: Any, text: str) -> list[str]:
    """List the problems of a path that does not exist; if its value is a mapping, of its keys too."""
    node: Any = tree
    passed: list[str] = []
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            return [_no_such_key(node, passed, part, text)]
        node = node[part]
        passed.append(part)
    if not (isinstance(value, dict) and isinstance(node, dict)):
        return []
    return [
        problem
        for key, inner in value.items()
        for problem in unknown_keys(tree, f"{path}.{key}", inner, text)
    ]


def _no_such_key(node: Any, parents: Sequence[str], name: str, text: str) -> str:
    path = ".".join([*parents, name])
    if node == {}:
        # An empty mapping in conf/ takes names that the user makes up.
        return f"{path}: no such key yet: type {retyped(f'+{text}')} to add it"
    if node is None and (group := ".".join(parents)) in groups():
        return (
            f"{path}: no {group} is chosen: type {group}=OPTION as well; options: {', '.join(options(group))}"
        )
    known = sorted(node) if isinstance(node, dict) else []
    allowed = known if parents else sorted({*known, *groups()})
    return f"{path}: no such key{did_you_mean(name, allowed)}; allowed: {', '.join(allowed) or 'none'}"
