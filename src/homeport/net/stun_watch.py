"""Ask one STUN server again and again, as seldom as a metered line can bear.

A Binding request is 48 octets of IPv4 and the shortest answer 60.  One exchange in 100 s is 26,300 in a
month of 30.4 days, or 2.84 MB; one in 5 s would be 57 MB.  Some servers answer more (coturn: 108), so
the octets are counted: whatever the pace, an `Allowance` keeps a month below 3 MB.

One socket is kept, and with it one mapping of the NAT.  When the mapping falls silent it is given up at
once: a NAT may hold on to one of the old address for as long as somebody uses it.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from math import inf

from ..core.dns import RRType
from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..wire import stun
from .uplink import UplinkNet, resolve

PACE = 100.0  # seconds from one exchange to the next
RESTING = 1800.0  # seconds, while a tripwire watches
TICK = 10.0  # seconds after which a changed pace is noticed
SENDS = (0.5, 1.0, 2.0)  # seconds that each of three requests waits for the answer (RFC 8489, 6.2.1)
HEADERS = 28  # octets of IPv4 and UDP
DATAGRAM = 4096  # octets
STRAY = 32  # datagrams without our transaction id that are borne with in one exchange


class Allowance:
    """Octets that may be spent: `rate` a second, and `most` saved up.

    In any time of t seconds at most `most + rate * t` are spent, and the last exchange.  The usual ones
    make 2.98 MB in a month.
    """

    def __init__(self, *, rate: float = 1.1, most: float = 90_000) -> None:
        self._rate, self._most = rate, most
        self._left, self._at = most, -inf

    def spend(self, octets: int, now: float) -> None:
        self._left = min(self._most, self._left + self._rate * (now - self._at)) - octets
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until something may be spent."""
        return max(0.0, -self._left / self._rate - (now - self._at))


def _steady() -> float:
    return PACE


def _never() -> bool:
    return False


def _nobody(_label: str) -> None:
    return None


class StunWatch:
    """The listener for the IPv4 address of one uplink.

    `servers` are hosts and ports, the first one asked first.  `known` says which address the agent
    believes in, `pace` how many seconds should lie between two exchanges now, and `rests` whether
    somebody else watches (`Tripwire.armed`).  `asked` is told "stun:HOST" with each request.
    """

    name = "stun"

    def __init__(
        self,
        net: UplinkNet,
        servers: Sequence[tuple[str, int]],
        known: Callable[[], IPv4Address | None],
        *,
        uplink: str | None = None,
        pace: Callable[[], float] = _steady,
        rests: Callable[[], bool] = _never,
        asked: Callable[[str], None] = _nobody,
    ) -> None:
        self._net, self._known, self._uplink = net, known, uplink
        self._servers = deque(servers)
        self._pace, self._rests, self._asked = pace, rests, asked
        self._seen: IPv4Address | None = None
        self._sock: socket.socket | None = None
        self._allowance = Allowance()
        self.requests = 0  # sent so far
        self.octets = 0  # sent and received so far, with the headers of IPv4

    async def run(self, tell: Tell) -> None:
        """Until it is cancelled.  Raises `SourceError` if no server answers."""
        clock = asyncio.get_running_loop().time
        try:
            await asyncio.sleep(self._allowance.wait(clock()))
            while True:
                address = await self._ask()
                # Another port of the same address says only that the NAT has forgotten the mapping.
                if self._seen not in (None, address) and address != self._known():
                    tell(Hint(self.name, f"a STUN server sees {address} now", self._uplink, address))
                self._seen = address
                await self._wait()
        finally:
            self._hang_up()

    async def _wait(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            now = clock()
            pace = RESTING if self._rests() else self._pace()
            left = max(began + pace - now, self._allowance.wait(now))
            if left <= 0:
                return
            await asyncio.sleep(min(left, TICK))

    async def _ask(self) -> IPv4Address:
        """Over the mapping that is kept, else over a new one, else of the next server."""
        if self._sock is not None:
            try:
                return await self._exchange(self._sock)
            except SourceError:
                self._hang_up()
        troubles = []
        for host, port in list(self._servers):
            try:
                self._sock = await self._dial(host, port)
                return await self._exchange(self._sock)
            except SourceError as error:
                self._hang_up()
                self._servers.rotate(-1)
                troubles.append(f"{host} port {port}: {error}")
        raise SourceError(f"no STUN server tells the address: {'; '.join(troubles)}")

    async def _dial(self, host: str, port: int) -> socket.socket:
        place = await resolve(host, port, RRType.A)
        sock = self._net.udp(RRType.A)
        try:
            sock.connect(place)
        except OSError as error:
            sock.close()
            raise SourceError(_why(error)) from error
        return sock

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    async def _exchange(self, sock: socket.socket) -> IPv4Address:
        loop = asyncio.get_running_loop()
        transaction = self._net.identity()
        request = stun.request(transaction)
        try:
            for seconds in SENDS:
                await loop.sock_sendall(sock, request)
                self.requests += 1
                self._asked(f"stun:{self._servers[0][0]}")  # the one in use stands first
                self._count(request)
                try:
                    async with asyncio.timeout(seconds):
                        return await self._answer(sock, transaction)
                except TimeoutError:
                    continue
        except OSError as error:
            raise SourceError(_why(error)) from error
        raise SourceError("does not answer")

    async def _answer(self, sock: socket.socket, transaction: bytes) -> IPv4Address:
        """The kernel lets only the server through, the transaction id nobody who pretends to be it."""
        loop = asyncio.get_running_loop()
        for _ in range(STRAY):
            message = await loop.sock_recv(sock, DATAGRAM)
            self._count(message)
            if stun.echoes(message, transaction):
                address = stun.answer(message, transaction)
                if not isinstance(address, IPv4Address):
                    raise SourceError(f"answered with {address}, which is no IPv4 address")
                return address
        raise SourceError("sends much, but no answer")

    def _count(self, message: bytes) -> None:
        octets = HEADERS + len(message)
        self.octets += octets
        self._allowance.spend(octets, asyncio.get_running_loop().time())


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
