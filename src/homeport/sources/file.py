"""Read a file that something else keeps: a DHCP or PPP hook, a mounted volume.  One address in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dns import IPAddress, RRType
from ..wire import echo
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class File(Source):
    path: str

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        return frozenset({echo.address(await net.file(self.path), rrtype)})
