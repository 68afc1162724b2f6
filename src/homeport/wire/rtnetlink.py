"""What the Linux kernel tells of addresses, default routes, links and neighbours.  Pure.

rtnetlink(7), netlink(7); linux/rtnetlink.h, if_addr.h, if_link.h, neighbour.h (Linux 6.1, read
2026-11-21).  Numbers are in the byte order of the machine.  Nothing here raises: what is cut off or
makes no sense is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ..core.dns import IPAddress
from ..core.system import AddressChange, Change, DefaultRoute, LinkChange, RouteChange, Standing

ERROR, DONE = 2, 3  # kinds of messages
NEW_LINK, DEL_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DEL_ROUTE, GET_ROUTE = 24, 25, 26
NEW_NEIGHBOUR, DEL_NEIGHBOUR, GET_NEIGHBOUR = 28, 29, 30
# RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE
GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
NEIGHBOURS = 0x4  # RTMGRP_NEIGH

_REQUEST, _DUMP, _REPLACE = 0x1, 0x300, 0x100
_HEADER = struct.Struct("=IHHII")  # length, kind, flags, sequence, port
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, link
_ROUTE = struct.Struct(
    "=BBBBBBBBI"
)  # family, destination, source, TOS, table, protocol, scope, type, flags
_LINK = struct.Struct("=BxHiII")  # family, hardware, link, flags, mask of changes
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # family, link, state, flags, type
_ATTRIBUTE = struct.Struct("=HH")  # length, kind
_HOP = struct.Struct("=HBBi")  # length, flags, weight, link
_NUMBER = struct.Struct("=I")

_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_TEMPORARY, _FAILED, _DEPRECATED, _TENTATIVE = 0x01, 0x08, 0x20, 0x40
_GLOBAL = 0  # RT_SCOPE_UNIVERSE: private addresses too
_INET, _INET6 = 2, 10
_RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE, _RTA_VIA = 4, 5, 6, 9, 15, 18
_UNICAST, _CLONED = 1, 0x200
_IFLA_NAME = 3
_UP, _LOOPBACK, _RUNNING = 0x1, 0x8, 0x40
_NDA_ADDRESS, _NDA_MAC = 1, 2
_INCOMPLETE, _REACHABLE, _SILENT, _NO_ARP, _PERMANENT = 0x01, 0x02, 0x20, 0x40, 0x80


class Message(NamedTuple):
    """One netlink message without its header."""

    kind: int
    flags: int
    body: bytes


class Neighbour(NamedTuple):
    """One usable entry of the neighbour table."""

    link: int
    address: IPAddress
    mac: bytes  # six octets
    confirmed: bool  # has it answered within the last half minute or so?


def request(kind: int, family: int = 0) -> bytes:
    """A request for a whole table (a dump), of both families or of one."""
    body = struct.pack("=B15x", family)  # long enough for every kind
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | _DUMP, 1, 0) + body


def messages(octets: bytes) -> Iterator[Message]:
    """The messages of one datagram, up to the first that does not fit into it."""
    at = 0
    while at + _HEADER.size <= len(octets):
        length, kind, flags, _, _ = _HEADER.unpack_from(octets, at)
        if length < _HEADER.size or at + length > len(octets):
            return
        yield Message(kind, flags, octets[at + _HEADER.size : at + length])
        at += length + 3 & ~3


def changes(octets: bytes) -> list[Change]:
    """What a datagram says of addresses, default routes and links that can lead to the Internet."""
    found = []
    for message in messages(octets):
        change: Change | None = None
        if message.kind in (NEW_ADDRESS, DEL_ADDRESS):
            change = _address(message)
        elif message.kind in (NEW_ROUTE, DEL_ROUTE):
            change = _route(message)
        elif message.kind in (NEW_LINK, DEL_LINK):
            change = _link(message)
        if change is not None:
            found.append(change)
    return found


def neighbours(octets: bytes) -> list[Neighbour]:
    """The entries of one datagram that have an Ethernet address and are not known to be silent."""
    found = []
    for message in messages(octets):
        if message.kind != NEW_NEIGHBOUR or len(message.body) < _NEIGHBOUR.size:
            continue
        link, state, address, mac = _neighbour(message)
        if address is not None and len(mac) == 6 and _usable(state):
            found.append(Neighbour(link, address, mac, bool(state & (_REACHABLE | _PERMANENT))))
    return found


def departed(octets: bytes) -> list[IPAddress]:
    """The addresses that one datagram says nobody answers at, or that the table no longer has."""
    found = []
    for message in messages(octets):
        if message.kind in (NEW_NEIGHBOUR, DEL_NEIGHBOUR) and len(message.body) >= _NEIGHBOUR.size:
            _, state, address, _ = _neighbour(message)
            if address is not None and (message.kind == DEL_NEIGHBOUR or not _usable(state)):
                found.append(address)
    return found


def _neighbour(message: Message) -> tuple[int, int, IPAddress | None, bytes]:
    """Link, state, address, MAC address."""
    family, link, state, _, _ = _NEIGHBOUR.unpack_from(message.body)
    said = _attributes(message.body[_NEIGHBOUR.size :])
    return link, state, _ip(family, said.get(_NDA_ADDRESS)), said.get(_NDA_MAC, b"")


def _usable(state: int) -> bool:
    return bool(state) and not state & (_INCOMPLETE | _SILENT | _NO_ARP)


def _address(message: Message) -> AddressChange | None:
    if len(message.body) < _ADDRESS.size:
        return None
    family, _, flags, scope, link = _ADDRESS.unpack_from(message.body)
    said = _attributes(message.body[_ADDRESS.size :])
    # On a point-to-point line the other attribute is the address of the peer.
    address = _ip(family, said.get(_IFA_LOCAL, said.get(_IFA_ADDRESS)))
    if address is None or scope != _GLOBAL:
        return None
    flags = _number(said.get(_IFA_FLAGS), flags)
    standing = Standing(
        temporary=family == _INET6 and bool(flags & _TEMPORARY),  # for IPv4 the bit means "secondary"
        deprecated=bool(flags & _DEPRECATED),
        tentative=bool(flags & (_TENTATIVE | _FAILED)),
    )
    return AddressChange(link, address, standing if message.kind == NEW_ADDRESS else None)


def _route(message: Message) -> RouteChange | None:
    if len(message.body) < _ROUTE.size:
        return None
    family, length, _, _, table, _, _, kind, flags = _ROUTE.unpack_from(message.body)
    if length or family not in (_INET, _INET6) or kind != _UNICAST or flags & _CLONED:
        return None
    said = _attributes(message.body[_ROUTE.size :])
    hops = [(_number(said.get(_RTA_OIF), 0), said), *_hops(said.get(_RTA_MULTIPATH, b""))]
    gateways = (_gateway(family, hop) for _, hop in hops)
    route = DefaultRoute(
        version=4 if family == _INET else 6,
        table=_number(said.get(_RTA_TABLE), table),
        metric=_number(said.get(_RTA_PRIORITY), 0),
        links=tuple(link for link, _ in hops if link),
        gateways=tuple(gateway for gateway in gateways if gateway is not None),
    )
    return RouteChange(route, message.kind == NEW_ROUTE, bool(message.flags & _REPLACE))


def _link(message: Message) -> LinkChange | None:
    if len(message.body) < _LINK.size:
        return None
    family, _, link, flags, _ = _LINK.unpack_from(message.body)
    if family or flags & _LOOPBACK:  # of another family is what a bridge says of its ports
        return None
    name = _attributes(message.body[_LINK.size :]).get(_IFLA_NAME, b"").partition(b"\0")[0]
    return LinkChange(
        link,
        name.decode("utf-8", "replace") or f"interface {link}",
        up=bool(flags & _UP),
        running=flags & (_UP | _RUNNING) == _UP | _RUNNING,
        there=message.kind == NEW_LINK,
    )


def _attributes(octets: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        if length < _ATTRIBUTE.size or at + length > len(octets):
            break
        found[kind & 0x3FFF] = octets[at + _ATTRIBUTE.size : at + length]  # two bits are flags
        at += length + 3 & ~3
    return found


def _hops(octets: bytes) -> Iterator[tuple[int, dict[int, bytes]]]:
    """The ways of a route that has several."""
    at = 0
    while at + _HOP.size <= len(octets):
        length, _, _, link = _HOP.unpack_from(octets, at)
        if length < _HOP.size or at + length > len(octets):
            return
        yield link, _attributes(octets[at + _HOP.size : at + length])
        at += length + 3 & ~3


def _gateway(family: int, said: dict[int, bytes]) -> IPAddress | None:
    if (via := said.get(_RTA_VIA)) is not None and len(via) > 2:  # of the other family: RFC 8950
        return _ip(int(struct.unpack_from("=H", via)[0]), via[2:])
    return _ip(family, said.get(_RTA_GATEWAY))


def _ip(family: int, octets: bytes | None) -> IPAddress | None:
    if octets is not None and family == _INET and len(octets) == 4:
        return IPv4Address(octets)
    if octets is not None and family == _INET6 and len(octets) == 16:
        return IPv6Address(octets)
    return None


def _number(octets: bytes | None, otherwise: int) -> int:
    if octets is None or len(octets) != _NUMBER.size:
        return otherwise
    return int(_NUMBER.unpack(octets)[0])
