"""Ask a STUN server.  Sees the address outside of any NAT, behind HTTP proxies too."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from ..wire import stun
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class Stun(Source):
    host: str
    port: int = stun.PORT

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        transaction = net.identity()
        reply = await net.datagram(self.host, self.port, stun.request(transaction), rrtype)
        address = stun.answer(reply, transaction)
        if RRType.of(address) is not rrtype:
            raise SourceError(f"answered with {address} where {rrtype} was asked")
        return frozenset({address})
