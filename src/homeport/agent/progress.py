"""Does work at an account get on?  A world that notes when anything was last asked or answered in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from ..core.dns import IPAddress, Name, RRType, Server
from ..core.hint import Hint
from ..driver import DnsTransport, Library, Session
from ..sources.base import Net
from ..wire.http import Reply, Request, Transport
from .world import World

T = TypeVar("T")


class Heeded:
    """See `World`.  `at` is when something last began or ended, by its clock that never jumps."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.at = world.elapsed()

    async def heed(self, work: Awaitable[T]) -> T:
        self.at = self._world.elapsed()
        try:
            return await work
        finally:
            self.at = self._world.elapsed()

    @property
    def dns(self) -> DnsTransport:
        return _Dns(self, self._world.dns)

    @property
    def library(self) -> Library:
        return _Library(self, self._world.library)

    def net(self, uplink: str) -> Net:
        return self._world.net(uplink)

    def transport(self, account: str) -> Transport:
        return _Transport(self, self._world.transport(account))

    def now(self) -> float:
        return self._world.now()

    def elapsed(self) -> float:
        return self._world.elapsed()

    def chance(self) -> float:
        return self._world.chance()

    def trace(self) -> str:
        return self._world.trace()

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        return await self.heed(self._world.servers(owner, primary))

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        return await self.heed(self._world.authoritative(server, owner, rrtype))

    def healthy(self, uplink: str) -> bool:
        return self._world.healthy(uplink)

    async def proved(self, uplink: str) -> None:
        await self._world.proved(uplink)

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        return await self._world.sleep(seconds)

    async def rest(self) -> None:
        await self._world.rest()


class _Transport:
    def __init__(self, world: Heeded, inner: Transport) -> None:
        self._heed: Callable[[Awaitable[Any]], Awaitable[Any]] = world.heed
        self._inner = inner

    async def send(self, request: Request) -> Reply:
        reply: Reply = await self._heed(self._inner.send(request))
        return reply


class _Dns:
    def __init__(self, world: Heeded, inner: DnsTransport) -> None:
        self._heed: Callable[[Awaitable[Any]], Awaitable[Any]] = world.heed
        self._inner = inner

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        answers: list[bytes] = await self._heed(self._inner.exchange(host, port, messages))
        return answers


class _Library:
    def __init__(self, world: Heeded, inner: Library) -> None:
        self._heed: Callable[[Awaitable[Any]], Awaitable[Any]] = world.heed
        self._inner = inner

    async def run(self, session: Session) -> list[Any]:
        done: list[Any] = await self._heed(self._inner.run(session))
        return done
