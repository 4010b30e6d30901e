"""The one place of planrec that imports the API."""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from planrec.serving.bundle.signers import Signers


def api_module(name: str) -> ModuleType:
    """Return a module of the API: `planrec.api` in a wheel, else the folder `api` of the checkout."""
    package = "planrec.api" if find_spec("planrec.api") else "api"
    return import_module(f"{package}.{name}")


def trusted_signers() -> "Signers":
    """Return the keys that the settings trust, as a server reads them. Raises ConfigError."""
    return cast("Signers", api_module("settings").read_access(os.environ).signers)
