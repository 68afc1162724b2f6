"""What holds for an HTTP peer that writes whatever it likes."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from homeport.core.errors import NoAnswer, Unintelligible
from homeport.net.http import HttpTransport, _Connection, _Origin
from homeport.wire.http import Request

from .laws import Law

LIMIT = 1000  # octets of body


class _Writer:
    """Sends nowhere."""

    transport: Any = None

    def __init__(self) -> None:
        self.transport = self

    def write(self, octets: bytes) -> None:
        assert octets.startswith(b"GET / HTTP/1.1\r\n")

    async def drain(self) -> None: ...

    def abort(self) -> None: ...

    def is_closing(self) -> bool:
        return False


async def _answer(octets: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(octets)
    reader.feed_eof()
    writer: Any = _Writer()
    transport = HttpTransport(user_agent="fuzz/1", limit=LIMIT)

    async def connected(origin: _Origin, tls: ssl.SSLContext | None, said: str) -> _Connection:
        return _Connection(origin, reader, writer, 0)

    transport._connect = connected  # type: ignore[method-assign]
    try:
        reply = await transport.send(Request("GET", "http://192.0.2.1/"))
    except (NoAnswer, Unintelligible) as error:
        assert len(str(error)) < 300
        return
    assert 200 <= reply.status < 1000
    assert len(reply.body) <= LIMIT
    rest = iter(octets)
    assert all(octet in rest for octet in reply.body)  # in this order, chunks joined
    assert all(name == name.lower() for name in reply.headers)
    assert not any("\r" in value or "\n" in value for value in reply.headers.values())


_LOOP = asyncio.new_event_loop()


def check_http(octets: bytes) -> None:
    _LOOP.run_until_complete(_answer(octets))


HTTP = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        b"\r\n5\r\nhello\r\n3;x=y\r\n wo\r\n0\r\nTrailer: x\r\n\r\n"
    ),
    b"HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nRetry-After: 5\r\n\r\n",
)
HTTP_WORDS = (
    b"\r\n",
    b"\n",
    b"HTTP/1.1 ",
    b"Content-Length: 99999999999999\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"ffffffffffffffff\r\n",
    b": ",
    b"\0",
    b"101",
    b"x: y\r\n",
)
LAWS = {"http": Law(HTTP, check_http, HTTP_WORDS, 2)}
