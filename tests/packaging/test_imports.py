"""The folder `api/` works under two names, so it never uses its own."""

import ast
from pathlib import Path

API = Path(__file__).parents[2] / "api"


def test_modules_of_the_server_import_each_other_relatively() -> None:
    absolute = [
        f"{file.relative_to(API.parent)}:{node.lineno}"
        for file in sorted(API.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in imported(node)
        if name.split(".")[0] == "api"
    ]
    assert absolute == [], "write `from .module import name`: a wheel carries this folder as planrec.api"


def imported(node: ast.AST) -> list[str]:
    """Return the absolute names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []
