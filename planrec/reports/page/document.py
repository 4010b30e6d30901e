"""An HTML document that loads nothing: head, style sheet and content security policy around its parts."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from planrec.reports.page.markup import escape_html

STYLE = Path(__file__).with_name("style.css")


def document(title: str, parts: Iterable[str]) -> str:
    """Return a page with a title, as text and as heading, and parts that are HTML already.

    Its content security policy allows its own style sheet, by hash, and neither scripts nor addresses.
    """
    style = STYLE.read_text("utf-8")
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy"'
        f" content=\"default-src 'none'; style-src 'sha256-{allowed}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape_html(title)}</h1>\n"
    )
    return "".join([head, *parts, "</main>\n</body>\n</html>\n"])
