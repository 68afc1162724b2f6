"""What an address source is, and what it may see of the world.

A source is a frozen dataclass whose fields are its settings and which can look once.  It holds no
state, retries nothing and decides nothing: agreement, hedging, deadlines and the question whether an
address may be published belong to the agent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar, NamedTuple, Protocol

from ..core.budget import Budget
from ..core.dns import IPAddress, RRType
from ..core.neighbours import NeighbourAddress
from ..wire.http import Transport


class InterfaceAddress(NamedTuple):
    """One address of one interface of this machine, with what the system says about it."""

    interface: str
    address: IPAddress
    temporary: bool = False  # RFC 8981: made for privacy, gone tomorrow
    deprecated: bool = False  # RFC 4862, 5.5.4: its preferred lifetime is over
    tentative: bool = False  # duplicate address detection is still running, or failed


class Net(Protocol):
    """The outside world, as far as a source may see it: one uplink of this machine."""

    def http(self, rrtype: RRType | None, *, written: bool = False) -> Transport:
        """HTTP that connects over IPv4 only (A), over IPv6 only (AAAA), or over either (None).

        For a URL that the person has `written` the family is only preferred: a page of their own may
        live at an address of the other one and still tell the right thing.
        """
        ...

    async def datagram(self, host: str, port: int, payload: bytes, rrtype: RRType) -> bytes:
        """Send one UDP datagram from a connected socket of that family, return the first answer.

        The kernel drops datagrams from anyone but the peer.  Sends again after 0.5 s, 1 s, ...; waits
        until the caller's deadline.  Raises `SourceError` for a name without an address of that
        family, no route, or a refused port.
        """
        ...

    async def addresses(self) -> Sequence[InterfaceAddress]:
        """All addresses of this machine, loopback and link-local ones too."""
        ...

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        """The IPv6 neighbours of this machine, on all its interfaces; `SourceError` if it does not tell."""
        ...

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        """Make the system look for these neighbours, so that its table has them; wait for none."""
        ...

    async def route(self, rrtype: RRType) -> IPAddress:
        """The address that the system would send from to the Internet; `SourceError` if no route."""
        ...

    async def gateway(self) -> IPv4Address:
        """The default IPv4 gateway; `SourceError` if there is none."""
        ...

    async def soap(self, action: str) -> Mapping[str, str]:
        """Ask the gateway's connection to the Internet by UPnP: the arguments of its answer by name.

        The connection is found once and remembered.  Raises `SourceError` if there is none, or with
        the reason that the gateway gives.
        """
        ...

    def forget_device(self) -> None:
        """Look for that connection anew the next time."""
        ...

    async def command(self, command: str) -> tuple[int, bytes]:
        """Run a command line through the system's shell: its exit status and up to 64 KiB of output."""
        ...

    async def file(self, path: str) -> str:
        """The text of a file, up to 64 KiB; `SourceError` if it cannot be read."""
        ...

    def identity(self) -> bytes:
        """Twelve unpredictable octets: a transaction id."""
        ...


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """One way to learn an address."""

    label: str  # as the person wrote it, or would: "http:https://api.ipify.org"
    operator: str  # who stands behind it; two sources of one operator are one witness
    limit: Budget | None = None  # how often it may be asked; None: as often as one likes

    deadline: ClassVar[float] = 5.0  # seconds for one look
    local: ClassVar[bool] = False  # does it look at this machine itself, not from outside?

    @abstractmethod
    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        """Look once: the addresses of that type.

        Raises `SourceError` for "cannot tell", with what was there instead of an address.  An empty
        set means "none, on purpose"; only a source that a person told so may return it.
        """
