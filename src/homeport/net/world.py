"""The real world, as the agent sees it."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from ..core.dns import IPAddress, Name, RRType, Server
from ..core.errors import SourceError, Unreachable
from ..core.hint import OURS, Hint, Tell
from ..driver import DnsTransport, Library, Session
from ..sources.base import Net
from ..wire import dns
from ..wire.http import Transport
from .dns import TcpDns, ask
from .http import HttpTransport
from .resolver import servers
from .uplink import UplinkNet
from .way import Way

# One change of a line comes as many messages of the system: they are one look.
QUIET = 0.008  # seconds without a hint that end a burst
LONGEST_BURST = 0.1  # seconds
MOST_HEARD = 64  # hints that are kept while nobody sleeps


class Monitor(Protocol):
    """See `net.health.Monitor`, which is imported only where a line is watched."""

    @property
    def name(self) -> str: ...

    @property
    def healthy(self) -> bool: ...

    async def proved(self) -> None: ...

    async def run(self, tell: Tell) -> None: ...


NO_MONITORS: Mapping[str, Monitor] = MappingProxyType({})


class _Late:
    """The bridge to dns-lexicon: an account that goes through it pays for the module, and no other."""

    def __init__(self) -> None:
        self._library: Library | None = None

    async def run(self, session: Session) -> list[Any]:
        if self._library is None:
            from .lexicon import Lexicon  # noqa: PLC0415

            self._library = Lexicon()
        return await self._library.run(session)


class Letterbox:
    """Where listeners leave their hints, and the agent sleeps until there are some."""

    def __init__(self) -> None:
        self._alarm = asyncio.Event()
        self._heard: list[Hint] = []

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        try:
            async with asyncio.timeout(seconds):
                await self._alarm.wait()
        except TimeoutError:
            return []
        ends = time.monotonic() + LONGEST_BURST
        count = 0
        while count < len(self._heard) and time.monotonic() < ends:
            count = len(self._heard)
            await asyncio.sleep(QUIET)
        self._alarm.clear()
        heard, self._heard = self._heard, []
        return heard

    def wake(self, hint: Hint) -> None:
        """End the present sleep, or the next one at once."""
        self._heard.append(hint)
        if len(self._heard) > MOST_HEARD:  # the oldest that a stranger may have caused
            spare = (i for i, one in enumerate(self._heard) if one.origin not in OURS)
            del self._heard[next(spare, 0)]
        self._alarm.set()


class RealWorld:
    """Clock, chance, sleep, sockets.  Close it with `rest`.

    Another configuration is another world, which shares the letterbox and whatever has not changed.
    """

    def __init__(
        self,
        nets: Mapping[str, UplinkNet],
        transports: Mapping[str, HttpTransport],
        monitors: Mapping[str, Monitor] = NO_MONITORS,
        letterbox: Letterbox | None = None,
    ) -> None:
        self.nets, self.transports = nets, transports  # by uplink, by account
        self.monitors = monitors  # of the uplinks that are watched; whoever runs them hears of changes
        self._by: dict[tuple[str, Way], HttpTransport] = {}  # transports of accounts on a detour
        self.library: Library = _Late()
        self.letterbox = letterbox or Letterbox()
        self._finding = asyncio.Lock()
        self._found: dict[tuple[Name, tuple[str, int] | None], Sequence[Server]] = {}

    @property
    def dns(self) -> DnsTransport:
        return TcpDns(self._detour())

    def net(self, uplink: str) -> Net:
        return self.nets[uplink]

    def transport(self, account: str) -> Transport:
        own, way = self.transports[account], self._detour()
        if way is None:
            return own
        return self._by.setdefault((account, way), own.by(way))

    def _detour(self) -> Way | None:
        """The first uplink that is up, while another is down; None: as the system likes.

        The system may like the one that is down: where its gateway still answers, nothing tells it
        otherwise, and nobody could say that its address must go.
        """
        if all(monitor.healthy for monitor in self.monitors.values()):
            return None
        for name, net in self.nets.items():
            if self.healthy(name):
                try:
                    way = net.way()
                except SourceError:
                    continue  # it has no address now
                if way is not None:
                    return way
        return None

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()

    def chance(self) -> float:
        return random.random()  # noqa: S311 - jitter, not a secret

    def trace(self) -> str:
        return secrets.token_hex(4)

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        """Found once in a round for all names of one parent, except for a zone apex."""
        parent = next(iter(list(owner.ancestors())[1:]), owner)
        async with self._finding:
            if (parent, primary) in self._found:
                return self._found[parent, primary]
            apex, found = await servers(owner, primary, self._detour())
            if apex != owner:
                self._found[parent, primary] = found
            return found

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        if not server.address:
            raise Unreachable("its address cannot be found")
        rdtype = dns.TYPES[rrtype]
        answer = await ask(server.address, server.port, owner.text, rdtype, way=self._detour())
        if not answer.authoritative or answer.rcode not in (dns.Rcode.NOERROR, dns.Rcode.NXDOMAIN):
            rcode = dns.Rcode.name_of(answer.rcode)
            raise Unreachable(f"does not answer with authority ({rcode})")
        return frozenset(answer.addresses(owner, rrtype)[0])

    def healthy(self, uplink: str) -> bool:
        monitor = self.monitors.get(uplink)
        return monitor is None or monitor.healthy

    async def proved(self, uplink: str) -> None:
        if (monitor := self.monitors.get(uplink)) is not None:
            await monitor.proved()

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        return await self.letterbox.sleep(seconds)

    def wake(self, hint: Hint) -> None:
        self.letterbox.wake(hint)

    async def rest(self) -> None:
        self._found.clear()
        for net in self.nets.values():
            await net.aclose()
        for transport in (*self.transports.values(), *self._by.values()):
            await transport.aclose()
        self._by.clear()
