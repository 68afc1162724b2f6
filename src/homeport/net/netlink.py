"""Ask the Linux kernel for its tables, and be told when they change: rtnetlink(7).

The kernel alone is believed: a datagram from another process is left unread.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Collection, Iterator

from ..core.dns import IPAddress
from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..core.system import Watch
from ..wire import rtnetlink

assert sys.platform == "linux"

_KERNEL = 0  # the port that its datagrams come from
_DATAGRAM = 65_536  # octets; the kernel's own buffers end at half of it
_MOST = 1 << 20  # octets of a table; a router of the core has a hundred times that
_PATIENCE = 1.0  # seconds for the kernel, which answers in less than a thousandth


def dump(kind: int, family: int = 0) -> Iterator[bytes]:
    """The datagrams of one of its tables, the first megabyte of them.  Raises `OSError`."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(_PATIENCE)
        sock.bind((0, 0))
        sock.sendto(rtnetlink.request(kind, family), (_KERNEL, 0))
        left = _MOST
        while left > 0:
            octets, (port, _) = sock.recvfrom(_DATAGRAM)
            if port != _KERNEL:
                continue
            for message in rtnetlink.messages(octets):
                if message.kind == rtnetlink.ERROR:
                    number = -int.from_bytes(message.body[:4], sys.byteorder, signed=True)
                    raise OSError(number, os.strerror(number))
                if message.kind == rtnetlink.DONE:
                    yield octets  # entries may stand before the end
                    return
            yield octets
            left -= len(octets)


class NetlinkEvents:
    """Tells of addresses, default routes and links as they come and go.

    Of the neighbours with one of `macs` (six octets each) it tells too, when one is first met at an
    address, or again after silence; that has the origin "neighbour".
    """

    name = "system"

    def __init__(self, macs: Collection[bytes] = ()) -> None:
        self._macs = frozenset(macs)
        self._met: set[IPAddress] = set()
        self._watch = Watch()

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`.  `SourceError` if the kernel gives no netlink socket."""
        try:
            sock = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
            )
        except OSError as error:
            raise SourceError(f"the kernel does not tell of changes: {error.strerror}") from error
        with sock:
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def readable() -> None:
                try:
                    self._read(sock, tell)
                except OSError as error:
                    if not ended.done():
                        ended.set_exception(error)

            try:
                sock.bind((0, rtnetlink.GROUPS | (rtnetlink.NEIGHBOURS if self._macs else 0)))
                self._learn()
                asyncio.get_running_loop().add_reader(sock, readable)
                try:
                    await ended
                finally:
                    asyncio.get_running_loop().remove_reader(sock)
            except OSError as error:
                raise SourceError(f"the kernel does not tell of changes: {error.strerror}") from error

    def _read(self, sock: socket.socket, tell: Tell) -> None:
        """One datagram; the loop calls again while there are more."""
        try:
            octets, (port, _) = sock.recvfrom(_DATAGRAM)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            _drain(sock)  # what was told before the loss is older than what is learnt now
            self._learn()
            tell(Hint(self.name, "the system has changed more than it could tell"))
            return
        if port != _KERNEL:
            return
        for change in rtnetlink.changes(octets):
            if (news := self._watch.hear(change)) is not None:
                tell(Hint(self.name, news.says, address=news.address))
        if self._macs:
            self._met.difference_update(rtnetlink.departed(octets))
            for one in self._meet(octets):
                tell(Hint("neighbour", f"the neighbour {one.mac.hex(':')} has {one.address}"))

    def _meet(self, octets: bytes) -> list[rtnetlink.Neighbour]:
        """The wanted neighbours that are met for the first time."""
        new = [
            one
            for one in rtnetlink.neighbours(octets)
            if one.mac in self._macs
            and one.address.version == 6
            and not one.address.is_link_local
            and one.address not in self._met
        ]
        self._met.update(one.address for one in new)
        return new

    def _learn(self) -> None:
        """What is there already is not news.  Routes first: they tell which links lead outward."""
        self._watch.forget()
        self._met.clear()
        for kind in (rtnetlink.GET_ROUTE, rtnetlink.GET_LINK, rtnetlink.GET_ADDRESS):
            for octets in dump(kind):
                for change in rtnetlink.changes(octets):
                    self._watch.hear(change)
        if self._macs:
            for octets in dump(rtnetlink.GET_NEIGHBOUR, socket.AF_INET6):
                self._meet(octets)


def _drain(sock: socket.socket) -> None:
    """Throw away what is queued.  Raises `OSError`."""
    while True:
        try:
            sock.recv(_DATAGRAM)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
