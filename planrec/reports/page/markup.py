"""HTML made of text from users; it is escaped here and nowhere else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

from planrec.wording import figure

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class TableCell:
    """One cell of a table."""

    text: str
    detail: str = ""
    "Shown on a second line, smaller."
    css_class: str = ""


def escape_html(text: object) -> str:
    """Return text as HTML, for content and for quoted attributes alike.

    Examples:
        >>> escape_html('<b> & "c"')
        '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(printable_text(text), quote=True)


def printable_text(text: object) -> str:
    r"""Replace the characters that HTML and SVG do not allow; white space becomes single spaces.

    Examples:
        >>> printable_text("one \n two")
        'one two'
        >>> printable_text("a\x07b") == "a\ufffdb"
        True
    """
    return _CONTROL.sub("�", " ".join(str(text).split()))


def table(caption: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[TableCell]]]) -> str:
    """Return a table with a caption, a head per column and a head per row; a wide table scrolls."""
    columns = "".join(f'<th scope="col">{_with_breaks(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{_with_breaks(head)}</th>{"".join(map(_cell, cells))}</tr>\n'
        for head, cells in rows
    )
    # Focusable, so that a wide table can be scrolled with the keyboard.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape_html(caption)}"><table>'
        f"<caption>{escape_html(caption)}</caption>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def terms(pairs: Sequence[tuple[str, str]], code: Sequence[str] = ()) -> str:
    r"""Return a list of terms and descriptions; descriptions of the terms in `code` are shown as code.

    Examples:
        >>> terms([("model", "lgbm"), ("commit", "abc")], code=["commit"])
        '<dl><dt>model</dt><dd>lgbm</dd><dt>commit</dt><dd><code>abc</code></dd></dl>\n'
    """
    lines = [
        f"<dt>{escape_html(term)}</dt><dd>{_code(text) if term in code else escape_html(text)}</dd>"
        for term, text in pairs
    ]
    return f"<dl>{''.join(lines)}</dl>\n"


def bullets(lines: Sequence[str]) -> str:
    r"""Return an unordered list.

    Examples:
        >>> bullets(["a < b"])
        '<ul><li>a &lt; b</li></ul>\n'
    """
    return f"<ul>{''.join(f'<li>{escape_html(line)}</li>' for line in lines)}</ul>\n"


def paragraph(text: str) -> str:
    r"""Return one paragraph.

    Examples:
        >>> paragraph("a < b")
        '<p>a &lt; b</p>\n'
    """
    return f"<p>{escape_html(text)}</p>\n"


def number(value: float) -> str:
    """Format a number as everywhere, with a dash if it is not defined.

    Examples:
        >>> number(0.1234), number(12345.6), number(float("nan"))
        ('0.123', '12,346', '–')
    """
    return "–" if isnan(value) else figure(value)


def interval(low: float, high: float) -> str:
    """Format the ends of an interval; return an empty string if no draw defines them.

    Examples:
        >>> interval(0.1, 0.25), interval(float("nan"), 0.25)
        ('[0.100, 0.250]', '')
    """
    return "" if isnan(low) or isnan(high) else f"[{number(low)}, {number(high)}]"


def _with_breaks(name: str) -> str:
    """Escape a name, and allow a line break after each underscore."""
    return escape_html(name).replace("_", "_<wbr>")


def _cell(cell: TableCell) -> str:
    css = f' class="{cell.css_class}"' if cell.css_class else ""
    detail = f"<small>{escape_html(cell.detail)}</small>" if cell.detail else ""
    return f"<td{css}>{escape_html(cell.text)}{detail}</td>"


def _code(text: str) -> str:
    return f"<code>{escape_html(text)}</code>"
