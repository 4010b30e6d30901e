"""Pages for people, from files of our own: operators' networks are closed."""

from pathlib import Path
from typing import Any

from litestar import MediaType, Response, get
from litestar.static_files import create_static_files_router

FOLDER = Path(__file__).parent

# Styles are set by the viewer's script; everything else comes from this server.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@get("/docs", include_in_schema=False, sync_to_thread=False)
def api_page() -> Response[bytes]:
    """The OpenAPI document as a page to read and to try requests on."""
    content = (FOLDER / "api.html").read_bytes()
    return Response(content, media_type=MediaType.HTML, headers={"content-security-policy": _POLICY})


PAGES: list[Any] = [
    api_page,
    create_static_files_router("/static", directories=[FOLDER / "static"], include_in_schema=False),
]
