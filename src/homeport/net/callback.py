"""A very small HTTP/1.1 server: one peer, one path, one request a connection.

It opens no door: it listens on one address of the local network, on a port that the system chooses,
and whoever is not the expected peer is cut off before a single octet is read.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import h11

from ..core.dns import IPAddress
from ..core.errors import SourceError
from .once import Once

_log = logging.getLogger(__name__)

CONNECTIONS = 4  # at once; a gateway has one event at a time to tell
PATIENCE = 5.0  # seconds for a whole request
LONGEST_HEAD = 8_192  # octets
CHUNK = 4_096  # octets read at once

Answer = Callable[[Mapping[str, str], bytes], Awaitable[int]]  # head (names in lower case), body: status


class Callback:
    """Open inside `async with`.  `url` is the only thing that it serves, and cannot be guessed."""

    def __init__(self, method: str, peer: IPAddress, limit: int, answer: Answer) -> None:
        """`limit` is in octets of body."""
        self.url = ""
        self._method, self._peer, self._limit, self._answer = method.encode(), peer, limit, answer
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._once = Once(_log)

    async def open(self, mine: IPAddress) -> Self:
        """Listen on that address of this machine.  Raises `SourceError`."""
        try:
            self._server = await asyncio.start_server(self._accept, str(mine), 0, limit=CHUNK)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise SourceError(f"cannot listen on {mine} for what the gateway tells: {why}") from error
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{mine}:{port}{self._path}"
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # asyncio closes a socket in the next turn of its loop

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name: Any = writer.get_extra_info("peername")  # None: it has gone already
        peer = ip_address(name[0]) if name else None
        if peer == self._peer and len(self._tasks) < CONNECTIONS:
            task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        writer.transport.abort()
        if peer not in (None, self._peer):
            self._once.warn(
                peer,
                f"{peer}: tries to tell us what only the gateway {self._peer} may; ignored. Who is it?",
            )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    status = await self._exchange(wire, reader)
                except h11.RemoteProtocolError as error:
                    status = error.error_status_hint
                head = [("content-length", "0"), ("connection", "close")]
                if wire.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    reply = h11.Response(status_code=status, headers=head)
                    writer.write(wire.send(reply) + wire.send(h11.EndOfMessage()))
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError) as error:
            _log.debug("gateway %s: broke off a notification: %s", self._peer, type(error).__name__)
        finally:
            writer.transport.abort()

    async def _exchange(self, wire: h11.Connection, reader: asyncio.StreamReader) -> int:
        """The status for one request.  Raises `OSError`, and h11's error for what is no HTTP."""
        headers: dict[str, str] = {}
        body = bytearray()
        while not isinstance(event := wire.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(CHUNK))
            elif isinstance(event, h11.Request):
                if event.target != self._path.encode():
                    return 404
                if event.method != self._method:
                    return 405
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                if int(headers.get("content-length", 0)) > self._limit:
                    return 413
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._limit:
                    return 413
            else:
                raise ConnectionResetError("the connection has ended")
        return await self._answer(headers, bytes(body))
