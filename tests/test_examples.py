"""Run the examples of all docstrings."""

import doctest
from importlib import import_module

import pytest

from tests.conftest import REPOSITORY

FILES = [file for package in ("planrec", "api") for file in (REPOSITORY / package).rglob("*.py")]
MODULES = [
    ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(FILES)
    if ">>> " in file.read_text("utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_hold(module: str) -> None:
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0
