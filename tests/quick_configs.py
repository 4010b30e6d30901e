"""Configurations without waiting for Hydra, for tests that are not about composition.

Hydra takes half a second to compose one. `tests/sweeps/test_compose_cells.py` shows that CellComposer
returns what Hydra composes, and `tests/contracts/test_every_option.py` composes every option with Hydra.
"""

from functools import cache
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from pydantic import TypeAdapter

from planrec.config.compose import register_with_hydra
from planrec.config.conf_folder import CONF, inherited
from planrec.config.run_config import RunConfig
from planrec.sweeps.compose_cells import CellComposer

FEW = {"n_estimators": 10, "n_draws": 16, "n_picks": 5}
"Field that makes a model slow -> value that suffices if the quality of the fit is not tested."


def composed(*overrides: str) -> RunConfig:
    """Return the config of `planrec train *overrides`; each choice of options is composed once."""
    return _composer().config(overrides)


def with_options(config: RunConfig, **options: str) -> RunConfig:
    """Return the config with other options of some groups, read from conf/; models are quick to fit."""
    return config.model_copy(update={group: option(group, name) for group, name in options.items()})


def option(group: str, name: str) -> Any:
    """Read an option of conf/; fields that make it slow have few rounds or draws."""
    annotation = RunConfig.model_fields[group].rebuild_annotation()
    return TypeAdapter(annotation).validate_python(_with_few(inherited(group, name)))


@cache
def _composer() -> CellComposer:
    register_with_hydra()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return CellComposer(GlobalHydra.instance().config_loader(), [], ())


def _with_few(node: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _with_few(value) if isinstance(value, dict) else FEW.get(key, value)
        for key, value in node.items()
    }
