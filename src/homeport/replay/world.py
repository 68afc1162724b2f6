"""A recording as a world: every source says at each moment what it said last, hints come when they came.

A provider that takes everything stands in for all accounts.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, ClassVar

from ..agent.world import Account, Setup, Uplink
from ..core.dns import IPAddress, Key, Name, Record, RRset, RRType, Server, Zone, in_order
from ..core.errors import SourceError, Unreachable
from ..core.hint import Hint
from ..core.neighbours import NeighbourAddress
from ..core.observation import Reading
from ..driver import Api, DnsTransport, Library, NoLibrary, SingleRRsetApi
from ..report.record import Recording, Round, Table, UplinkFacts
from ..sources.base import InterfaceAddress, Net, Source
from ..wire.http import Reply, Request, Transport

AHEAD = 0.25  # seconds: a look reads what was recorded up to so much later, since looks take their time
AFTER = 60.0  # seconds that the agent goes on after the last line


class Over(Exception):
    """The recording is at its end."""


class _Said:
    """What one source said, by time."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.readings: list[Reading] = []

    def at(self, now: float) -> Reading | None:
        place = bisect_right(self.times, now + AHEAD)
        return self.readings[max(place - 1, 0)] if self.readings else None


@dataclass(frozen=True, kw_only=True)
class _Source(Source):
    """A source of the recording."""

    said: _Said = field(hash=False, compare=False)
    inner: bool
    clock: Any = field(hash=False, compare=False)

    @property
    def local(self) -> bool:  # type: ignore[override]
        return self.inner

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        reading = self.said.at(self.clock())
        if reading is None:
            raise SourceError("was never asked while the recording was made")
        await asyncio.sleep(reading.seconds)
        if reading.addresses is None:
            raise SourceError(reading.error or "failed")
        return reading.addresses


@dataclass(frozen=True, kw_only=True)
class _Provider(SingleRRsetApi):
    """Takes everything, and shows what it has taken."""

    held: dict[Key, frozenset[IPAddress]] = field(hash=False)

    title = "recording"
    example: ClassVar[Mapping[str, object]] = {}
    least_ttl = 0

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone]:
        return [Zone(apex, apex.text) for apex in candidates]

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        return {
            key: [Record(str(a), a, None) for a in in_order(self.held.get(key, frozenset()))]
            for key in keys
        }

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        self.held[wanted.key] = wanted.addresses


class _Net:
    """See `sources.base.Net`: there are routes and a neighbour table, as recorded, and nothing else."""

    def __init__(self, world: RecordedWorld, uplink: str) -> None:
        self._world, self._uplink = world, uplink

    async def route(self, rrtype: RRType) -> IPAddress:
        if (self._uplink, rrtype) in self._world.round().absent:
            raise SourceError("no route in the recording")
        return ip_address("192.0.2.1" if rrtype is RRType.A else "2001:db8::1")

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        return self._world.table()

    async def nudge(self, addresses: Collection[IPv6Address]) -> None:
        """Whoever answered, did."""

    async def addresses(self) -> Sequence[InterfaceAddress]:
        raise SourceError("not recorded")

    async def gateway(self) -> IPv4Address:
        raise SourceError("not recorded")

    def __getattr__(self, name: str) -> Any:
        raise SourceError(f"{name}: a recording has no network")


class RecordedWorld:
    """See `agent.world.World`."""

    def __init__(self, recording: Recording) -> None:
        events = recording.events
        self._began = recording.at
        self._ends = (events[-1].at if events else recording.at) - recording.at + AFTER
        self._hints = [(event.at, event.said) for event in events if isinstance(event.said, Hint)]
        self._rounds = [(event.at, event.said) for event in events if isinstance(event.said, Round)]
        self._tables: list[tuple[float, Table]] = [
            (event.at, event.said) for event in events if not isinstance(event.said, Hint | Round)
        ]
        self._number = 0
        self.held: dict[str, dict[Key, frozenset[IPAddress]]] = {}
        for _, one in reversed(self._rounds):
            for target, decided in one.decided.items():
                live = frozenset(map(ip_address, decided.live or ()))
                self.held.setdefault(target.account, {})[target.owner, target.rrtype] = live

    def round(self) -> Round:
        """The last one that had begun."""
        place = bisect_right([at for at, _ in self._rounds], self.now() + AHEAD)
        if not self._rounds:
            return Round({}, frozenset(), frozenset(), {})
        return self._rounds[max(place - 1, 0)][1]

    def table(self) -> Table:
        place = bisect_right([at for at, _ in self._tables], self.now() + AHEAD)
        return self._tables[max(place - 1, 0)][1] if self._tables else ()

    @property
    def dns(self) -> DnsTransport:
        return _NoNetwork()

    @property
    def library(self) -> Library:
        return NoLibrary()

    def net(self, uplink: str) -> Net:
        return _Net(self, uplink)

    def transport(self, account: str) -> Transport:
        return _NoNetwork()

    def now(self) -> float:
        return self._began + self.elapsed()

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def chance(self) -> float:
        return 0.5

    def trace(self) -> str:
        self._number += 1
        return f"{self._number:08x}"

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        raise Unreachable("a recording has no network")

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        raise Unreachable("a recording has no network")

    def healthy(self, uplink: str) -> bool:
        return uplink not in self.round().down

    async def proved(self, uplink: str) -> None:
        """What is known of the line stands in the recording."""

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        wakes = self._hints[0][0] - self._began if self._hints else self._ends
        until = min(self.elapsed() + seconds, max(wakes, self.elapsed()))
        if until >= self._ends:
            raise Over
        await asyncio.sleep(max(0.0, until - self.elapsed()))
        heard = [hint for at, hint in self._hints if at <= self.now()]
        del self._hints[: len(heard)]
        return heard

    async def rest(self) -> None:
        """Nothing is held."""


class _NoNetwork:
    """What is never asked: the provider of a recording answers by itself."""

    async def send(self, request: Request) -> Reply:
        raise Unreachable("a recording has no network")

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        raise Unreachable("a recording has no network")


def setup(recording: Recording, world: RecordedWorld) -> Setup:
    said: dict[tuple[str, RRType, str], _Said] = {}
    for event in recording.events:
        if isinstance(event.said, Round):
            for (uplink, rrtype), readings in event.said.readings.items():
                for reading in readings:
                    one = said.setdefault((uplink, rrtype, reading.source), _Said())
                    one.times.append(event.at)
                    one.readings.append(reading)
    return Setup(
        rules=recording.rules,
        uplinks={uplink.name: _uplink(uplink, said, world) for uplink in recording.uplinks},
        accounts={
            name: Account(name, _Provider(held=world.held.setdefault(name, {})), "recording")
            for name in {rule.target.account for rule in recording.rules}
        },
        interval=recording.interval,
        verify=False,
    )


def _uplink(
    facts: UplinkFacts, said: Mapping[tuple[str, RRType, str], _Said], world: RecordedWorld
) -> Uplink:
    sources = {
        rrtype: [
            _Source(
                label=one.label,
                operator=one.operator,
                inner=one.local,
                said=said.get((facts.name, rrtype, one.label), _Said()),
                clock=world.now,
            )
            for one in some
        ]
        for rrtype, some in facts.sources.items()
    }
    return Uplink(facts.name, sources, facts.agree, facts.allow, facts.by_default)
