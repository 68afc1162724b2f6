"""The line to the Internet, and whoever tells its address: true, late, false, or nothing at all."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random

from homeport.core.budget import Budget
from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import NoAnswer, SourceError, Unintelligible, Unreachable, Untrusted
from homeport.core.neighbours import NeighbourAddress
from homeport.sources.base import InterfaceAddress, Source
from homeport.sources.gateway import NatPmp
from homeport.sources.http import Http
from homeport.sources.interface import Interface
from homeport.sources.spec import HERE
from homeport.sources.stun import Stun
from homeport.wire.http import Reply, Request, Transport

FALSE4, FALSE6 = "9.9.9.9", "2a00:1450:4001:82b::200e"  # a tunnel's far end: well formed, and not ours
PORTAL = b"<!DOCTYPE html><html><title>Log in</title><path d='M 1.2.1.1 9'/>Your IP: 10.1.1.1</html>"
# What a source can do instead of telling the truth at once.
FAULTS = (
    "refused", "dns", "untrusted", "reset", "hang", "drip", "portal", "elsewhere", "truncated", "empty",
    "5xx", "429", "private", "family", "several", "error page",
)  # fmt: skip

LINE, OTHER = "line", "lte"  # the uplinks; most lives have only the first

Step = Callable[[str], Awaitable[None]]


class Line:
    """The addresses that the line really has, and had."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._count = 0
        self.history: dict[RRType, list[tuple[float, str]]] = {rrtype: [] for rrtype in RRType}
        self.up = True
        self.six = True  # does it carry IPv6?
        self.old_prefix_until = -1.0  # so long, this machine shows its address of the prefix before
        for rrtype in RRType:
            self.change(rrtype, 0.0)

    def change(self, rrtype: RRType, at: float, to: str | None = None) -> str:
        self._count += 1
        n, some = self._count, self._chance.randint(1, 250)
        fresh = f"5.{n >> 8}.{n & 255}.{some}" if rrtype is RRType.A else f"2a02:{n:x}:{some:x}:1::7"
        self.history[rrtype].append((at, to or fresh))
        return self.now(rrtype)

    def now(self, rrtype: RRType) -> str:
        return self.history[rrtype][-1][1]

    def before(self, rrtype: RRType) -> str:
        return self.history[rrtype][-2:][0][1]

    def had(self, rrtype: RRType, since: float) -> set[str]:
        """The addresses of the time from `since` until now."""
        past = self.history[rrtype]
        first = max((place for place, (at, _) in enumerate(past) if at <= since), default=0)
        return {address for _, address in past[first:]}

    def carries(self, rrtype: RRType) -> bool:
        return self.up and (rrtype is RRType.A or self.six)


class Tongue:
    """What the sources say now.  `liar` is one operator that tells something false, and what."""

    def __init__(self, line: Line, chance: Random, now: Callable[[], float]) -> None:
        self.line, self.chance, self._now = line, chance, now
        self.trouble: dict[str, float] = {}  # by operator: how often (0 to 1) a fault strikes
        self.kinds: Sequence[str] = FAULTS
        self.liar: str | None = None
        self.lie = "false"  # or "old"
        self.struck: Callable[[str], None] = lambda fault: None
        self.asked: Callable[[str], None] = lambda operator: None
        self.told: Callable[[RRType, str, str], None] = lambda rrtype, operator, address: None

    def says(self, operator: str, rrtype: RRType) -> str:
        if operator == self.liar:
            false = FALSE4 if rrtype is RRType.A else FALSE6
            return false if self.lie == "false" else self.line.before(rrtype)
        return self.line.now(rrtype)

    def fault(self, operator: str) -> str | None:
        if self.chance.random() < self.trouble.get(operator, 0.0):
            fault = self.chance.choice(self.kinds)
            self.struck(f"source {fault}")
            return fault
        return None


# What a service may take; few enough that each request is on the disk before it is sent.
LIMITS = (Budget(1, 60), Budget(3, 60), Budget(10, 600), Budget(20, 3600), Budget(40, 86400))


def limits(chance: Random, some: Mapping[RRType, list[Source]]) -> Mapping[RRType, list[Source]]:
    """The same, some with a budget; two operators of each family may be asked as often as one likes."""
    pages = [one for one in sorted({s.operator for every in some.values() for s in every}) if "." in one]
    chance.shuffle(pages)
    limited: dict[str, Budget] = {}
    for operator in pages:
        free = [{s.operator for s in every} - {*limited, operator} for every in some.values()]
        if all(len(others) >= 2 for others in free):
            limited[operator] = chance.choice(LIMITS)
    return {
        rrtype: [replace(source, limit=limited.get(source.operator)) for source in every]
        for rrtype, every in some.items()
    }


def sources(chance: Random) -> Mapping[RRType, list[Source]]:
    """Real sources, which the lab's network answers; in some order."""

    def page(host: str, shape: str = "plain") -> Http:
        url = f"https://{host}/cdn-cgi/trace" if shape == "trace" else f"https://{host}/"
        return Http(
            label=f"http:{host}", operator=host, url=url, shape="trace" if shape == "trace" else "plain"
        )

    four: list[Source] = [
        NatPmp(label="gateway:nat-pmp", operator="gateway"),
        page("echo-one.test"),
        page("echo-two.test", "trace"),
        Stun(label="stun:stun.test", operator="stun.test", host="stun.test"),
        page("echo-three.test"),
    ]
    six: list[Source] = [
        Interface(label="interface", operator=HERE),
        page("echo-one.test"),
        page("echo-two.test", "trace"),
        page("echo-three.test"),
    ]
    chance.shuffle(four)
    chance.shuffle(six)
    some = {RRType.A: four[: chance.randint(3, 5)], RRType.AAAA: six[: chance.randint(3, 4)]}
    return limits(chance, some) if chance.random() < 0.6 else some


@lru_cache(maxsize=256)
def _address(text: str) -> IPAddress:
    return ip_address(text)


class Net:
    """See `sources.base.Net`."""

    def __init__(self, tongue: Tongue, step: Step) -> None:
        self._tongue, self._step = tongue, step

    @property
    def _line(self) -> Line:
        return self._tongue.line

    def http(self, rrtype: RRType | None, *, written: bool = False) -> Transport:
        return _Echo(self._tongue, self._step, rrtype or RRType.A)

    async def fritzbox(self, box: object, action: str) -> Mapping[str, str]:
        raise AssertionError("nobody here has a login")

    async def datagram(self, host: str, port: int, payload: bytes, rrtype: RRType) -> bytes:
        await self._step(f"datagram to {host}")
        operator = "gateway" if port == 5351 else host
        self._tongue.asked(operator)
        if operator != "gateway" and not self._line.carries(rrtype):
            raise SourceError("no route")
        fault = self._tongue.fault(operator)
        match fault:
            case "refused" | "dns" | "untrusted" | "reset":
                raise SourceError("the port is refused")
            case "hang" | "drip" | "5xx" | "429":
                await asyncio.sleep(60)
            case "truncated" | "empty" | "portal" | "elsewhere" | "error page":
                return PORTAL[: self._tongue.chance.randint(0, 30)]
            case _:
                pass
        address = IPv4Address(self._tongue.says(operator, RRType.A))
        if fault in ("private", "family", "several"):
            address = IPv4Address("100.64.1.2")
        else:
            self._tongue.told(RRType.A, operator, str(address))
        if operator == "gateway":
            if not self._line.up:
                return struct.pack("!BBHI4s", 0, 128, 3, 7, bytes(4))
            return struct.pack("!BBHI4s", 0, 128, 0, 7, address.packed)
        mask = struct.pack("!I", 0x2112A442)
        value = b"\0\1\0\0" + bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
        return struct.pack("!HHI12sHH", 0x0101, 12, 0x2112A442, payload[8:20], 0x0020, 8) + value

    async def addresses(self) -> Sequence[InterfaceAddress]:
        await self._step("the interfaces")
        tongue, line = self._tongue, self._line
        if tongue.fault(HERE):
            raise SourceError("the system does not tell")
        entries = [
            InterfaceAddress("eth0", _address("fe80::7")),
            InterfaceAddress("eth0", _address("192.168.1.2")),
        ]
        if line.six:
            late = tongue.liar == HERE
            stable = line.before(RRType.AAAA) if late else line.now(RRType.AAAA)
            tongue.told(RRType.AAAA, HERE, stable)
            entries += [
                InterfaceAddress("eth0", _address(stable)),
                InterfaceAddress("eth0", _address(f"{stable}:9"), temporary=True),
            ]
        return entries

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        return []

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        raise AssertionError("nobody asked for a neighbour")

    async def route(self, rrtype: RRType) -> IPAddress:
        await self._step("the route")
        if not self._line.carries(rrtype):
            raise SourceError("no route")
        return ip_address("192.168.1.2" if rrtype is RRType.A else self._line.now(RRType.AAAA))

    async def gateway(self) -> IPv4Address:
        await self._step("the gateway")
        return IPv4Address("192.168.1.1")

    async def soap(self, action: str) -> Mapping[str, str]:
        raise SourceError("no gateway speaks UPnP")

    def forget_device(self) -> None:
        """None is known."""

    async def command(self, command: str) -> tuple[int, bytes]:
        raise AssertionError("nobody wrote a command")

    async def file(self, path: str) -> str:
        raise AssertionError("nobody wrote a file")

    def identity(self) -> bytes:
        return self._tongue.chance.randbytes(12)


class _Echo:
    """The pages that tell addresses."""

    def __init__(self, tongue: Tongue, step: Step, rrtype: RRType) -> None:
        self._tongue, self._step, self._rrtype = tongue, step, rrtype

    async def send(self, request: Request) -> Reply:
        tongue, rrtype = self._tongue, self._rrtype
        operator = request.url.split("/")[2]
        tongue.asked(operator)
        await self._step(f"echo {operator}")
        if not tongue.line.carries(rrtype):
            raise Unreachable(f"{request}: no route")
        match fault := tongue.fault(operator):
            case "refused":
                raise Unreachable(f"{request}: connection refused")
            case "dns":
                raise Unreachable(f"{request}: the name cannot be found")
            case "untrusted":
                raise Untrusted(f"{request}: certificate of somebody else")
            case "reset":
                raise NoAnswer(f"{request}: connection reset before the answer was complete")
            case "hang":
                await asyncio.sleep(60)
                raise NoAnswer(f"{request}: no complete answer")
            case "drip":
                await asyncio.sleep(tongue.chance.uniform(1.0, 4.5))
            case "portal":
                return Reply(200, PORTAL)
            case "elsewhere":
                return Reply(302, b"", {"location": "http://login.portal.test/"})
            case "empty":
                return Reply(200, b"")
            case "5xx":
                return Reply(tongue.chance.choice([500, 502, 503]), b"1.2.3.4")
            case "429":
                return Reply(429, b"1.2.3.4", {"retry-after": "60"})
            case "error page":
                return Reply(403, b"192.168.1.1 blocked")
            case _:
                pass
        address = tongue.says(operator, rrtype)
        text = address
        match fault:
            case "truncated":
                text = address[: tongue.chance.randint(1, len(address) - 2)].rstrip(":.") + "."
            case "private":
                text = "10.20.10.22" if rrtype is RRType.A else "fd00::1"
            case "family":
                text = FALSE6 if rrtype is RRType.A else FALSE4
            case "several":
                text = f"{FALSE4}, {address}"
            case None | "drip":
                tongue.told(rrtype, operator, address)
            case _:
                raise Unintelligible(f"{request}: what answered does not speak HTTP")
        if request.url.endswith("/trace"):
            text = f"fl=1\nh={operator}\nip={text}\nwarp=off\n"
        return Reply(200, text.encode())
