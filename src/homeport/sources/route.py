"""The address that this machine sends from to the Internet; nothing is sent to learn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..core.dns import IPAddress, RRType
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class Route(Source):
    local: ClassVar[bool] = True

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        return frozenset({await net.route(rrtype)})
