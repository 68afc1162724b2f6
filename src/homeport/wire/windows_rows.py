"""Rows of Windows' tables of addresses, routes and neighbours, as they lie in memory.  Pure.

netioapi.h, ws2ipdef.h and nldef.h of the Windows SDK (read 2026-11-21).  There is no pointer in them:
they are the same for 32 and 64 bits, always little-endian, and a table is a count, four octets of
padding, and its rows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ..core.dns import IPAddress
from ..core.system import DefaultRoute, Standing

HEAD = 8  # octets of a table before its first row
KEY = 44  # octets of an address row that name it: address, LUID, index
# SOCKADDR_INET, LUID, index, prefix origin, suffix origin, valid and preferred lifetime, prefix length,
# skip as source, DAD state, scope, time of creation
ADDRESS = struct.Struct("<28s4xQIiiIIBB2xiIq")
# LUID, index, SOCKADDR_INET of the destination, its length, SOCKADDR_INET of the next hop, site prefix
# length, valid and preferred lifetime, metric, protocol, four truth values, age, origin
ROUTE = struct.Struct("<QI28sB3x28sB3xIIIiBBBBIi")
# SOCKADDR_INET, index, LUID, link-layer address, its length, state, flags, reachability time
NEIGHBOUR = struct.Struct("<28sIQ32sIiB3xI")

_ADVERTISED, _RANDOM = 4, 5  # IpPrefixOriginRouterAdvertisement, IpSuffixOriginRandom
_DEPRECATED = 3  # IpDadStateDeprecated; below are invalid, tentative and duplicate ones
_PROBE, _REACHABLE = 2, 5  # NlnsProbe, NlnsReachable; below are unreachable and incomplete ones


class AddressRow(NamedTuple):
    """MIB_UNICASTIPADDRESS_ROW."""

    link: int
    address: IPAddress
    standing: Standing


class NeighbourRow(NamedTuple):
    """MIB_IPNET_ROW2 of a neighbour that is not known to be silent."""

    link: int
    address: IPAddress
    mac: bytes  # six octets
    confirmed: bool  # has it answered within the last half minute or so?


def rows(table: bytes, row: struct.Struct) -> Iterator[bytes]:
    """The rows of a table, as many as it says it has and as there are."""
    if len(table) >= HEAD:
        (count,) = struct.unpack_from("<I", table)
        for place in range(min(count, (len(table) - HEAD) // row.size)):
            yield table[HEAD + place * row.size : HEAD + (place + 1) * row.size]


def address(row: bytes) -> AddressRow | None:
    """An address of this machine; None if it is of no known family."""
    if len(row) != ADDRESS.size:
        return None
    where, _, link, prefix, suffix, _, _, _, _, state, _, _ = ADDRESS.unpack(row)
    found = _ip(where)
    if found is None:
        return None
    temporary = found.version == 6 and (prefix, suffix) == (_ADVERTISED, _RANDOM)
    return AddressRow(link, found, Standing(temporary, state == _DEPRECATED, state < _DEPRECATED))


def default_route(row: bytes) -> DefaultRoute | None:
    """MIB_IPFORWARD_ROW2, if it is one to everywhere.

    Its metric is left out: Windows counts that of the interface into it, which changes with the signal
    of a wireless network.
    """
    if len(row) != ROUTE.size:
        return None
    _, link, where, length, hop, *_ = ROUTE.unpack(row)
    destination, gateway = _ip(where), _ip(hop)
    if destination is None or length:
        return None
    gateways = () if gateway is None or gateway.is_unspecified else (gateway,)
    return DefaultRoute(destination.version, 0, 0, (link,), gateways)


def neighbour(row: bytes) -> NeighbourRow | None:
    """One entry of the neighbour table, if it is of use."""
    if len(row) != NEIGHBOUR.size:
        return None
    where, link, _, mac, length, state, _, _ = NEIGHBOUR.unpack(row)
    found = _ip(where)
    if found is None or length != 6 or state < _PROBE:
        return None
    return NeighbourRow(link, found, mac[:6], state >= _REACHABLE)


def _ip(where: bytes) -> IPAddress | None:
    """SOCKADDR_INET: family, port; then an IPv4 address, or flow, IPv6 address and scope."""
    match int.from_bytes(where[:2], "little"):
        case 2:  # AF_INET
            return IPv4Address(where[4:8])
        case 23:  # AF_INET6
            return IPv6Address(where[8:24])
        case _:
            return None
