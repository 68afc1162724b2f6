"""Look at the addresses of this machine's interfaces and pick the one to be found at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from ..core.address import AddressClass, classify
from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from .base import InterfaceAddress, Net, Source

_LAST = (AddressClass.CGNAT, AddressClass.PRIVATE)


@dataclass(frozen=True, kw_only=True)
class Interface(Source):
    """One address: of `name`, or of any interface.

    Global ones go first and private ones last, stable ones before temporary ones (RFC 8981), those of
    the interface with the default route before others, the numerically lowest of what remains: the
    same machine gives the same answer every time.
    """

    name: str | None = None

    local: ClassVar[bool] = True

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        every = await net.addresses()
        names = sorted({entry.interface for entry in every})
        if self.name is not None and self.name not in names:
            raise SourceError(
                f"there is no such interface with an address now; there are {', '.join(names)}"
            )
        address = await choose(net, rrtype, [e for e in every if self.name in (None, e.interface)])
        if address is None:
            family = "IPv4" if rrtype is RRType.A else "IPv6"
            raise SourceError(f"no usable {family} address on {self.name or 'any interface'}")
        return frozenset({address})


async def choose(net: Net, rrtype: RRType, every: Sequence[InterfaceAddress]) -> IPAddress | None:
    """The one to be found at, as `Interface` says; None if none is usable."""
    usable = [entry for entry in every if _usable(entry, rrtype)]
    if not usable:
        return None
    near = await _nearest(net, rrtype, usable)
    best = min(usable, key=lambda entry: (*_rank(entry), entry.interface != near, entry.address.packed))
    return best.address


def _usable(entry: InterfaceAddress, rrtype: RRType) -> bool:
    """Of that type, good beyond its own cable, and neither on its way in nor on its way out."""
    address = entry.address
    return (
        RRType.of(address) is rrtype
        and not (address.is_loopback or address.is_link_local or address.is_unspecified)
        and not (entry.tentative or entry.deprecated)
    )


def _rank(entry: InterfaceAddress) -> tuple[int, bool]:
    kind = classify(entry.address)
    return 0 if kind is AddressClass.GLOBAL else 1 + (kind in _LAST), entry.temporary


async def _nearest(net: Net, rrtype: RRType, usable: Sequence[InterfaceAddress]) -> str | None:
    """The interface that leads to the Internet; asked only if there is a choice."""
    if len({entry.interface for entry in usable}) > 1:
        with suppress(SourceError):  # without a default route no interface is nearer than another
            sender = await net.route(rrtype)
            return next((entry.interface for entry in usable if entry.address == sender), None)
    return None
