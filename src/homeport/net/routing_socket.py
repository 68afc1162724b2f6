"""macOS and the BSDs tell when addresses, routes and links change: route(4).

Not run on any of them for want of a machine; the messages are as their headers describe them.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys

from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..wire import routing_socket

assert sys.platform != "win32"

_READ = 65_536  # octets


class RoutingSocket:
    """Tells that something has changed; after sleep, the links come up again and are heard too."""

    name = "system"

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        try:
            sock = socket.socket(socket.AF_ROUTE, socket.SOCK_RAW, socket.AF_UNSPEC)
        except OSError as error:
            raise SourceError(f"the system does not tell of changes: {error.strerror}") from error

        def readable() -> None:
            try:
                octets = sock.recv(_READ)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    tell(Hint(self.name, "the system has changed more than it could tell"))
                elif not ended.done():
                    ended.set_exception(error)
                return
            for says in routing_socket.news(octets, flags=sys.platform in ("darwin", "freebsd")):
                tell(Hint(self.name, says))

        with sock:
            sock.setblocking(False)
            loop.add_reader(sock, readable)
            try:
                await ended
            except OSError as error:
                raise SourceError(f"the system does not tell of changes: {error.strerror}") from error
            finally:
                loop.remove_reader(sock)
