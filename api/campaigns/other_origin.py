"""Requests that a page of another origin makes a browser send; a form needs no preflight request."""

from collections.abc import Collection, Mapping

from litestar.exceptions import HTTPException

from ..http_request import HttpRequest
from ..state import state_of

REFUSED = "a page of another origin may not do this; set PLANREC_ACCESS__CORS_ORIGINS to allow its origin"


def check_origin(request: HttpRequest) -> None:
    """Check that no page of another origin sent a request. Raises HTTPException: 403."""
    if is_of_other_origin(request.headers, state_of(request.app).cors_origins):
        raise HTTPException(status_code=403, detail=REFUSED)


def is_of_other_origin(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Return whether a page of another origin sent a request; programs send neither header.

    >>> is_of_other_origin({"sec-fetch-site": "cross-site"}, [])
    True
    >>> is_of_other_origin({"origin": "http://localhost:8000", "host": "localhost:8000"}, [])
    False
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin in allowed:
        return False
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2] != headers.get("host")
