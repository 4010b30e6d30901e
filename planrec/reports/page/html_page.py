"""The frame of every page: head, style, content security policy, title, main part, foot."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from planrec.reports.page.markup import escape_html

STYLES = ("tokens.css", "style.css")
FOOT = "Made by PlanRec. This page is one file: it loads nothing and sends nothing."


def html_document(title: str, parts: Iterable[str], kind: str = "report") -> str:
    """Return a page of these parts, which are HTML. It has the style of all pages.

    The page loads nothing: its content security policy allows its own style sheet, by hash, and neither
    scripts nor addresses.

    Args:
        title: title of the page.
        parts: content of the main part.
        kind: kind of the page, shown above the title.

    Returns:
        The HTML.
    """
    folder = Path(__file__).parent
    style = "".join((folder / name).read_text("utf-8") for name in STYLES)
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    return "".join([_head(title, kind, style, allowed), *parts, f"</main>\n{_foot()}</body>\n</html>\n"])


def _head(title: str, kind: str, style: str, allowed: str) -> str:
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape_html(title)} · PlanRec {kind}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<header class="top"><p>PlanRec {kind}</p>\n<h1>{escape_html(title)}</h1></header>\n<main>\n'
    )


def _foot() -> str:
    return f"<footer><p>{FOOT}</p></footer>\n"
