"""The whole world of the agent in the test's hand: a clock that is virtual, sources and providers that
do as they are told.

Every wait of the agent (sleeps, timeouts, hedges, deadlines) runs in virtual time, so that a year takes
seconds and nothing is ever waited for by luck.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import count
from typing import Any, ClassVar, TypeVar

from homeport.agent.hearing import Hearing, Missed, never_mind, nobody
from homeport.agent.loop import Agent
from homeport.agent.verify import Proof
from homeport.agent.world import Account, Setup, Uplink
from homeport.core.dns import IPAddress, Key, Name, Record, RRset, RRType, Server, Zone
from homeport.core.errors import SourceError, Unreachable
from homeport.core.fritzbox import Box
from homeport.core.hint import HAND, Hint
from homeport.core.neighbours import NeighbourAddress
from homeport.core.report import Outcome, Report, TargetReport
from homeport.core.schedule import Memory, Target
from homeport.core.wish import Rule
from homeport.driver import Api, NoLibrary, Provider, SingleRRsetApi, Update, UpdateApi, Verdict
from homeport.replay.clock import VirtualLoop
from homeport.sources.base import InterfaceAddress, Source
from homeport.state.store import Store
from homeport.wire.http import Handler, Reply, Request, Transport

T = TypeVar("T")
START = 1_800_000_000.0  # 2027-01-15
MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86400.0, 365 * 86400.0
ZONE = Zone(Name("example.com"), "example.com")


# -- time ----------------------------------------------------------------------------------------


def live(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


# -- sources -------------------------------------------------------------------------------------

Says = Callable[[], str | BaseException | None]  # an address, an error to raise, None: it hangs


@dataclass(frozen=True, kw_only=True)
class Told(Source):
    """A source that says what a function says at that moment."""

    says: Says = field(hash=False)

    async def observe(self, net: object, rrtype: RRType) -> frozenset[IPAddress]:
        said = self.says()
        if said is None:
            await asyncio.Event().wait()
        if isinstance(said, BaseException):
            raise said
        return frozenset(map(ip_address, str(said).split()))


class NoNet:
    """A `Net` that knows routes and nothing else."""

    def __init__(self, routes: Collection[RRType]) -> None:
        self.routes = routes

    def http(self, rrtype: RRType | None, *, written: bool = False) -> Transport:
        raise AssertionError

    async def datagram(self, host: str, port: int, payload: bytes, rrtype: RRType) -> bytes:
        raise AssertionError

    async def addresses(self) -> Sequence[InterfaceAddress]:
        return []

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        return []

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        raise AssertionError

    async def route(self, rrtype: RRType) -> IPAddress:
        if rrtype not in self.routes:
            raise SourceError("no route")
        return ip_address("192.168.1.2")

    async def gateway(self) -> IPv4Address:
        raise SourceError("no gateway")

    async def soap(self, action: str) -> Mapping[str, str]:
        raise AssertionError

    def forget_device(self) -> None:
        raise AssertionError

    async def fritzbox(self, box: Box, action: str) -> Mapping[str, str]:
        raise AssertionError

    async def command(self, command: str) -> tuple[int, bytes]:
        raise AssertionError

    async def file(self, path: str) -> str:
        raise AssertionError

    def identity(self) -> bytes:
        return bytes(12)


# -- providers -----------------------------------------------------------------------------------


@dataclass
class Shop:
    """What a provider of ours holds, what it was asked, and what it does instead of answering.

    `before` and `after` are called around each write, and may raise or wait: a fault before means that
    nothing was taken, a fault after that the answer was lost.
    """

    held: dict[Key, frozenset[IPAddress]] = field(default_factory=dict)
    reads: list[tuple[Key, ...]] = field(default_factory=list)
    writes: list[tuple[float, dict[str, list[str]]]] = field(default_factory=list)
    looking: Callable[[], object] = lambda: None
    before: Callable[[Collection[Name]], object] = lambda owners: None
    after: Callable[[Collection[Name]], object] = lambda owners: None

    def addresses(self, owner: str = "home.example.com", rrtype: RRType = RRType.A) -> list[str]:
        return sorted(map(str, self.held.get((Name(owner), rrtype), ())))

    def put(self, owner: str, *addresses: str) -> None:
        """A person changes the record by hand."""
        known = [ip_address(address) for address in addresses]
        self.held[Name(owner), RRType.of(known[0])] = frozenset(known)


async def _may_wait(result: object) -> None:
    if isinstance(result, Coroutine):
        await result


@dataclass(frozen=True, kw_only=True)
class Readable(SingleRRsetApi):
    """A service that can be read."""

    shop: Shop = field(hash=False)

    title = "Readable"
    example: ClassVar[Mapping[str, object]] = {}

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone]:
        return [ZONE] if ZONE.apex in candidates else []

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        self.shop.reads.append(tuple(keys))
        await _may_wait(self.shop.looking())
        return {
            key: [Record(str(a), a, 300) for a in sorted(self.shop.held.get(key, ()), key=str)]
            for key in keys
        }

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        self.shop.writes.append((api.now(), {str(wanted.owner): sorted(map(str, wanted.addresses))}))
        await asyncio.sleep(0)
        await _may_wait(self.shop.before([wanted.owner]))
        self.shop.held[wanted.key] = wanted.addresses
        await _may_wait(self.shop.after([wanted.owner]))


@dataclass(frozen=True, kw_only=True)
class Unreadable(UpdateApi):
    """An update service: it is told, and that is all."""

    shop: Shop = field(hash=False)
    days: int | None = None
    most: int = 1  # owners in one request

    title = "Unreadable"
    example: ClassVar[Mapping[str, object]] = {}

    def hosts(self) -> int:
        return self.most

    def refresh_days(self) -> int | None:
        return self.days

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        for addresses in update.addresses.values():
            said = sorted(map(str, addresses))
            self.shop.writes.append((api.now(), dict.fromkeys(map(str, update.owners), said)))
        await asyncio.sleep(0)  # as on a real wire, others send before the answer is there
        await _may_wait(self.shop.before(update.owners))
        for owner in update.owners:
            for rrtype, addresses in update.addresses.items():
                self.shop.held[owner, rrtype] = addresses
        refused = self.shop.after(update.owners)
        await _may_wait(refused)
        if isinstance(refused, Mapping):
            return {owner: refused.get(owner) for owner in update.owners}
        return dict.fromkeys(update.owners)


@dataclass
class Wire:
    """A transport straight into a fake."""

    handler: Handler
    sent: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        await asyncio.sleep(0)  # as on a real wire, others send before the answer is there
        return self.handler(request)


class NoDns:
    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        raise AssertionError("nobody here speaks DNS")


# -- the world -----------------------------------------------------------------------------------


class Over(Exception):
    """The time of the test is over."""


@dataclass
class World:
    """See `agent.world.World`.  `jump` moves the clock of the wall, and nothing else."""

    accounts: Mapping[str, Provider]
    says: dict[RRType, Says] = field(default_factory=lambda: {RRType.A: lambda: "8.8.8.1"})
    owners: Sequence[str] = ("home.example.com",)
    interval: float = 300.0
    verify: bool = False
    hears: Hearing = nobody
    missed: Missed = never_mind
    routes: Collection[RRType] = tuple(RRType)
    allow: tuple[str, ...] = ()
    fingerprints: dict[str, str] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    name_servers: dict[str, Callable[[Key], Iterable[str]]] = field(default_factory=dict)  # what each shows
    sources: Mapping[RRType, Sequence[Source]] | None = None

    jump: float = 0.0
    dice: float = 0.5
    ends: float = DAY
    pauses: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    asked: list[tuple[float, str]] = field(default_factory=list)  # name servers, and when
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[Hint] = field(default_factory=list)
    down: set[str] = field(default_factory=set)  # uplinks whose probes fail
    traces: Iterable[int] = field(default_factory=count)

    # what the agent may use

    @property
    def dns(self) -> NoDns:
        return NoDns()

    @property
    def library(self) -> NoLibrary:
        return NoLibrary()

    def net(self, uplink: str) -> NoNet:
        return NoNet(self.routes)

    def transport(self, account: str) -> Wire:
        return self.wires.get(account) or Wire(lambda request: Reply(500))

    def now(self) -> float:
        return START + self.elapsed() + self.jump

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def chance(self) -> float:
        return self.dice

    def trace(self) -> str:
        return f"{next(iter(self.traces)):08x}"

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        if not self.name_servers:
            raise Unreachable("this system has no DNS resolver")
        return [Server(name, name) for name in self.name_servers]

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        self.asked.append((self.elapsed(), server.name))
        return frozenset(map(ip_address, self.name_servers[server.name]((owner, rrtype))))

    def healthy(self, uplink: str) -> bool:
        return uplink not in self.down

    async def proved(self, uplink: str) -> None:
        """It always is."""

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        self.pauses.append(seconds)
        left = self.ends - self.elapsed()
        try:
            async with asyncio.timeout(min(seconds, left)):
                await self.bell.wait()
        except TimeoutError:
            if seconds >= left:
                raise Over from None
            return []
        self.bell.clear()
        heard, self.heard = self.heard, []
        return heard or [Hint(HAND, "the bell")]

    def tell(self, hint: Hint) -> None:
        self.heard.append(hint)
        self.bell.set()

    async def rest(self) -> None:
        """Nothing is held."""

    # what a test does

    def setup(self) -> Setup:
        sources = self.sources or {
            rrtype: [Told(label=f"told:{rrtype}", operator="me", says=says)]
            for rrtype, says in self.says.items()
        }
        targets = [
            Target(Name(owner), rrtype, account)
            for account in self.accounts
            for owner in self.owners
            for rrtype in sources
        ]
        return Setup(
            rules=tuple(
                Rule(target, ("default",), written=target.rrtype is RRType.A) for target in targets
            ),
            uplinks={
                "default": Uplink(
                    name="default", sources=sources, allow=self.allow, by_default=frozenset({RRType.AAAA})
                )
            },
            accounts={
                name: Account(name=name, provider=provider, fingerprint=self.fingerprints.get(name, name))
                for name, provider in self.accounts.items()
            },
            interval=self.interval,
            verify=self.verify,
        )

    def agent(self, store: Store) -> Agent:
        return Agent(
            self.setup(),
            self,
            store,
            self.reports.append,
            self.proofs.append,
            hears=self.hears,
            missed=self.missed,
        )

    async def run(self, store: Store, seconds: float) -> None:
        """The agent from its start until it is ended after that time."""
        self.ends = self.elapsed() + seconds
        try:
            await self.agent(store).run()
        except Over:
            return

    def outcomes(self, owner: str = "home.example.com", rrtype: RRType = RRType.A) -> list[Outcome]:
        """What became of one name in every round."""
        return [one.outcome for one in self.told(owner, rrtype)]

    def told(self, owner: str = "home.example.com", rrtype: RRType = RRType.A) -> list[TargetReport]:
        return [
            one
            for report in self.reports
            for one in report.targets
            if (one.target.owner.text, one.target.rrtype) == (owner, rrtype)
        ]


def memory(
    store: Store, account: str, owner: str = "home.example.com", rrtype: RRType = RRType.A
) -> Memory:
    return store.memories()[Target(Name(owner), rrtype, account)]


def quiet(text: str) -> None:
    raise AssertionError(f"the store warns: {text}")
