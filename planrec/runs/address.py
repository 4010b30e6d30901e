"""The content address of a run: equal addresses, equal results."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from planrec.config.run_config import RunConfig
from planrec.files.hashing import sha256_of, sha256_of_file
from planrec.files.package_folder import PACKAGE
from planrec.metrics import METRICS
from planrec.plugins import PluginUse, uses_of
from planrec.runs.provenance import versions
from planrec.schema.config_model import Config

LENGTH = 16
"Hex digits of an address: two different runs share one in 2**64."


def plugins_of(config: RunConfig) -> tuple[PluginUse, ...]:
    """Return the plug-ins whose options or metrics a config uses, by name."""
    functions = [METRICS[name].function for name in config.metrics]
    return uses_of([*_options_of(config), *functions])


def _options_of(value: object) -> Iterator[Config]:
    """Yield every option of a config, at any depth."""
    if isinstance(value, Config):
        yield value
        for name in type(value).model_fields:
            yield from _options_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _options_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _options_of(item)


def address_of(config: RunConfig, data_fingerprint: str, *, selected: bool = False) -> str:
    """Return the address of a run: config, data, code and plug-ins.

    Of the config, paths are left out, because the fingerprint identifies the data; and threads, `sweep` and
    `tracking`, on which no result depends.

    Args:
        config: the configuration of the run.
        data_fingerprint: fingerprint of the decision table.
        selected: whether a search chose the config by its results on the folds that it reports.
    """
    left_out: Any = {"threads": True, "sweep": True, "tracking": True, "data": {"path"}}
    tree = config.model_dump(mode="json", by_alias=True, exclude=left_out)
    tree["catalogue"] = _sha256_of_catalogue(config)
    used = [asdict(use) for use in plugins_of(config)]
    return _digest([tree, data_fingerprint, selected, code_version(), *([used] if used else [])])


def data_key(config: RunConfig) -> str:
    """Return a key that is equal for configs with the same decision table."""
    tree = config.model_dump(mode="json", by_alias=True, include={"data", "target"})
    return _digest([tree, _sha256_of_catalogue(config)])


@cache
def code_version() -> str:
    """Return the sha256 of PlanRec's own source and of the versions that results depend on."""
    # Only a wheel has the server inside the package, and results do not depend on the server.
    files = set(PACKAGE.rglob("*.py")) - set((PACKAGE / "api").rglob("*.py"))
    sources = {file.relative_to(PACKAGE).as_posix(): sha256_of_file(file) for file in files}
    return _digest([sources, versions()])


def _sha256_of_catalogue(config: RunConfig) -> str | None:
    catalogue = config.catalogue.open()
    return None if catalogue is None else catalogue.sha256


def _digest(content: Any) -> str:
    return sha256_of(json.dumps(content, sort_keys=True).encode())[:LENGTH]
