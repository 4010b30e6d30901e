"""What a run is, as one short name: equal addresses, equal results."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from planrec.config import RunConfig
from planrec.provenance import versions

LENGTH = 16
"Hex digits of an address: two different runs share one in 2**64."


def address_of(config: RunConfig, data_fingerprint: str, selected: bool = False) -> str:
    """The address of a run: config without paths, threads and `sweep`, data, code.

    Paths say where the data lies, and the fingerprint says what it is; results depend neither on threads nor
    on who ran them.

    Args:
        data_fingerprint: of the decision table.
        selected: whether a search chose the config by its results on the very folds that it reports.
    """
    left_out: Any = {"threads": True, "sweep": True, "data": {"path"}}
    tree = config.model_dump(mode="json", by_alias=True, exclude=left_out)
    tree["catalogue"] = _sha256_of_catalogue(config)
    return _digest([tree, data_fingerprint, selected, code_version()])


def data_key(config: RunConfig) -> str:
    """Equal for configs that `experiment.load_decisions` turns into the same decision table."""
    tree = config.model_dump(mode="json", by_alias=True, include={"data", "target"})
    return _digest([tree, _sha256_of_catalogue(config)])


@cache
def code_version() -> str:
    """sha256 over PlanRec's own source, and the versions of the packages that results depend on."""
    package = Path(__file__).parent
    sources = {
        file.relative_to(package).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in package.rglob("*.py")
    }
    return _digest([sources, versions()])


def _sha256_of_catalogue(config: RunConfig) -> str | None:
    catalogue = config.catalogue.open()
    return None if catalogue is None else catalogue.sha256


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:LENGTH]
