"""Read the body of a request: its content encoding, its charset, and nothing larger than the limit."""

import codecs
import zlib

from anyio import to_thread
from litestar.exceptions import HTTPException

from ..http_request import HttpRequest
from .request_body import MalformedJsonError, RequestTooLargeError

LARGE_BODY_BYTES = 65_536
"Larger bodies are decoded and parsed in a thread; ten years of months are a quarter of it."
_GZIP = ("gzip", "x-gzip")
_UTF_8 = ("", "utf-8", "utf8", "us-ascii")
# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


async def received_body(request: HttpRequest) -> bytes:
    """Return the body of a request, without its content encoding.

    Raises:
        HTTPException: 415, if its encoding or charset is not supported.
        MalformedJsonError: it is not gzip although its headers say so, or it begins with a byte-order mark.
        RequestTooLargeError: it is larger than the limit once it is decoded.
    """
    encoding = content_encoding_of(request)
    _check_charset(request)
    body = await request.body()
    if encoding == "gzip":
        limit = request.route_handler.resolve_request_max_body_size()
        # A megabyte of gzip can take a gigabyte: never decode more than one byte above the limit.
        body = await to_thread.run_sync(decompressed, body, int(limit or 0))
    check_byte_order_mark(body)
    return body


def content_encoding_of(request: HttpRequest) -> str:
    """Return `gzip`, or `identity` for a body that is sent as it is.

    Raises:
        HTTPException: 415 with `Accept-Encoding`, for any other encoding.
    """
    given = ", ".join(request.headers.getall("content-encoding", [])).strip().lower()
    if given in _GZIP:
        return "gzip"
    if given in ("", "identity"):
        return "identity"
    raise HTTPException(
        status_code=415,
        detail=f"the content encoding must be gzip or identity, got {given[:100]!r}",
        headers={"accept-encoding": "gzip"},
    )


def decompressed(body: bytes, most: int) -> bytes:
    """Decompress one gzip member of at most `most` bytes.

    Raises:
        MalformedJsonError: the body is not gzip, is cut off, or goes on after its end.
        RequestTooLargeError: it holds more bytes.

    >>> import gzip
    >>> decompressed(gzip.compress(b"{}"), most=2)
    b'{}'
    """
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decoder.decompress(body, most + 1)
    except zlib.error as error:
        raise MalformedJsonError(f"the content encoding is gzip, but the body is not: {error}") from None
    if len(content) > most:
        raise RequestTooLargeError(f"the body must have at most {most:,} bytes once it is decompressed")
    if not decoder.eof or decoder.unused_data:
        raise MalformedJsonError("the content encoding is gzip, but the body is not one complete gzip member")
    return content


def check_byte_order_mark(body: bytes) -> None:
    r"""Check that a body does not begin with a byte-order mark (RFC 8259, 8.1).

    Raises:
        MalformedJsonError: it names the encoding that the mark belongs to.

    >>> check_byte_order_mark("{}".encode("utf-16"))
    Traceback (most recent call last):
    api.parsing.request_body.MalformedJsonError: expected UTF-8 without a byte-order mark, got one of UTF-16
    """
    found = next((name for mark, name in _BYTE_ORDER_MARKS if body.startswith(mark)), None)
    if found:
        raise MalformedJsonError(f"expected UTF-8 without a byte-order mark, got one of {found}")


def _check_charset(request: HttpRequest) -> None:
    charset = request.content_type[1].get("charset", "").strip("\"' ").lower()
    if charset not in _UTF_8:
        raise HTTPException(status_code=415, detail=f"the charset must be utf-8, got {charset[:100]!r}")
