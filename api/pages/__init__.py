"""Pages for people. All files come from this package, because operators' networks are closed."""

from typing import cast

from litestar import HttpMethod, MediaType, Response, get, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from planrec.files.hashing import sha256_of
from planrec.sentences import Language

from ..http_request import HttpRequest
from ..language.requested import LANGUAGE
from .asset_files import FOLDER, assets
from .view_page import VIEW_PATHS, VIEWS, view_page

PAGE_PATHS = frozenset({"/docs", *VIEW_PATHS.values()})
_VIEW_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The viewer's script sets styles; everything else comes from this server.
_DOCS_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
_FOR_EVER = "public, max-age=31536000, immutable"


@get("/docs", include_in_schema=False, sync_to_thread=False)
def api_page(request: HttpRequest, state: State) -> Response[bytes]:
    """Show the OpenAPI document, and try requests."""
    # Absolute links: relative ones would differ for /docs and /docs/.
    page = (FOLDER / "docs.html").read_text("utf-8")
    page = page.replace('="/assets/', f'="{assets().prefix}/').replace('="/', f'="{state.root_path}/')
    return _page(request, page.encode(), _DOCS_POLICY)


@route(
    list(VIEW_PATHS.values()),
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
    sync_to_thread=False,
)
def view(request: HttpRequest, state: State) -> Response[bytes]:
    """Show a view of the web page, in the language of `?lang=` or of the request."""
    path = request.scope["path"].rstrip("/") or "/"
    name = next(view for view in VIEWS if VIEW_PATHS[view] == path)
    return _page(request, view_page(name, _language(request), state.root_path), _VIEW_POLICY)


@route(
    "/assets/{version:str}/{name:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
    sync_to_thread=False,
)
def asset(request: HttpRequest, version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Return a file of the pages."""
    found = assets().files.get(name.lstrip("/")) if version == assets().version else None
    if found is None:
        raise HTTPException(status_code=404, detail="no such file")
    headers = {"cache-control": _FOR_EVER, "etag": f'"{version}"', "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers)
    if not _accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(found.body, media_type=found.media_type, headers=headers)
    headers["content-encoding"] = "gzip"
    return Response(found.compressed, media_type=found.media_type, headers=headers)


def _page(request: HttpRequest, content: bytes, policy: str) -> Response[bytes]:
    """Return HTML that a browser keeps, but checks at every visit."""
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-cache",
        "vary": "accept-language",
        "etag": f'"{sha256_of(content)[:32]}"',
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type=MediaType.HTML, headers=headers)


def _language(request: HttpRequest) -> Language:
    chosen = request.query_params.get("lang")
    return cast(Language, chosen) if chosen in ("en", "es") else LANGUAGE.get()


def _accepts_gzip(accept_encoding: str) -> bool:
    """Say if a response may be compressed (RFC 9110, 12.5.3).

    >>> [_accepts_gzip(value) for value in ("gzip, br", "gzip;q=0", "br")]
    [True, False, False]
    """
    parts = [part.replace(" ", "").lower() for part in accept_encoding.split(",")]
    return any(part.split(";")[0] == "gzip" and not part.endswith(";q=0") for part in parts)


PAGES: list[ControllerRouterHandler] = [api_page, view, asset]
