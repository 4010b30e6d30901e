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
    svg: str = ""
    "A plot in place of the text."
    href: str = ""
    "Place on the page that the text links to."


@dataclass(frozen=True)
class TableHead:
    """The head of a column."""

    text: str
    detail: str = ""
    "Shown on a second line, smaller: unit and better direction."
    css_class: str = ""
    svg: str = ""
    "The axis of a column of plots; the text is then for screen readers alone."


@dataclass(frozen=True)
class Card:
    """A titled box of a page."""

    title: str
    html: str


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


def table(
    caption: str,
    heads: Sequence[str | TableHead],
    rows: Sequence[tuple[str | TableCell, Sequence[TableCell]]],
) -> str:
    """Return a table with a caption, a head per column and a head per row; a wide table scrolls."""
    # Focusable, so that a wide table can be scrolled with the keyboard.
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{escape_html(caption)}">'
        f"{plain_table(caption, heads, rows)}</div>\n"
    )


def plain_table(
    caption: str,
    heads: Sequence[str | TableHead],
    rows: Sequence[tuple[str | TableCell, Sequence[TableCell]]],
    css_class: str = "",
) -> str:
    """Return a table that fits the width of a phone."""
    columns = "".join(_head(head) for head in heads)
    body = "".join(f"<tr>{_row_head(head)}{''.join(map(_cell, cells))}</tr>\n" for head, cells in rows)
    css = f' class="{css_class}"' if css_class else ""
    return (
        f"<table{css}><caption>{escape_html(caption)}</caption>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody></table>\n"
    )


def fold(summary: str, html: str) -> str:
    r"""Return HTML that is folded on the screen and open on paper; an empty string without content.

    Examples:
        >>> fold("a < b", "<p>c</p>")
        '<details><summary>a &lt; b</summary>\n<p>c</p></details>\n'
        >>> fold("a", "")
        ''
    """
    return f"<details><summary>{escape_html(summary)}</summary>\n{html}</details>\n" if html else ""


def cards(columns: Sequence[Sequence[Card]], level: int) -> str:
    """Return titled boxes, in columns that stand beside each other if the screen is wide.

    Args:
        columns: the boxes of each column.
        level: level of the headings.
    """
    shown = [f"<div>{''.join(_card(card, level) for card in column)}</div>\n" for column in columns]
    return f'<div class="columns">{"".join(shown)}</div>\n'


def _card(card: Card, level: int) -> str:
    return f'<div class="card"><h{level}>{escape_html(card.title)}</h{level}>\n{card.html}</div>\n'


def terms(pairs: Sequence[tuple[str, str]], code: Sequence[str] = ()) -> str:
    r"""Return a list of terms and descriptions; descriptions of the terms in `code` are shown as code.

    Examples:
        >>> terms([("model", "lgbm"), ("commit", "abc")], code=["commit"])
        '<dl class="terms"><dt>model</dt><dd>lgbm</dd><dt>commit</dt><dd><code>abc</code></dd></dl>\n'
    """
    lines = [
        f"<dt>{escape_html(term)}</dt><dd>{_code(text) if term in code else escape_html(text)}</dd>"
        for term, text in pairs
    ]
    return f'<dl class="terms">{"".join(lines)}</dl>\n'


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


def verdict_html(css_class: str, tag: str, text: str, more: str = "") -> str:
    r"""Return the box at the top of a page: a label, one sentence, and HTML below it.

    Examples:
        >>> verdict_html("good", "No drift", "All < 1.")
        '<div class="verdict good"><p class="tag">No drift</p><p>All &lt; 1.</p></div>\n'
    """
    return (
        f'<div class="verdict {css_class}"><p class="tag">{escape_html(tag)}</p>'
        f"<p>{escape_html(text)}</p>{more}</div>\n"
    )


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
    """Escape a name, and allow a line break after each underscore, or after each = of a list of options."""
    mark = "=" if "=" in name else "_"
    return escape_html(name).replace(mark, f"{mark}<wbr>")


def _head(head: str | TableHead) -> str:
    if isinstance(head, str):
        return f'<th scope="col">{_with_breaks(head)}</th>'
    text = f'<span class="unseen">{escape_html(head.text)}</span>' if head.svg else _with_breaks(head.text)
    return f'<th scope="col"{_css(head.css_class)}>{text}{head.svg}{_detail(head.detail)}</th>'


def _row_head(head: str | TableCell) -> str:
    cell = TableCell(head) if isinstance(head, str) else head
    text = _with_breaks(cell.text)
    linked = f'<a href="{escape_html(cell.href)}">{text}</a>' if cell.href else text
    return f'<th scope="row"{_css(cell.css_class)}>{linked}{_detail(cell.detail)}</th>'


def _cell(cell: TableCell) -> str:
    return f"<td{_css(cell.css_class)}>{cell.svg}{escape_html(cell.text)}{_detail(cell.detail)}</td>"


def _css(css_class: str) -> str:
    return f' class="{css_class}"' if css_class else ""


def _detail(detail: str) -> str:
    return f"<small>{escape_html(detail)}</small>" if detail else ""


def _code(text: str) -> str:
    return f"<code>{escape_html(text)}</code>"
