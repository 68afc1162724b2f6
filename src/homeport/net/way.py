"""How sockets leave this machine: over which family, by which interface, from which address."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from ..core.dns import IPAddress, RRType

FAMILIES = {RRType.A: socket.AF_INET, RRType.AAAA: socket.AF_INET6}
SPOKEN = {RRType.A: "IPv4", RRType.AAAA: "IPv6"}
STAGGER = 0.25  # seconds from one attempt to the next (RFC 8305, 5)


class Way(NamedTuple):
    """Over which family, and by which interface or from which address; by default as the system does.

    With `strict` unset the family is only a preference.
    """

    family: RRType | None = None
    strict: bool = True
    interface: str | None = None
    source: IPAddress | None = None

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket: addresses are tried in order, one more every 0.25 s (RFC 8305, 5).

        Raises `OSError` whose text is for the person.
        """
        waiting = await self._addresses(host, port)
        won: list[socket.socket] = []
        trouble: list[str] = []

        async def attempt(family: int, address: Any) -> None:
            try:
                sock = await self.reach(family, address)
            except OSError as error:
                trouble.append(f"{reason(error)} ({address[0]})")
            else:
                if won:
                    sock.close()
                else:
                    won.append(sock)

        running: set[asyncio.Task[None]] = set()
        try:
            while not won and (waiting or running):
                if waiting:
                    running.add(asyncio.create_task(attempt(*waiting.pop(0))))
                done, running = await asyncio.wait(
                    running, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()  # an attempt returns its errors; what it raises is a bug of ours
        except asyncio.CancelledError:
            for sock in won:
                sock.close()
            raise
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if not won:
            raise OSError(", ".join(trouble))
        return won[0]

    async def _addresses(self, host: str, port: int) -> list[tuple[int, Any]]:
        """(family, socket address) in the order to try: families in turn (RFC 8305, 4)."""
        wanted, strict = self.family, self.strict
        if self.source is not None:
            wanted, strict = RRType.of(self.source), True
        asked = FAMILIES[wanted] if wanted and strict else socket.AF_UNSPEC
        name = host.encode()  # octets: for text, Python loads its "idna" codec
        try:
            try:
                found = socket.getaddrinfo(
                    name, port, family=asked, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
                )
            except socket.gaierror:  # a name, not an address
                found = await asyncio.get_running_loop().getaddrinfo(
                    name, port, family=asked, type=socket.SOCK_STREAM
                )
        except socket.gaierror as error:
            what = f"{SPOKEN[wanted]} address" if wanted and strict else "address"
            raise OSError(f"no {what} found for {host} ({error.strerror})") from error
        first = FAMILIES[wanted] if wanted else found[0][0]
        mine: list[tuple[int, Any]] = [(kind, address) for kind, *_, address in found if kind == first]
        others: list[tuple[int, Any]] = [(kind, address) for kind, *_, address in found if kind != first]
        if wanted:
            return mine or others
        return [one for one in chain.from_iterable(zip_longest(mine, others)) if one]

    async def reach(self, family: int, address: Any) -> socket.socket:
        with ExitStack() as undo:
            sock = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setblocking(False)
            self.bind(sock)
            await asyncio.get_running_loop().sock_connect(sock, address)
            undo.pop_all()
        return sock

    def datagrams(self, address: str, port: int) -> socket.socket:
        """A datagram socket connected to that address.  Raises `OSError`."""
        with ExitStack() as undo:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = undo.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            sock.setblocking(False)
            self.bind(sock)
            sock.connect((address, port))
            undo.pop_all()
        return sock

    def bind(self, sock: socket.socket) -> None:
        """Make the socket leave by this way.  Raises `OSError`."""
        try:
            if self.interface:
                _bind_to_device(sock, self.interface)
            if self.source is not None:
                sock.bind((str(self.source), 0))
        except OSError as error:
            way = self.interface if self.source is None else self.source
            raise OSError(f"cannot send from {way}: {reason(error)}") from error


def _bind_to_device(sock: socket.socket, interface: str) -> None:
    if sys.platform != "linux":
        raise OSError("only Linux can bind to an interface; set source_address instead")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())


def reason(error: OSError) -> str:
    """The system's words for an error, without the addresses and numbers that asyncio mixes in."""
    text = error.strerror or str(error) or type(error).__name__
    if error.errno and text.startswith("Connect call failed"):
        text = os.strerror(error.errno)
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
