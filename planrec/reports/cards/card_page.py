"""A card as a page of HTML, from the Markdown that cards consist of."""

import re
from collections.abc import Iterator

from planrec.reports.page.html_page import html_document
from planrec.reports.page.markup import TableCell, escape_html, table

_CODE = re.compile(r"(?<!\\)(`+) ?(.+?) ?\1")
_ESCAPED = re.compile(r"\\(&\w+;|[\\`*\[\]<>|#&_])")
_STRONG = re.compile(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*")
_BARS = re.compile(r"(?<!\\)\|")

_STAR = "&#42;"


def card_page(card: str) -> str:
    """Return a page with the content of a card.

    Args:
        card: Markdown with titles, paragraphs, lists, tables and indented commands, as cards have it.
    """
    title, _, content = card.partition("\n")
    name = plain(title.removeprefix("# "))
    return html_document(name, _parts(content), kind="model card")


def plain(text: str) -> str:
    """Return text without the marks of Markdown.

    >>> plain("Model card: lgbm for `target=best_bill`")
    'Model card: lgbm for target=best_bill'
    """
    return _ESCAPED.sub(r"\1", text.replace("`", ""))


def _parts(content: str) -> Iterator[str]:
    section = ""
    for block in re.split(r"\n{2,}", content.strip("\n")):
        if block.startswith("## "):
            section = block.removeprefix("## ")
            yield f"<h2>{_inline(section)}</h2>\n"
        else:
            yield _block(block, section)


def _block(block: str, section: str) -> str:
    lines = block.splitlines()
    if block.startswith("| "):
        return _table(lines, section)
    if block.startswith("* "):
        return "<ul>" + "".join(f"<li>{_inline(line.removeprefix('* '))}</li>" for line in lines) + "</ul>\n"
    if block.startswith("    "):
        return "".join(f"<p><code>{escape_html(line)}</code></p>\n" for line in lines)
    return f"<p>{_inline(' '.join(lines))}</p>\n"


def _table(lines: list[str], caption: str) -> str:
    heads, _, *rows = [[plain(cell.strip()) for cell in _BARS.split(line)[1:-1]] for line in lines]
    return table(caption, heads, [(head, [TableCell(cell) for cell in cells]) for head, *cells in rows])


def _inline(text: str) -> str:
    r"""Return a line as HTML: code and strong text are marked, everything else is escaped.

    >>> _inline("(`a<b`) of x\\_y")
    '(<code>a&lt;b</code>) of x_y'
    >>> _inline(r"**Not** for `a**b**` or \*\*c\*\*")
    '<strong>Not</strong> for <code>a**b**</code> or **c**'
    """
    # Code first: its stars are text, so they are hidden until strong text is marked.
    coded = _CODE.sub(lambda found: f"<code>{found[2].replace('*', _STAR)}</code>", escape_html(text))
    strong = _STRONG.sub(r"<strong>\1</strong>", coded)
    return _ESCAPED.sub(r"\1", strong).replace(_STAR, "*")
