"""The folder of the imported package: its sources, and `conf/` inside or beside it."""

from importlib import import_module
from pathlib import Path

# From the package, not from `__file__` of a module, which changes when the module moves. By name, because an
# import statement would count as an import of everything that `planrec` offers.
PACKAGE = Path(import_module("planrec").__path__[0])
