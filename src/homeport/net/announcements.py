"""Hear what the gateway tells everybody: NAT-PMP (RFC 6886, 3.2.1) and PCP (RFC 6887, 14.1) announcements.

They are multicast in the local network, so any neighbour can send one.  Only those from the address
and port of the default gateway are believed, and even they are no more than a hint.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple, Protocol

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..wire import natpmp, pcp
from . import routers
from .once import Once

_log = logging.getLogger(__name__)

PORT = 5350  # RFC 6886, 3.2.1
ALL_HOSTS = IPv4Address("224.0.0.1")
ALL_NODES = IPv6Address("ff02::1")
BACKLOG = 16  # datagrams that wait; the gateway repeats itself, so a lost one is no loss
LOOK_AGAIN = 5.0  # seconds from one look at the routing table to the next, whoever makes noise
_IP_MULTICAST_ALL = 49  # linux/in.h; Python has no name for it


class Line(Protocol):
    """What is needed of an uplink: `net.uplink.UplinkNet` has it."""

    async def gateway(self) -> IPv4Address:
        """The default IPv4 gateway; `SourceError` if there is none."""
        ...

    def udp(self, rrtype: RRType) -> socket.socket:
        """A datagram socket that leaves by this uplink; `SourceError` if it has no such family."""
        ...


class Datagram(NamedTuple):
    """What came in, and from where."""

    message: bytes
    source: IPAddress
    port: int


class _Said(NamedTuple):
    """The last announcement of its kind."""

    source: IPAddress
    address: IPv4Address | None
    epoch: natpmp.Epoch


class Memory:
    """Knows which announcement is new.  No socket and no clock."""

    def __init__(self, uplink: str | None = None) -> None:
        self._uplink = uplink
        self._last: dict[tuple[str, int], _Said] = {}

    def new(self, message: bytes, source: IPAddress, now: float) -> Hint | None:
        """The hint in an announcement of the gateway; None if it only repeats the last one.

        `now` is in seconds of a clock that never jumps.  Raises `SourceError` for other messages.
        """
        address: IPv4Address | None = None
        if message[:1] == b"\0":
            origin = "nat-pmp"
            address, seconds = natpmp.announcement(message)
            says = f"the gateway announces {address or 'that its line has no address'}"
        else:
            origin = "pcp"
            seconds = pcp.announcement(message)
            says = "the gateway announces that it has started, or that its address has changed"
        said = _Said(source, address, natpmp.Epoch(seconds, now))
        before = self._last.get((origin, source.version))
        self._last[origin, source.version] = said
        if before and before[:2] == said[:2] and not before.epoch.restarted(said.epoch):
            return None
        return Hint(origin, says, self._uplink, address)


class Announcements:
    """The listener for one uplink.  Its sockets are in the gateway's network and no other.

    `interface` is the one that the uplink is bound to, if it is.  A new network needs a new run; a
    gateway that only got another address in the same network does not.
    """

    name = "gateway announcements"

    def __init__(self, line: Line, *, uplink: str | None = None, interface: str | None = None) -> None:
        self._line, self._uplink, self._interface = line, uplink, interface
        self._known: set[tuple[IPAddress, int]] = set()
        self._looked = 0.0
        self._once = Once(_log)

    async def run(self, tell: Tell) -> None:
        """Until it is cancelled.  Raises `SourceError`: no gateway, port taken, network gone."""
        loop = asyncio.get_running_loop()
        gateway, router = await self._look()
        heard: asyncio.Queue[Datagram | None] = asyncio.Queue(BACKLOG)
        memory = Memory(self._uplink)
        with ExitStack() as closing:
            for sock in self._sockets(gateway, router):
                closing.enter_context(sock)
                transport, _ = await loop.create_datagram_endpoint(partial(_Ear, heard), sock=sock)
                closing.callback(transport.abort)
            while (datagram := await heard.get()) is not None:
                if await self._believed(datagram):
                    try:
                        hint = memory.new(datagram.message, datagram.source, loop.time())
                    except SourceError as error:
                        self._once.warn(error.args, f"gateway {datagram.source}: {error}; ignored")
                    else:
                        if hint is not None:
                            tell(hint)
            raise SourceError("gateway announcements: the system has closed the socket")

    async def _look(self) -> tuple[IPv4Address | None, routers.Router | None]:
        """Which machines are the gateway now.  Raises `SourceError` if there is none."""
        self._looked = asyncio.get_running_loop().time()
        gateway, router, trouble = None, None, None
        try:
            gateway = await self._line.gateway()
        except SourceError as error:
            trouble = error
        try:
            router = routers.router(self._interface)
        except (OSError, subprocess.SubprocessError) as error:
            _log.debug("gateway announcements: the system does not tell its IPv6 router: %s", error)
        if gateway is None and router is None and trouble is not None:
            raise trouble
        self._known = {(one, natpmp.PORT) for one in (gateway, router and router.address) if one}
        return gateway, router

    async def _believed(self, datagram: Datagram) -> bool:
        """Is it from the gateway?  It may be another machine by now, so the system is asked again."""
        who = datagram.source, datagram.port
        if who in self._known:
            return True
        if asyncio.get_running_loop().time() - self._looked < LOOK_AGAIN:
            return False
        try:
            await self._look()
        except SourceError:
            return False
        if who in self._known:
            return True
        self._once.warn(
            datagram.source,
            f"{datagram.source} port {datagram.port}: announces an address as if it were the gateway; "
            "ignored. Is there a second router in your network, or a stranger?",
        )
        return False

    def _sockets(
        self, gateway: IPv4Address | None, router: routers.Router | None
    ) -> Iterator[socket.socket]:
        """Sockets that hear the gateway's network.  Raises `SourceError`."""
        if gateway is not None:
            with self._line.udp(RRType.A) as probe:
                mine = routers.address_towards(probe, gateway)
            yield _told(_ipv4, mine)
        if router is not None:
            try:
                with self._line.udp(RRType.AAAA) as probe:
                    mine = routers.address_towards(probe, router.address, router.scope)
                sock = _told(_ipv6, mine, router.scope)
            except SourceError as error:
                if gateway is None:
                    raise
                _log.debug("%s; only IPv4 is listened to", error)
            else:
                yield sock


def _told(listen: Callable[..., socket.socket], *where: object) -> socket.socket:
    """The listening socket; `SourceError` if there can be none."""
    try:
        return listen(*where)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise SourceError(
            f"gateway announcements: UDP port {PORT}: {why}; "
            "does another program listen there without sharing it?"
        ) from error


def _ipv4(mine: IPAddress) -> socket.socket:
    """Hears the group in the network of that address.  Raises `OSError`."""
    with ExitStack() as undo:
        sock = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        _share(sock)
        if sys.platform == "linux":  # else whatever group any program joins on any interface is heard
            sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        # Windows binds to addresses of its own only; elsewhere the group keeps unicast out.
        sock.bind((str(mine if sys.platform == "win32" else ALL_HOSTS), PORT))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, ALL_HOSTS.packed + mine.packed)
        undo.pop_all()
    return sock


def _ipv6(mine: IPAddress, scope: int) -> socket.socket:
    """The same on the interface of that number."""
    with ExitStack() as undo:
        sock = undo.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        _share(sock)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((str(mine if sys.platform == "win32" else ALL_NODES), PORT, 0, scope))
        member = ALL_NODES.packed + struct.pack("@I", scope)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        undo.pop_all()
    return sock


def _share(sock: socket.socket) -> None:
    """Let other programs listen too; on Windows the first option says both."""
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform != "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


class _Ear(asyncio.DatagramProtocol):
    """Puts what comes into a queue; what does not fit is lost.  None is the end."""

    def __init__(self, heard: asyncio.Queue[Datagram | None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if not self._heard.full():
            self._heard.put_nowait(Datagram(data, ip_address(addr[0].partition("%")[0]), addr[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait(None)
