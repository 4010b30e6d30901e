"""Limits of the code that later work must keep: `python tests/code_limits.py`, part of `just check`.

Each limit is the value that was reached when it was set, or slightly more. Lower a limit when the code gets
better; raise one only with an entry in docs/decisions.md.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("planrec", "api")

MOST_PER_1000_WORDS = {
    r"\bwhere\b": 1.0,
    r"\bwhat\b": 0.8,
    r"\b(told|tells?)\b": 0.1,
    r"\b(whoever|nobody|everybody|somebody)\b": 0.0,
    r"\b(anew|hence|lies|stands?)\b": 0.1,
    r"\bis none\b": 0.05,
}
"Words that made texts hard to read -> occurrences per 1,000 words of docstrings, comments and messages."
LEAST_PER_1000_WORDS = {r"\bif\b": 6.1, r"\breturns?\b": 4.3, r"\b(example|e\.g\.|>>>)": 0.8}
"Words of plain texts about code."

MOST_MODULES_AT_TOP = 7
"Python files directly in planrec/."
MOST_LAYERS = 15
MOST_ANY = 178
MOST_DICT_STR_ANY = 36
MOST_LINES_OF_A_FILE = 360
MOST_LINES_OF_A_FUNCTION = 52
MOST_LINES_OF_NINE_FUNCTIONS_IN_TEN = 16
MOST_MEMBERS_OF_A_CONTRACT = 9
MOST_CLASS_NAMES_WITH_TWO_MEANINGS = 0


def main() -> int:
    """Print every measure; return 1 if one is beyond its limit."""
    broken = 0
    for name, value, limit, is_kept in measures():
        broken += not is_kept
        print(f"{'  ' if is_kept else '! '}{name:58} {value:8.1f}   limit {limit:g}")
    return min(broken, 1)


def measures() -> Iterator[tuple[str, float, float, bool]]:
    """Yield name, value, limit, and whether the limit is kept."""
    sources = {
        file: file.read_text("utf-8")
        for package in PACKAGES
        for file in sorted((REPOSITORY / package).rglob("*.py"))
    }
    trees = {file: ast.parse(source) for file, source in sources.items()}
    text = " ".join(part for file, source in sources.items() for part in texts(source, trees[file]))
    n_words = len(re.findall(r"[A-Za-z']+", text))
    for pattern, most in MOST_PER_1000_WORDS.items():
        rate = 1000 * len(re.findall(pattern, text, re.IGNORECASE)) / n_words
        yield f"per 1,000 words: {pattern}", rate, most, rate <= most
    for pattern, least in LEAST_PER_1000_WORDS.items():
        rate = 1000 * len(re.findall(pattern, text, re.IGNORECASE)) / n_words
        yield f"per 1,000 words: {pattern}", rate, least, rate >= least
    joined = "\n".join(sources.values())
    n_modules = len(list((REPOSITORY / "planrec").glob("*.py")))
    counts = {
        "modules at the top of planrec/": (n_modules, MOST_MODULES_AT_TOP),
        "layers of rooms": (n_layers(), MOST_LAYERS),
        "Any": (len(re.findall(r"\bAny\b", joined)), MOST_ANY),
        "dict[str, Any]": (joined.count("dict[str, Any]"), MOST_DICT_STR_ANY),
        "lines of the longest file": (max(s.count("\n") for s in sources.values()), MOST_LINES_OF_A_FILE),
    }
    lengths = sorted(length for tree in trees.values() for length in function_lengths(tree))
    counts["lines of the longest function"] = (lengths[-1], MOST_LINES_OF_A_FUNCTION)
    counts["lines of functions, 90th percentile"] = (
        lengths[len(lengths) * 9 // 10],
        MOST_LINES_OF_NINE_FUNCTIONS_IN_TEN,
    )
    contracts = [tree for file, tree in trees.items() if file.parent == REPOSITORY / "planrec" / "contracts"]
    widest = max(number for tree in contracts for number in n_members(tree))
    counts["members of the widest contract"] = (widest, MOST_MEMBERS_OF_A_CONTRACT)
    names = Counter(name for tree in trees.values() for name in class_names(tree))
    counts["class names with two meanings"] = (
        sum(number > 1 for number in names.values()),
        MOST_CLASS_NAMES_WITH_TWO_MEANINGS,
    )
    for name, (value, most) in counts.items():
        yield name, value, most, value <= most


def texts(source: str, tree: ast.Module) -> Iterator[str]:
    """Yield every docstring, comment and string of more than a few words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count(" ") > 3:
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def function_lengths(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of each function, its docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            first = node.body[0]
            has_docstring = ast.get_docstring(node) is not None and first.end_lineno is not None
            documented = first.end_lineno - first.lineno + 1 if has_docstring and first.end_lineno else 0
            yield node.end_lineno - node.lineno + 1 - documented


def class_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the classes of a module; the private ones of modules may be alike."""
    yield from (
        node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


def n_members(contracts: ast.Module) -> Iterator[int]:
    """Yield the number of attributes and methods of each class that an option derives from."""
    for node in contracts.body:
        bases = {base.id for base in getattr(node, "bases", []) if isinstance(base, ast.Name)}
        if isinstance(node, ast.ClassDef) and "ABC" in bases:
            yield sum(isinstance(item, ast.FunctionDef | ast.AnnAssign) for item in node.body)


def n_layers() -> int:
    """Count the layers of the first import contract."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    return len(settings["tool"]["importlinter"]["contracts"][0]["layers"])


if __name__ == "__main__":
    sys.exit(main())
