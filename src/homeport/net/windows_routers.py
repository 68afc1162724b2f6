"""The default IPv6 router on Windows, from iphlpapi.

Learn.microsoft.com, GetBestRoute2, MIB_IPFORWARD_ROW2, SOCKADDR_INET (read 2026-11-21).
"""

from __future__ import annotations

import sys
from ipaddress import IPv6Address

from .routers import Router

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

_AF_INET6 = 23
_FAR = IPv6Address("2606:4700:4700::1111")  # never sent to: only routed to


class _Inet6(ctypes.Structure):
    """SOCKADDR_IN6, the larger half of the union SOCKADDR_INET."""

    _fields_ = [
        ("family", wintypes.USHORT),
        ("port", wintypes.USHORT),
        ("flowinfo", wintypes.ULONG),
        ("address", ctypes.c_ubyte * 16),
        ("scope", wintypes.ULONG),
    ]


class _Route(ctypes.Structure):
    """MIB_IPFORWARD_ROW2 up to NextHop; `rest` is what follows, with room to spare."""

    _fields_ = [
        ("luid", ctypes.c_uint64),
        ("index", wintypes.ULONG),
        ("prefix", _Inet6),
        ("prefix_length", ctypes.c_ubyte),
        ("hop", _Inet6),
        ("rest", ctypes.c_ubyte * 64),
    ]


def router() -> Router | None:
    """The next hop to the Internet; None if there is no IPv6 route, or it has no router."""
    there = _Inet6(family=_AF_INET6, address=(ctypes.c_ubyte * 16)(*_FAR.packed))
    route, mine = _Route(), _Inet6()
    status = ctypes.windll.iphlpapi.GetBestRoute2(
        None, 0, None, ctypes.byref(there), 0, ctypes.byref(route), ctypes.byref(mine)
    )
    hop = IPv6Address(bytes(route.hop.address))
    if status or route.hop.family != _AF_INET6 or hop.is_unspecified:
        return None
    return Router(hop, route.index)
