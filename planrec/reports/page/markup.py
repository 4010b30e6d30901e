"""HTML from text that others wrote: the only place where it is escaped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    detail: str = ""
    "On a second line, smaller."
    css_class: str = ""


def escaped(text: object) -> str:
    """Text as HTML, for content and for quoted attributes alike."""
    return escape(shown_text(text), quote=True)


def shown_text(text: object) -> str:
    """Text without the characters that neither HTML nor SVG can hold; white space becomes single spaces."""
    return _CONTROL.sub("�", " ".join(str(text).split()))


def table(caption: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> str:
    """A table with a caption: a column head each, and one head per row. It scrolls where it is too wide."""
    columns = "".join(f'<th scope="col">{_breakable(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{_breakable(head)}</th>{"".join(map(_cell, cells))}</tr>\n'
        for head, cells in rows
    )
    # Focusable, so that a wide one can be scrolled with the keyboard.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def terms(pairs: Sequence[tuple[str, str]], code: Sequence[str] = ()) -> str:
    """A list of terms with what they are; those named in `code` as code."""
    lines = [
        f"<dt>{escaped(term)}</dt><dd>{_code(text) if term in code else escaped(text)}</dd>"
        for term, text in pairs
    ]
    return f"<dl>{''.join(lines)}</dl>\n"


def bullets(lines: Sequence[str]) -> str:
    """A list without order."""
    return f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in lines)}</ul>\n"


def paragraph(text: str) -> str:
    """One paragraph."""
    return f"<p>{escaped(text)}</p>\n"


def number(value: float) -> str:
    """Three decimals for shares, three digits for more, a dash for what is not defined."""
    if isnan(value):
        return "–"
    if abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:#.3g}".rstrip(".")


def interval(low: float, high: float) -> str:
    """The ends of an interval in brackets; nothing where no draw defines them."""
    return "" if isnan(low) or isnan(high) else f"[{number(low)}, {number(high)}]"


def _breakable(name: str) -> str:
    """A name that may go on in the next line behind an underscore."""
    return escaped(name).replace("_", "_<wbr>")


def _cell(cell: Cell) -> str:
    css = f' class="{cell.css_class}"' if cell.css_class else ""
    detail = f"<small>{escaped(cell.detail)}</small>" if cell.detail else ""
    return f"<td{css}>{escaped(cell.text)}{detail}</td>"


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>"
