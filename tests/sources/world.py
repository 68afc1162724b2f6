"""A `Net` that the tests write down beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.core.fritzbox import Box
from homeport.core.neighbours import NeighbourAddress
from homeport.sources.base import InterfaceAddress, Source
from homeport.sources.spec import parse
from homeport.wire.http import Handler, Reply, Request

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")  # the transaction id of RFC 5769


@dataclass
class Wire:
    """A `Transport` that never opens a socket."""

    handler: Handler
    seen: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.seen.append(request)
        return self.handler(request)


@dataclass
class FakeNet:
    handler: Handler = lambda request: Reply(500)
    datagrams: Callable[[bytes], bytes] = lambda payload: b""
    here: Sequence[InterfaceAddress] = ()
    routes: dict[RRType, IPAddress] = field(default_factory=dict)
    ran: tuple[int, bytes] = (0, b"")
    text: str = ""
    device: Callable[[str], Mapping[str, str]] = lambda action: {}

    pinned: list[tuple[RRType | None, bool]] = field(default_factory=list)
    sent: list[tuple[str, int, RRType]] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    forgotten: int = 0

    def http(self, rrtype: RRType | None, *, written: bool = False) -> Wire:
        self.pinned.append((rrtype, written))
        self.wires.append(Wire(self.handler))
        return self.wires[-1]

    async def datagram(self, host: str, port: int, payload: bytes, rrtype: RRType) -> bytes:
        self.sent.append((host, port, rrtype))
        return self.datagrams(payload)

    async def addresses(self) -> Sequence[InterfaceAddress]:
        return self.here

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        return []

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        raise AssertionError

    async def route(self, rrtype: RRType) -> IPAddress:
        if rrtype not in self.routes:
            raise SourceError("no route")
        return self.routes[rrtype]

    async def gateway(self) -> IPv4Address:
        return IPv4Address("192.168.1.1")

    async def soap(self, action: str) -> Mapping[str, str]:
        self.actions.append(action)
        return self.device(action)

    def forget_device(self) -> None:
        self.forgotten += 1

    async def fritzbox(self, box: Box, action: str) -> Mapping[str, str]:
        self.boxes.append(box)
        return await self.soap(action)

    async def command(self, command: str) -> tuple[int, bytes]:
        return self.ran

    async def file(self, path: str) -> str:
        return self.text

    def identity(self) -> bytes:
        return ID


def one(text: str, rrtype: RRType = RRType.A) -> Source:
    """The only source that the text stands for."""
    [source] = parse(text, rrtype)
    return source


def look(source: Source, net: FakeNet, rrtype: RRType = RRType.A) -> list[str]:
    """What the source says, as text, or the error it raises."""
    return sorted(map(str, asyncio.run(source.observe(net, rrtype))))
