"""The HTML of a view: a frame with the navigation, which the view's script fills."""

import json
import re
from functools import cache
from html import escape
from typing import Literal, get_args

from planrec.sentences import Language

from .asset_files import FOLDER, assets

View = Literal["adviser", "runs", "campaign", "operate"]
VIEWS: tuple[View, ...] = get_args(View)
VIEW_PATHS = {view: "/" if view == "adviser" else f"/app/{view}" for view in VIEWS}
"View -> path of its page."


@cache
def view_page(view: View, language: Language, root_path: str) -> bytes:
    """Return the page of a view.

    Args:
        view: the name of the view, of its script and of its texts.
        language: the language of the frame.
        root_path: prefix of all links; see `Server.root_path`.
    """
    texts = json.loads(assets().files[f"texts/{language}.json"].body)
    links = [_link(view, other, texts["shell"][other], root_path) for other in VIEWS]
    values = {
        **{name: escape(text) for name, text in texts["shell"].items()},
        "language": language,
        "view": view,
        "root": root_path,
        "assets": root_path + assets().prefix,
        "title": escape(texts["shell"][view]),
        "links": "".join(links),
    }
    template = (FOLDER / "view.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template).encode()


def _link(view: View, other: View, text: str, root_path: str) -> str:
    current = ' aria-current="page"' if other == view else ""
    return f'<a href="{root_path}{VIEW_PATHS[other]}" data-text="shell.{other}"{current}>{escape(text)}</a>'
