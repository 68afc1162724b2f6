"""Ask a DNS server that answers with the address it was asked from: one datagram there and back."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dns import IPAddress, RRType
from ..wire import whoami
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class Dns(Source):
    server: str  # an address: a name would be one more thing to go wrong
    owner: str
    rdtype: int
    rdclass: int = whoami.IN
    port: int = 53

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        number = int.from_bytes(net.identity()[:2], "big")
        question = whoami.Question(number, self.owner, self.rdtype, self.rdclass)
        reply = await net.datagram(self.server, self.port, question.octets(), rrtype)
        return frozenset({whoami.answer(reply, question, rrtype)})
