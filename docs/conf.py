"""Sphinx builds the documentation site with this file: `just site`.

The source is the whole repository, so that links between docs/, the README and the code work in the site as
they do on GitHub. Nothing is loaded from other servers: the site works from a folder, search included.
"""

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from planrec import __version__

project = "PlanRec"
author = "the authors of PlanRec"
release = version = __version__
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
include_patterns = ["docs/**.md", "*.md", "outputs/README.md"]
exclude_patterns = [
    *(".*", "api", "build", "conf", "deploy", "dist", "planrec", "tests"),
    *("docs/_*", "outputs/2*", "outputs/multirun"),
]

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

html_theme = "furo"
html_title = "PlanRec"
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # read by fetch, which browsers refuse to pages in a folder
html_show_sourcelink = False

HEADING = re.compile(r"\n##+ ")
LINK = re.compile(r"\]\(([^)#\s:]+)\.md[)#]")
FIRST_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>PlanRec</title>
<meta http-equiv="refresh" content="0; url={address}">
<a href="{address}">PlanRec documentation</a>
"""


def setup(app: Sphinx) -> None:
    """Make the navigation from the links of docs/index.md, and let the site begin there."""
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", add_navigation)
    app.connect("html-page-context", announce_adviser)
    app.connect("build-finished", write_first_page)


def add_navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Append hidden toctrees to docs/index.md; as text of the page, GitHub would show them."""
    if name == root_doc:
        source[0] += "".join(toctrees(source[0]))


def toctrees(page: str) -> list[str]:
    """Return a toctree for each heading, of the pages linked below it; the first link to a page counts."""
    seen: set[str] = set()
    blocks = []
    for section in HEADING.split(page)[1:]:
        caption = section.partition("\n")[0]
        pages = [link for link in dict.fromkeys(LINK.findall(section)) if link not in seen]
        seen.update(pages)
        if pages:
            blocks.append(
                "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```\n"])
            )
    return blocks


def announce_adviser(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Link the page of docs/_generate/static_adviser.py at the top of every page."""
    address = context["pathto"]("adviser/index.html", 1)
    context["theme_announcement"] = f'<a href="{address}">Try the adviser with stored answers</a>'


def write_first_page(app: Sphinx, problem: Exception | None) -> None:
    """Write an index.html that leads to the first page."""
    if problem is None:
        text = FIRST_PAGE.format(address=f"{root_doc}.html")
        Path(app.outdir, "index.html").write_text(text, "utf-8")
