"""The one place of planrec that imports the API."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def api_module(name: str) -> ModuleType:
    """Return a module of the API: `planrec.api` in a wheel, else the folder `api` of the checkout."""
    package = "planrec.api" if find_spec("planrec.api") else "api"
    return import_module(f"{package}.{name}")
