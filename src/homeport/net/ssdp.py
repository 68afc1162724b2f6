"""Ask the gateway where its UPnP description is.

The question goes to everybody in the local network, as SSDP wants it, and to the gateway alone, which
is what answers where multicast does not get through (UPnP Device Architecture 1.1, 1.3.2).
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address

from ..core.errors import SourceError
from ..wire import ssdp

PATIENCE = 3.0  # seconds until there is no answer to wait for
AGAIN = 1.0  # seconds until the question is asked once more; datagrams get lost
LOCATIONS = 4  # of one gateway that are looked at; real ones name one or two
DATAGRAM = 65_536  # octets; less would let Windows call a long datagram of a stranger an error


class Search:
    """One search from `sock`, which is bound to an address in the gateway's network."""

    def __init__(self, sock: socket.socket, gateway: IPv4Address) -> None:
        self._sock, self._gateway = sock, gateway
        self._seen: set[str] = set()
        self._began = asyncio.get_running_loop().time()
        self._asked = 0

    async def next(self) -> str | None:
        """The next URL that the gateway names; None if there is none and the time is over.

        Raises `SourceError` if the question cannot be sent.
        """
        loop = asyncio.get_running_loop()
        while len(self._seen) < LOCATIONS and loop.time() < self._began + PATIENCE:
            if loop.time() >= self._began + self._asked * AGAIN and self._asked < PATIENCE / AGAIN:
                self._asked += 1
                self._ask()
            try:
                async with asyncio.timeout_at(self._began + min(self._asked * AGAIN, PATIENCE)):
                    message, (host, *_) = await loop.sock_recvfrom(self._sock, DATAGRAM)
            except TimeoutError:
                continue
            except ConnectionResetError:  # so Windows says that a datagram did not arrive
                message, host = b"", ""
            except OSError as error:
                raise SourceError(f"no answer can be heard ({_why(error)})") from error
            if host == str(self._gateway) and (found := self._new(message)):
                return found
            await asyncio.sleep(0)  # whoever floods us shall not stop the rest of the agent
        return None

    def _new(self, message: bytes) -> str | None:
        """The URL in it, if it is one that was not there before."""
        try:
            url = ssdp.location(message, self._gateway)
        except SourceError:  # a neighbour can send in the gateway's name: the next one may be right
            return None
        if url in self._seen:
            return None
        self._seen.add(url)
        return url

    def _ask(self) -> None:
        alone = (str(self._gateway), ssdp.PORT)
        try:
            for question in ssdp.searches():
                for there in ((str(ssdp.GROUP), ssdp.PORT), alone):
                    self._sock.sendto(question, there)
        except OSError as error:
            raise SourceError(f"the network cannot be asked by UPnP ({_why(error)})") from error


def prepare(sock: socket.socket, local: IPv4Address) -> None:
    """Multicast from that address, and not further than UPnP goes.  Raises `OSError`."""
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, local.packed)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ssdp.TTL)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
