"""A complete configuration with some values changed by overrides, such as that of a saved run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planrec.commands.grammar import parsed_override
from planrec.config.compose import baselines_of, check_complete, origin_of
from planrec.config.conf_folder import groups, inherited
from planrec.config.overrides import NOT_A_RUN, check_overrides, unknown_keys
from planrec.config.run_config import RunConfig, validated
from planrec.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

Tree = dict[str, object]


def changed(config: RunConfig, overrides: Sequence[str], named: str = "the run") -> RunConfig:
    """Apply overrides to a config whose other values stay as they are.

    An option of a group (`data=usage_months`) replaces this group with the content of its file. Unlike in
    `compose`, it does not choose options of other groups.

    Args:
        config: the configuration to change.
        overrides: as for `planrec train`; one value each.
        named: the origin of unchanged values, for messages.

    Raises:
        ConfigError: an override cannot be read or names nothing, or the result does not describe a run.
    """
    check_overrides(overrides)
    tree: Tree = config.model_dump(mode="json", by_alias=True)
    parsed = {text: override for text in overrides if (override := parsed_override(text))}
    choices = {override.key_or_group: override.value() for override in parsed.values() if _chooses(override)}
    for group, option in choices.items():
        tree[group] = None if option is None else inherited(group, str(option))
    fields = {text: override for text, override in parsed.items() if not _chooses(override)}
    if problems := [problem for text, override in fields.items() for problem in _set(tree, override, text)]:
        raise ConfigError(NOT_A_RUN, problems)
    typed = origin_of(overrides, choices)

    def origin(path: str) -> str:
        found, group = typed(path), path.split(".")[0]
        return found if found.startswith("override") or group in choices else named

    check_complete(tree, origin)
    if isinstance(tree["baselines"], list):
        tree["baselines"] = baselines_of(tree["baselines"], origin, ())
    return validated(tree, origin)


def _chooses(override: "Override") -> bool:
    """Return whether an override chooses the option of a group, or none."""
    is_option = override.value() is None or isinstance(override.value(), str)
    is_plain = not override.is_add() and not override.is_delete()
    return is_option and is_plain and override.key_or_group in groups() and not _is_refused(override)


def _is_refused(override: "Override") -> bool:
    """Return whether an override is about a composition, not about a complete config."""
    return override.is_delete() or override.key_or_group.split(".")[0] in ("experiment", "hydra")


def _set(tree: Tree, override: "Override", text: str) -> list[str]:
    """Set one value; return its problems."""
    path, value = override.key_or_group, override.value()
    if _is_refused(override):
        return [f"{text}: a trained run takes GROUP=OPTION, GROUP.FIELD=VALUE and +GROUP.FIELD=VALUE only"]
    if not override.is_add() and (problems := unknown_keys(tree, path, value, text)):
        return problems
    node: object = tree
    *parents, name = path.split(".")
    for part in parents:
        node = node.setdefault(part, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return [f"{text}: {'.'.join(parents)} holds one value, which has no parts"]
    old = node.get(name)
    node[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return []
