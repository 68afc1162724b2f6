"""A home line whose address changes, with the page on the Internet that tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network

_POOL = IPv4Network("198.51.100.0/24")  # RFC 5737: nobody's address


class Line:
    """`url` answers with the present address, as "what is my address" pages do."""

    def __init__(self) -> None:
        self.address = _POOL[1]
        self.url = ""

    def reconnect(self) -> IPv4Address:
        """The provider gives the line another address, as after every reconnection."""
        place = int(self.address) - int(_POOL.network_address)
        self.address = _POOL[1 + (place + 36) % 254]
        return self.address

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            body = f"{self.address}\n".encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked has gone
        finally:
            writer.close()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """A line that is up as long as the context."""
    home = Line()
    server = await asyncio.start_server(home._answer, "127.0.0.1", 0)  # noqa: SLF001 - made here
    home.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield home
    finally:
        server.close()
        await server.wait_closed()
