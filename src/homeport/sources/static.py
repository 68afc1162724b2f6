"""Addresses that the person wrote down; none at all means that the name shall have none."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dns import IPAddress, RRType
from .base import Net, Source


@dataclass(frozen=True, kw_only=True)
class Static(Source):
    addresses: frozenset[IPAddress]

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        return self.addresses
