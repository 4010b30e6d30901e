"""A matplotlib Figure as an inline SVG: no styles, no addresses, no ids that another chart has as well."""

import re
import warnings
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from planrec.reports.page.markup import escaped

_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(xlink:href="#|url\(#)([^")]*)')
_LEFT_OUT = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)


@dataclass(frozen=True)
class Chart:
    """A drawing, and the words that stand for it where it cannot be seen."""

    figure: Figure
    title: str
    description: str
    "What it shows, figures included."


def figure_html(chart: Chart, name: str) -> str:
    """The chart with its title as caption. `name` is unique on the page."""
    drawn = inline_svg(chart.figure, name)
    head = f'<svg role="img" aria-labelledby="{name}-title {name}-desc"'
    words = (
        f'<title id="{name}-title">{escaped(chart.title)}</title>'
        f'<desc id="{name}-desc">{escaped(chart.description)}</desc>'
    )
    start, _, rest = drawn.partition(">")
    return (
        f"<figure>{start.replace('<svg', head, 1)}>{words}{rest}"
        f"<figcaption>{escaped(chart.title)}</figcaption></figure>\n"
    )


def inline_svg(figure: Figure, name: str) -> str:
    """The `<svg>` element alone; equal figures with equal names give equal text."""
    # Text stays text, so that it can be searched and read aloud.
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name}
    text = StringIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Matplotlib's own font measures the text, the reader's fonts show it: they have more letters.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = _LEFT_OUT.sub("", text.getvalue()[text.getvalue().index("<svg") :])
    referenced = {found[1] for found in _REFERENCE.findall(drawn)}
    return _TAG.sub(lambda tag: _plain_tag(tag[0], name, referenced), drawn)


def _plain_tag(tag: str, name: str, referenced: set[str]) -> str:
    """One tag, its style as attributes, which a strict content security policy allows."""
    tag = _STYLE.sub(lambda style: _attributes(style[1]), tag)
    tag = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in referenced else "", tag)
    tag = _REFERENCE.sub(lambda found: f"{found[1].removeprefix('xlink:')}{name}-{found[2]}", tag)
    if tag.startswith("<svg"):
        size = " ".join(re.findall(r'\b(?:width|height|viewBox)="[^"]*"', tag))
        # What matplotlib's own style element says of every line.
        return f'<svg {size} stroke-linejoin="round" stroke-linecap="butt">'
    return tag


def _attributes(style: str) -> str:
    pairs = [declaration.partition(":")[::2] for declaration in style.split(";") if declaration.strip()]
    # The page's style sheet chooses the font.
    return "".join(f' {key.strip()}="{value.strip()}"' for key, value in pairs if "font-family" not in key)
