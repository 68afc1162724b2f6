"""Ask the default gateway: for its external IPv4 address, or for the IPv6 prefix of this line.

Every way of asking is the word of one witness: the router.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import ClassVar

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from ..core.fritzbox import Box
from ..wire import igd, natpmp, pcp, tr064
from .base import Net, Source
from .interface import choose


@dataclass(frozen=True, kw_only=True)
class NatPmp(Source):
    """By NAT-PMP (RFC 6886)."""

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        gateway = await net.gateway()
        reply = await net.datagram(str(gateway), natpmp.PORT, natpmp.REQUEST, RRType.A)
        return frozenset({natpmp.answer(reply)})


@dataclass(frozen=True, kw_only=True)
class Upnp(Source):
    """By UPnP (Internet Gateway Device 1 and 2)."""

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        said = await net.soap(igd.ADDRESS)
        try:
            return frozenset({igd.external_address(said)})
        except SourceError:
            net.forget_device()  # of several connections another one may be up now
            raise


@dataclass(frozen=True, kw_only=True)
class Pcp(Source):
    """By PCP (RFC 6887), which tells the address only with a mapping: one is made and deleted.

    If the deletion gets lost, the mapping ends by itself after two minutes.
    """

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        gateway, here, nonce = await net.gateway(), await net.route(RRType.A), net.identity()
        wanted = pcp.request(here, nonce, pcp.LIFETIME)
        reply = await net.datagram(str(gateway), pcp.PORT, wanted, RRType.A)
        mapping = pcp.answer(reply, nonce)
        with suppress(SourceError):  # the address is known, and the mapping ends by itself
            await net.datagram(str(gateway), pcp.PORT, pcp.request(here, nonce, 0), RRType.A)
        if RRType.of(mapping.address) is not rrtype:
            raise SourceError(f"answered with {mapping.address} where {rrtype} was asked")
        return frozenset({mapping.address})


@dataclass(frozen=True, kw_only=True)
class FritzBox(Source):
    """A FRITZ!Box, by TR-064 with a login."""

    box: Box

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        said = await net.fritzbox(self.box, igd.ADDRESS)
        try:
            return frozenset({igd.external_address(said)})
        except SourceError as error:
            why = ""
            with suppress(SourceError):  # without a reason the message is still right
                why = tr064.condition(await net.fritzbox(self.box, tr064.INFO))
            raise SourceError(f"{error}{why}") from error


@dataclass(frozen=True, kw_only=True)
class Prefix(Source):
    """The IPv6 address of this machine that lies in the prefix which a FRITZ!Box says is delegated.

    Of several the one that `interface` would take, but never a temporary one (RFC 8981).
    """

    local: ClassVar[bool] = True  # the router tells the prefix; the address is seen here

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        return await _within(igd.prefix(await net.soap(igd.PREFIX)), net, rrtype)


@dataclass(frozen=True, kw_only=True)
class FritzPrefix(Source):
    """The same, where the FRITZ!Box is named or asked with a login."""

    local: ClassVar[bool] = True

    box: Box

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        return await _within(igd.prefix(await net.fritzbox(self.box, igd.PREFIX)), net, rrtype)


async def _within(prefix: IPv6Network, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
    within = [
        entry
        for entry in await net.addresses()
        if isinstance(entry.address, IPv6Address) and entry.address in prefix and not entry.temporary
    ]
    address = await choose(net, rrtype, within)
    if address is None:
        raise SourceError(f"has the prefix {prefix}, but no stable address of this machine lies in it")
    return frozenset({address})
