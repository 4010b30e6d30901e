"""Inline SVG of a matplotlib figure, without styles, without addresses, and with unique ids."""

import re
import warnings
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from planrec.reports.page.markup import escape_html

_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(xlink:href="#|url\(#)([^")]*)')
_LEFT_OUT = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)


@dataclass(frozen=True)
class Chart:
    """A figure, with a title and a description for readers who cannot see it."""

    figure: Figure
    title: str
    description: str
    "Content of the chart, figures included."


def figure_html(chart: Chart, name: str) -> str:
    """Return the chart with its title as caption.

    Args:
        chart: the chart.
        name: prefix of HTML ids, unique on the page.

    Returns:
        A `<figure>` element.
    """
    drawn = inline_svg(chart.figure, name)
    head = f'<svg role="img" aria-labelledby="{name}-title {name}-desc"'
    description = (
        f'<title id="{name}-title">{escape_html(chart.title)}</title>'
        f'<desc id="{name}-desc">{escape_html(chart.description)}</desc>'
    )
    start, _, rest = drawn.partition(">")
    return (
        f"<figure>{start.replace('<svg', head, 1)}>{description}{rest}"
        f"<figcaption>{escape_html(chart.title)}</figcaption></figure>\n"
    )


def inline_svg(figure: Figure, name: str) -> str:
    """Return the `<svg>` element alone; equal figures with equal names give equal text."""
    # Text stays text, so that it can be searched and read aloud.
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name}
    text = StringIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Matplotlib only measures the text with its own font; the reader's fonts have more letters.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = _LEFT_OUT.sub("", text.getvalue()[text.getvalue().index("<svg") :])
    referenced = {found[1] for found in _REFERENCE.findall(drawn)}
    return _TAG.sub(lambda tag: _plain_tag(tag[0], name, referenced), drawn)


def _plain_tag(tag: str, name: str, referenced: set[str]) -> str:
    """Turn the style of a tag into attributes, which a strict content security policy allows."""
    tag = _STYLE.sub(lambda style: _attributes(style[1]), tag)
    tag = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in referenced else "", tag)
    tag = _REFERENCE.sub(lambda found: f"{found[1].removeprefix('xlink:')}{name}-{found[2]}", tag)
    if tag.startswith("<svg"):
        size = " ".join(re.findall(r'\b(?:width|height|viewBox)="[^"]*"', tag))
        # Matplotlib's own style element sets these for every line.
        return f'<svg {size} stroke-linejoin="round" stroke-linecap="butt">'
    return tag


def _attributes(style: str) -> str:
    pairs = [declaration.partition(":")[::2] for declaration in style.split(";") if declaration.strip()]
    # The page's style sheet chooses the font.
    return "".join(f' {key.strip()}="{value.strip()}"' for key, value in pairs if "font-family" not in key)
