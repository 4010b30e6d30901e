"""Pages for people. All files come from this package, because operators' networks are closed."""

from pathlib import Path

from litestar import HttpMethod, MediaType, Response, get, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import File
from litestar.types import ControllerRouterHandler

FOLDER = Path(__file__).parent
RAPIDOC = FOLDER / "vendored" / "rapidoc"
FILES = {file.name: file for file in (FOLDER / "static").iterdir()} | {
    "rapidoc-min.js": RAPIDOC / "rapidoc-min.js",
    "rapidoc-min.js.LICENSE.txt": RAPIDOC / "rapidoc-min.js.LICENSE.txt",
    "rapidoc.LICENSE.txt": RAPIDOC / "LICENSE.txt",
}
"The files below /static, by name."

# The viewer's script sets styles; everything else comes from this server.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@get("/docs", include_in_schema=False, sync_to_thread=False)
def api_page(state: State) -> Response[bytes]:
    """Show the OpenAPI document, and try requests."""
    # Absolute links: relative ones would differ for /docs and /docs/.
    content = (FOLDER / "api.html").read_bytes().replace(b'="/', f'="{state.root_path}/'.encode())
    return Response(content, media_type=MediaType.HTML, headers={"content-security-policy": _POLICY})


@route(
    "/static/{name:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
    sync_to_thread=False,
)
def static_file(name: FromPath[str]) -> File:
    """Return a file of the page."""
    # Litestar's own router fails on names that the file system rejects: NUL, 5,000 letters.
    if name not in FILES:
        raise HTTPException(status_code=404, detail="no such file")
    return File(FILES[name], filename=name, content_disposition_type="inline")


PAGES: list[ControllerRouterHandler] = [api_page, static_file]
