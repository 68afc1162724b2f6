"""Addresses and gateway on Windows, from iphlpapi.

Learn.microsoft.com, GetAdaptersAddresses, IP_ADAPTER_UNICAST_ADDRESS_LH, GetBestRoute, GetIpNetTable2,
ConvertInterfaceLuidToAlias (read 2026-11-21).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from ..core.dns import IPAddress
from ..core.neighbours import NeighbourAddress
from ..sources.base import InterfaceAddress
from ..wire import windows_rows

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

_SKIP = 0x2 | 0x4 | 0x8  # GAA_FLAG_SKIP_ANYCAST, _MULTICAST, _DNS_SERVER
_OVERFLOW, _NO_DATA, _NOT_FOUND = 111, 232, 1168  # ERROR_BUFFER_OVERFLOW, _NO_DATA, _NOT_FOUND
_ADVERTISED, _RANDOM = 4, 5  # IpPrefixOriginRouterAdvertisement, IpSuffixOriginRandom
_NAME = 257  # NDIS_IF_MAX_STRING_SIZE and its end
_INET6 = 23
_DEPRECATED = 3  # IpDadStateDeprecated; below are invalid, tentative and duplicate ones


class _SocketAddress(ctypes.Structure):
    _fields_ = [("sockaddr", ctypes.c_void_p), ("length", ctypes.c_int)]


class _Unicast(ctypes.Structure):
    pass


_Unicast._fields_ = [
    ("length", wintypes.ULONG),
    ("flags", wintypes.DWORD),
    ("next", ctypes.POINTER(_Unicast)),
    ("address", _SocketAddress),
    ("prefix_origin", ctypes.c_int),
    ("suffix_origin", ctypes.c_int),
    ("dad_state", ctypes.c_int),
]


class _Adapter(ctypes.Structure):
    pass


_Adapter._fields_ = [
    ("length", wintypes.ULONG),
    ("index", wintypes.DWORD),
    ("next", ctypes.POINTER(_Adapter)),
    ("name", ctypes.c_char_p),
    ("unicast", ctypes.POINTER(_Unicast)),
    ("anycast", ctypes.c_void_p),
    ("multicast", ctypes.c_void_p),
    ("dns_server", ctypes.c_void_p),
    ("dns_suffix", ctypes.c_wchar_p),
    ("description", ctypes.c_wchar_p),
    ("friendly_name", ctypes.c_wchar_p),
]


def addresses() -> list[InterfaceAddress]:
    """All addresses of all interfaces, under the names that Windows shows.  Raises `OSError`."""
    size = wintypes.ULONG(16 * 1024)
    while True:
        memory = ctypes.create_string_buffer(size.value)
        status = ctypes.windll.iphlpapi.GetAdaptersAddresses(0, _SKIP, None, memory, ctypes.byref(size))
        if status != _OVERFLOW:
            break
    if status == _NO_DATA:
        return []
    if status:
        raise ctypes.WinError(status)
    return [
        InterfaceAddress(
            adapter.friendly_name,
            address,
            # Windows calls its stable ones made from the link layer even if they are random too.
            temporary=address.version == 6
            and (one.prefix_origin, one.suffix_origin) == (_ADVERTISED, _RANDOM),
            deprecated=one.dad_state == _DEPRECATED,
            tentative=one.dad_state < _DEPRECATED,
        )
        for adapter in _linked(ctypes.cast(memory, ctypes.POINTER(_Adapter)))
        for one in _linked(adapter.unicast)
        if (address := _address(one.address)) is not None
    ]


def _linked(first: Any) -> Iterator[Any]:
    """The structures of a linked list; the memory they lie in is the caller's to keep."""
    while first:
        yield first.contents
        first = first.contents.next


def gateway() -> IPv4Address | None:
    """The next hop to the Internet."""
    row = (wintypes.DWORD * 14)()  # MIB_IPFORWARDROW; the fourth is dwForwardNextHop
    there = int.from_bytes(IPv4Address("1.1.1.1").packed, "little")
    if ctypes.windll.iphlpapi.GetBestRoute(there, 0, ctypes.byref(row)):
        return None
    hop = IPv4Address(int(row[3]).to_bytes(4, "little"))
    return None if hop.is_unspecified else hop


def neighbours() -> list[NeighbourAddress]:
    """The IPv6 neighbours that are not known to be silent.  Raises `OSError`."""
    rows = table(ctypes.windll.iphlpapi.GetIpNetTable2, _INET6, windows_rows.NEIGHBOUR)
    return [
        NeighbourAddress(name(one.link) or str(one.link), one.address, one.mac, confirmed=one.confirmed)
        for one in map(windows_rows.neighbour, rows)
        if one is not None
    ]


def name(link: int) -> str | None:
    """The name that Windows shows for the interface of that number; None if it is gone."""
    luid, text = ctypes.c_uint64(), ctypes.create_unicode_buffer(_NAME)
    api = ctypes.windll.iphlpapi
    if api.ConvertInterfaceIndexToLuid(link, ctypes.byref(luid)):
        return None
    return None if api.ConvertInterfaceLuidToAlias(ctypes.byref(luid), text, _NAME) else text.value


def table(get: Any, family: int, row: struct.Struct) -> list[bytes]:
    """The rows of a table that `get` makes and Windows frees.  Raises `OSError`."""
    memory = ctypes.c_void_p()
    status = get(family, ctypes.byref(memory))
    if status == _NOT_FOUND:
        return []
    if status:
        raise ctypes.WinError(status)
    assert memory.value is not None
    try:
        count = ctypes.c_uint32.from_address(memory.value).value
        octets = ctypes.string_at(memory.value, windows_rows.HEAD + count * row.size)
    finally:
        ctypes.windll.iphlpapi.FreeMibTable(memory)
    return list(windows_rows.rows(octets, row))


def _address(where: _SocketAddress) -> IPAddress | None:
    raw = ctypes.string_at(where.sockaddr, where.length)
    match int.from_bytes(raw[:2], "little"):
        case 2:  # AF_INET: port, address
            return IPv4Address(raw[4:8])
        case 23:  # AF_INET6: port, flow, address, scope
            return IPv6Address(raw[8:24])
        case _:
            return None
