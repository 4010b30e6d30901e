"""Compose a RunConfig from conf/ and overrides: Hydra composes, `run_config.validated` checks."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planrec.commands.advice import retyped
from planrec.commands.grammar import use_text_keys
from planrec.config.conf_folder import (
    CONF,
    Folders,
    file_of,
    file_with,
    groups,
    holds,
    inherited,
    options,
    plugin_folders,
    shown_path,
    unreadable_files,
)
from planrec.config.overrides import NOT_A_RUN, check_overrides, explained
from planrec.errors import ConfigError
from planrec.files.outputs_folder import default_outputs
from planrec.wording import did_you_mean

SWEEPER = "hydra_plugins.planrec.PlanRecSweeper"
"Hydra instantiates only plugins whose name begins like this; `planrec.sweeps` registers it from code."

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from planrec.config.run_config import RunConfig


def compose(*overrides: str) -> "RunConfig":
    """Return the config that `planrec train *overrides` would run. Raises ConfigError."""
    import yaml
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    check_overrides(overrides)
    register_with_hydra()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            composed = hydra_compose("train", list(overrides), return_hydra_config=True)
        tree = task_tree(composed)
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(error, overrides) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise unreadable(error) from error
    choices = dict(composed.hydra.runtime.choices)
    return settled(tree, overrides, choices)


def task_tree(composed: "DictConfig") -> dict[str, Any]:
    """Return the composed tree without Hydra's own part, as plain dicts; missing values stay `???`."""
    from omegaconf import OmegaConf

    task = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    tree = OmegaConf.to_container(task, resolve=not OmegaConf.missing_keys(task))
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def interpolates(composed: "DictConfig") -> bool:
    """Return whether a composed value, outside Hydra's own part, interpolates another value."""
    from omegaconf import OmegaConf

    task = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return "${" in repr(OmegaConf.to_container(task, resolve=False))


def settled(
    tree: Mapping[str, Any],
    overrides: Sequence[str],
    choices: Mapping[str, Any],
    added: Folders = (),
) -> "RunConfig":
    """Turn the composed tree into a RunConfig. Raises ConfigError with every missing or wrong value."""
    from planrec.config.run_config import validated

    origin = origin_of(overrides, choices, added)
    check_complete(tree, origin)
    named = {name: value for name, value in tree.items() if name != "experiment"}
    if "baselines" in named:
        named["baselines"] = baselines_of(named["baselines"], origin, added)
    return validated(named, origin)


def check_complete(tree: Mapping[str, object], origin: Callable[[str], str]) -> None:
    """Raise ConfigError with every value that must be given and is missing."""
    if missing := sorted(_missing(tree)):
        raise ConfigError(
            NOT_A_RUN,
            [f"{path} must be given: type {path}=VALUE (from {origin(path)})" for path in missing],
        )


def origin_of(
    overrides: Sequence[str], choices: Mapping[str, Any], added: Folders = ()
) -> Callable[[str], str]:
    """Return a function from a dotted path to the override or file that its value came from."""

    def origin(path: str) -> str:
        own_groups = groups(added)
        for override in reversed(overrides):
            key, _, value = override.lstrip("+~").partition("=")
            # `model=lgbm` chose a file, and the value below it came from there.
            chose_a_file = key in own_groups and not value.startswith("{")
            if path == key or (path.startswith(f"{key}.") and not chose_a_file):
                return f"override {override}"
        group = path.split(".")[0]
        experiment = file_of("experiment", str(choices.get("experiment")), added)
        if holds(experiment, path):
            return shown_path(experiment)
        if choices.get(group):
            return file_with(group, str(choices[group]), path.partition(".")[2], added)
        if group in ("metrics", "baselines") and choices.get("evaluation@_global_"):
            return shown_path(file_of("evaluation", choices["evaluation@_global_"], added))
        return "conf/train.yaml"

    return origin


def unreadable(error: Exception, added: Folders = ()) -> ConfigError:
    """Return an error that names every unreadable file of the folders, not only the parser's first."""
    found = list(unreadable_files(added))
    return ConfigError("the configuration cannot be read", found or str(error).splitlines())


def _missing(node: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted paths of the values that are still `???`."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _missing(value, f"{path}.{name}" if path else str(name))
    elif node == "???":
        yield path


def register_with_hydra(outputs: Path | None = None) -> str:
    """Define `${run_id:}`, `${outputs:}` and the option `hydra/sweeper=planrec`.

    Args:
        outputs: folder of runs; None: the default one.

    Returns:
        The run id: six hex digits that end the name of this process's folder of a run.
    """
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    use_text_keys()
    ConfigStore.instance().store(
        group="hydra/sweeper", name="planrec", node={"_target_": SWEEPER, "params": None}, provider="planrec"
    )
    # Two runs started in the same second must not share a folder.
    run_id = secrets.token_hex(3)
    OmegaConf.register_new_resolver("run_id", lambda: run_id, replace=True)
    OmegaConf.register_new_resolver("outputs", lambda: str(outputs or default_outputs()), replace=True)
    if plugin_folders():
        _add_plugin_folders()
    return run_id


def _add_plugin_folders() -> None:
    """Make Hydra look for options in the folders of plug-ins too."""
    from hydra.core.config_search_path import ConfigSearchPath
    from hydra.core.plugins import Plugins
    from hydra.plugins.search_path_plugin import SearchPathPlugin

    class PluginFolders(SearchPathPlugin):
        """The folders of plug-ins, behind PlanRec's own."""

        def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
            for folder in plugin_folders():
                search_path.append("planrec-plugin", f"file://{folder.resolve()}")

    plugins = Plugins.instance()
    if not any(found.__name__ == PluginFolders.__name__ for found in plugins.discover(SearchPathPlugin)):
        plugins.register(PluginFolders)


def baselines_of(names: Any, origin: Callable[[str], str], added: Folders) -> dict[str, Any]:
    """Return the content of the file in conf/model/ by name."""
    if not isinstance(names, list):
        source = f"(from {origin('baselines')})"
        listed = retyped(f"baselines=[{names or ''}]") or "baselines=[]"
        problem = f"baselines = {names!r}: must be a list: type {listed} {source}"
        raise ConfigError(NOT_A_RUN, [problem])
    known = options("model", added)
    if unknown := [name for name in names if name not in known]:
        source = f"(from {origin('baselines')})"
        raise ConfigError(
            NOT_A_RUN,
            [
                f"baselines = {name!r}: no such model{did_you_mean(str(name), known)};"
                f" allowed: {', '.join(known)} {source}"
                for name in unknown
            ],
        )
    return {name: inherited("model", name, added) for name in names}
