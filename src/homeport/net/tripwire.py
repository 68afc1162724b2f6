"""A tripwire: notice within seconds that the gateway has lost our address, without a word to the outside.

One datagram with a time to live of 1 is sent to our own public address.  A gateway that owns the address
takes the datagram in, whatever its time to live, and answers that nobody listens on that port (ICMP
"port unreachable", RFC 792; RFC 1122, 4.1.3.1).  A gateway that does not own it would have to pass it
on, must not (RFC 1812, 5.3.1), and answers "time exceeded".  The datagram never gets further than that.

Each is 28 octets of IPv4 and its answer 56, every four seconds: 76 kB an hour in the LAN, and nothing at
all on the WAN.  Linux limits such answers to one a second for each host that asks; this asks less.

Silence says nothing: many gateways drop such datagrams.  Behind a second NAT the answer is "time
exceeded" from the first day on.  So the wire is strung only where the gateway has once said that the
address is its own.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv4Address

from ..core.dns import RRType
from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from .uplink import UplinkNet

PACE = 4.0  # seconds from one datagram to the next
RETRY = 300.0  # seconds until a gateway that did not own the address is asked again
AGAIN = (5.0, 20.0, 60.0)  # seconds from one hint to the next while nobody finds the new address
LOST = 3  # answers in a row whose loss means that this wire watches nothing any more
SILENCE = 8  # rounds without an answer, about a minute, that make it ask more seldom, and again and again
SELDOM = 60.0  # seconds from one round to the next when that has gone on for an hour
PORT = 33434  # traceroute's: nobody listens there, and who reads a log knows what it is

# Seconds after which an answer is looked for.  No loop of asyncio watches for errors of a datagram
# socket on every system, and a gateway that answers at all does so within milliseconds.
LOOKS = (0.004, 0.03, 0.15, 0.4, 0.5)

_IP_RECVERR = 11  # linux/in.h; Python has no name for it
_EXTENDED_ERROR = struct.Struct("=IBBBxII")  # linux/errqueue.h: errno, origin, type, code, info, data
_OFFENDER = struct.Struct("=H2x4s8x")  # sockaddr_in: family, port, address
_BY_ICMP = 2  # SO_EE_ORIGIN_ICMP
_PORT_UNREACHABLE, _TTL_EXCEEDED = (3, 3), (11, 0)  # RFC 792: type and code
_UNREACHABLE = 3  # the type alone

# What other systems make of the ICMP message.  Windows: WSAECONNRESET for the port and WSAENETRESET for
# the time to live, as its recvfrom is known to do; written from memory, and never run on a Windows.
_NOBODY_LISTENS = {errno.ECONNREFUSED, errno.ECONNRESET}
_EXPIRED = {errno.EHOSTUNREACH, errno.ENETRESET}
_NO_WAY = {errno.ENETUNREACH, errno.ENETDOWN}


class Answer(Enum):
    """What became of a datagram."""

    OURS = "the gateway owns the address"
    GONE = "the gateway would have passed it on: the address is not its own"
    DOWN = "there is no way to the address at all"
    SILENT = "no answer, which says nothing"
    ASTRAY = "it would not have gone to the gateway, but by a VPN for one"


class Tripwire:
    """The listener for one uplink.  `known` says which public address the agent believes in.

    `hops` is how far away the gateway is: 1, or 2 from within a container behind a bridge of its host.
    More would let a datagram out of the house when the address has changed.
    """

    name = "tripwire"

    def __init__(
        self,
        net: UplinkNet,
        known: Callable[[], IPv4Address | None],
        *,
        uplink: str | None = None,
        pace: float = PACE,
        hops: int = 1,
    ) -> None:
        self._net, self._known, self._uplink = net, known, uplink
        self._pace, self._hops = pace, hops
        self._strung = False  # the gateway has owned our address, so that its loss means something
        self._armed = False
        self._told = 0  # hints since it last did
        self._lost = 0  # answers in a row
        self._here = ""  # the address that we send from to the gateway

    @property
    def armed(self) -> bool:
        """Does it watch now?  While it does, nobody outside need be asked."""
        return self._armed

    async def run(self, tell: Tell) -> None:
        """Until it is cancelled.  Raises `SourceError`: there is no gateway, or this uplink cannot send."""
        try:
            while True:
                address = self._known()
                answer = Answer.SILENT if address is None else await self._ask(address)
                if answer is Answer.GONE and self._strung:
                    tell(Hint(self.name, f"{address} is not the gateway's any more", self._uplink))
                await self._wait(address, self._judge(answer))
        finally:
            self._armed = False

    def _judge(self, answer: Answer) -> float:
        """What the answer means for the wire; seconds until the next datagram."""
        self._lost = self._lost + 1 if answer is Answer.SILENT else 0
        if answer is Answer.OURS:
            self._strung, self._told = True, 0
        self._armed = answer is Answer.OURS or (self._armed and 0 < self._lost < LOST)
        if answer is Answer.ASTRAY and self._strung:
            self._strung = False
            return 0.0  # we may have a new address in the LAN, or the gateway may be another
        if answer is Answer.GONE and self._strung:
            self._told += 1
            self._strung = self._told <= len(AGAIN)  # else the line is another now: behind CGNAT, say
            return AGAIN[self._told - 1] if self._strung else RETRY
        if not self._strung:
            return RETRY
        # Not at once: a gateway that starts is silent, too, and is just the one to have a new address.
        return min(SELDOM, self._pace * max(1, self._lost // SILENCE))

    async def _wait(self, address: IPv4Address | None, seconds: float) -> None:
        """Less than that if the agent comes to know another address."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while True:
            left = until - clock()
            if left <= 0 or self._known() != address:
                return
            await asyncio.sleep(min(left, self._pace))

    async def _ask(self, address: IPv4Address) -> Answer:
        """What two datagrams say in agreement; a lost one is replaced, and `OURS` needs no second."""
        if not self._strung:
            self._here = self._towards(await self._net.gateway())
            if self._here == str(address):
                return Answer.ASTRAY  # we own it ourselves
        answer = await self._probe(address)
        for _ in range(2):
            if answer in (Answer.OURS, Answer.ASTRAY):
                return answer
            again = await self._probe(address)
            if again in (answer, Answer.OURS):
                return again
            if answer is Answer.SILENT:
                answer = again
        return Answer.SILENT

    def _towards(self, gateway: IPv4Address) -> str:
        """The address that this machine sends from to the gateway."""
        with self._net.udp(RRType.A) as sock:
            try:
                sock.connect((str(gateway), PORT))  # of a datagram socket: nothing is sent
                return str(sock.getsockname()[0])
            except OSError as error:
                raise SourceError(f"no way to the gateway {gateway}") from error

    async def _probe(self, address: IPv4Address) -> Answer:
        """One datagram, from a port of its own, so that no older answer is taken for its."""
        with self._net.udp(RRType.A) as sock:
            try:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, self._hops)
                if sys.platform == "linux":
                    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
                sock.connect((str(address), PORT))
                if sock.getsockname()[0] != self._here:
                    return Answer.ASTRAY
                sock.send(b"")
            except OSError:
                return Answer.DOWN
            for seconds in LOOKS:
                await asyncio.sleep(seconds)
                if (answer := _heard(sock, address)) is not None:
                    return answer
        return Answer.SILENT


def _heard(sock: socket.socket, address: IPv4Address) -> Answer | None:
    """The answer, if there is one by now."""
    if sys.platform == "linux":
        try:
            _, control, _, _ = sock.recvmsg(0, 256, socket.MSG_ERRQUEUE)
        except BlockingIOError:
            return None
        except OSError:  # the queue was too long for this system, say
            return Answer.SILENT
        for level, kind, octets in control:
            if (level, kind) == (socket.IPPROTO_IP, _IP_RECVERR):
                return read_error(octets, address)
        return Answer.SILENT
    try:
        sock.recv(1)
    except BlockingIOError:
        return None
    except OSError as error:
        return read_errno(error.errno)
    return Answer.SILENT  # somebody does listen there


def read_error(octets: bytes, address: IPv4Address) -> Answer:
    """What Linux tells of an ICMP message about a datagram to `address`: ip(7), IP_RECVERR.

    `octets` is a struct sock_extended_err, and the address of who sent the message.
    """
    if len(octets) < _EXTENDED_ERROR.size + _OFFENDER.size:
        return Answer.SILENT
    _, origin, kind, code, _, _ = _EXTENDED_ERROR.unpack_from(octets)
    _, sender = _OFFENDER.unpack_from(octets, _EXTENDED_ERROR.size)
    if origin != _BY_ICMP:
        return Answer.DOWN
    if (kind, code) == _PORT_UNREACHABLE:
        # Only the owner says that of its own address; a firewall says it of others'.
        return Answer.OURS if sender == address.packed else Answer.SILENT
    if (kind, code) == _TTL_EXCEEDED:
        return Answer.GONE
    return Answer.DOWN if kind == _UNREACHABLE else Answer.SILENT


def read_errno(number: int | None) -> Answer:
    """The same of a system that has but one number for it."""
    if number in _NOBODY_LISTENS:
        return Answer.OURS
    if number in _EXPIRED:
        return Answer.GONE
    return Answer.DOWN if number in _NO_WAY else Answer.SILENT
