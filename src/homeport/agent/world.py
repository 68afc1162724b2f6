"""Everything the agent needs of the world, so that a test can hold the whole world in its hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ..core.dns import IPAddress, Name, RRType, Server
from ..core.hint import Hint
from ..core.wish import Rule
from ..driver import DnsTransport, Library, Provider
from ..sources.base import Net, Source
from ..wire.http import Transport


class Uplink(NamedTuple):
    """One line to the Internet, and how its address is found."""

    name: str
    sources: Mapping[RRType, Sequence[Source]]
    agree: int | None = None  # as the person wrote it; None: two if there are two, but one may do
    allow: tuple[str, ...] = ()
    by_default: frozenset[RRType] = frozenset()  # types that nobody asked for by name


class Account(NamedTuple):
    """One provider with one set of credentials."""

    name: str
    provider: Provider
    fingerprint: str  # of all its settings: a stop lasts until it changes


class Setup(NamedTuple):
    """What the configuration asks of the agent."""

    rules: tuple[Rule, ...]
    uplinks: Mapping[str, Uplink]
    accounts: Mapping[str, Account]
    interval: float = 300.0  # seconds
    verify: bool = True
    remove_vanished: bool = False  # take away what is ours of names that have no rule any more


class World(Protocol):
    """Every effect the agent can have."""

    @property
    def dns(self) -> DnsTransport: ...

    @property
    def library(self) -> Library: ...

    def net(self, uplink: str) -> Net: ...

    def transport(self, account: str) -> Transport: ...

    def now(self) -> float:
        """Seconds since 1970, UTC; it may jump."""
        ...

    def elapsed(self) -> float:
        """Seconds since some moment; it never jumps."""
        ...

    def chance(self) -> float:
        """A random number in [0, 1)."""
        ...

    def trace(self) -> str:
        """A new word that names one round in every log line and report."""
        ...

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        """The authoritative servers of the zone that holds `owner`, the configured primary first.

        Raises `Unreachable` if none can be found out.
        """
        ...

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        """What one server holds.  Raises `Unreachable` if it does not answer with authority."""
        ...

    def healthy(self, uplink: str) -> bool:
        """False if the uplink is known to be down; one that nobody watches is up."""
        ...

    async def proved(self, uplink: str) -> None:
        """Wait, a few seconds at most, until something is known of an uplink that is watched."""
        ...

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        """Wait.  Ends early when there are hints, and returns them: a burst together."""
        ...

    async def rest(self) -> None:
        """Between two rounds: let go of connections and whatever else a sleeper need not hold."""
        ...
