"""Ask the default gateway for its external address, by NAT-PMP (RFC 6886).  IPv4 only."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dns import IPAddress, RRType
from ..wire import natpmp
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class Gateway(Source):
    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        gateway = await net.gateway()
        reply = await net.datagram(str(gateway), natpmp.PORT, natpmp.REQUEST, RRType.A)
        return frozenset({natpmp.answer(reply)})
