"""The page about the public names of `import planrec`; the site adds signatures from the docstrings."""

import inspect

import planrec


def python_page() -> str:
    """Return the page as Markdown: a table of all names, then one section per name."""
    names = sorted(planrec.__all__, key=lambda name: (inspect.isclass(getattr(planrec, name)), name.lower()))
    lines = [
        "# Python",
        "",
        "Generated from the docstrings by `just docs`. Type `import planrec as pr`, then `pr.` and the"
        " tabulator key: these names are public. Other modules may change without notice.",
        "",
        "| name | purpose |",
        "|---|---|",
        *(f"| [`{name}`](#{name.lower()}) | {_purpose(name)} |" for name in names),
    ]
    for name in names:
        lines += ["", f"## {name}", "", "```{eval-rst}", *_directive(name), "```"]
    return "\n".join(lines) + "\n"


def _purpose(name: str) -> str:
    """Return the first sentence of a docstring."""
    return (
        (inspect.getdoc(getattr(planrec, name)) or "")
        .partition("\n\n")[0]
        .replace("\n", " ")
        .replace("|", "\\|")
    )


def _directive(name: str) -> list[str]:
    """Return the lines that make Sphinx write the documentation of one name."""
    if not inspect.isclass(getattr(planrec, name)):
        return [f".. autofunction:: planrec.{name}"]
    return [f".. autoclass:: planrec.{name}", "   :members:"]
