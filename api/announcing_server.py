"""The server of one process, which prints the address of its web page when it is ready."""

from ipaddress import ip_address
from socket import AF_INET6, socket

import uvicorn


class AnnouncingServer(uvicorn.Server):
    """A server of uvicorn that prints the address of its page."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, then print the address."""
        await super().startup(sockets)
        for server in self.servers if self.started else []:
            announce(server.sockets[0])
            return


def announce(listening: socket) -> None:
    """Print the addresses of the web page and of the API to standard output."""
    host, port = listening.getsockname()[:2]
    page = page_address(host, port, is_ipv6=listening.family == AF_INET6)
    print(
        f"open {page} in a browser; the API is described at {page}docs (Ctrl-C stops the server)", flush=True
    )


def page_address(host: str, port: int, *, is_ipv6: bool) -> str:
    """Return the address of the page on this machine.

    >>> page_address("0.0.0.0", 8000, is_ipv6=False), page_address("::1", 80, is_ipv6=True)
    ('http://127.0.0.1:8000/', 'http://[::1]:80/')
    """
    if ip_address(host).is_unspecified:
        host = "::1" if is_ipv6 else "127.0.0.1"
    return f"http://{f'[{host}]' if is_ipv6 else host}:{port}/"
