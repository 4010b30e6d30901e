"""Rules of RFC 9112 that the parser does not check, and the head of a request without an upgrade."""

import re
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]
"Names in lower case, and values."

# A host and a port; empty if the address has no authority (RFC 9112, 3.2).
_HOST = re.compile(rb"[\w.~!$&'()*+,;=:%\[\]-]*", re.ASCII)


def fault_of_head(version: str, headers: Headers) -> str | None:
    """Return the rule that the headers of a request break, or None.

    Two servers that read a request differently could be made to see different requests. Headers that allow
    this are refused instead of repaired.

    Args:
        version: version of HTTP, such as `1.1`.
        headers: the headers of the request.

    >>> fault_of_head("1.1", [(b"host", b"a"), (b"host", b"b")])
    'a request must have one Host header, got 2'
    >>> fault_of_head("1.1", [(b"host", b"a:8000"), (b"transfer-encoding", b"Chunked")]) is None
    True
    """
    found = list(headers)
    hosts = [value for name, value in found if name == b"host"]
    codings = [value.strip().lower() for name, value in found if name == b"transfer-encoding"]
    if len(hosts) > 1 or (version != "1.0" and not hosts):
        return f"a request must have one Host header, got {len(hosts) or 'none'}"
    if hosts and not _HOST.fullmatch(hosts[0]):
        return "the Host header must be a host and a port"
    if codings and version == "1.0":
        return "a request of HTTP/1.0 must not have a Transfer-Encoding header"
    if codings and codings != [b"chunked"]:
        return "Transfer-Encoding must be chunked, and nothing else"
    return None


def head_without_upgrade(method: str, url: bytes, version: str, headers: Headers) -> bytes:
    r"""Return the head of a request that asks for no other protocol (RFC 9110, 7.8: ignore the upgrade).

    >>> head_without_upgrade("GET", b"/health", "1.1", [(b"host", b"a"), (b"upgrade", b"h2c")])
    b'GET /health HTTP/1.1\r\nhost: a\r\n\r\n'
    """
    first = b"%s %s HTTP/%s" % (method.encode(), url, version.encode())
    lines = [b"%s: %s" % header for header in headers if header[0] != b"upgrade"]
    return b"\r\n".join([first, *lines, b"", b""])
