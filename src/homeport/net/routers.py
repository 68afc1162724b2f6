"""Where this machine's own network is: its address there, and the IPv6 router of its default route."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

from ..core.dns import IPAddress
from ..core.errors import SourceError

_UP, _GATEWAY = 0x1, 0x2  # linux/route.h


class Router(NamedTuple):
    """An IPv6 router: its link-local address, and the number of the interface where that is good."""

    address: IPv6Address
    scope: int


def router(interface: str | None) -> Router | None:
    """The default IPv6 router, on Linux by that interface if one is named.  Raises `OSError`."""
    if sys.platform == "win32":
        from . import windows_routers  # noqa: PLC0415 - ctypes, and of use there only

        return windows_routers.router()
    if sys.platform == "linux":
        table = Path("/proc/net/ipv6_route")
        found = (
            read_ipv6_route(table.read_text("utf-8", "surrogateescape"), interface)
            if table.exists()
            else None
        )
    else:
        asked = subprocess.run(
            ["/sbin/route", "-n", "get", "-inet6", "default"],
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
        )
        found = read_route_get(asked.stdout.splitlines())
    return None if found is None else Router(found[0], socket.if_nametoindex(found[1]))


def read_ipv6_route(text: str, interface: str | None) -> tuple[IPv6Address, str] | None:
    """The router of the default route with the lowest metric, and its interface.

    `text` is /proc/net/ipv6_route: destination and its length, source and its length, next hop,
    metric, two counters, flags, interface; numbers are in hexadecimal.
    """
    found: list[tuple[int, IPv6Address, str]] = []
    for line in text.splitlines():
        destination, length, _, _, hop, metric, _, _, flags, name = line.split()
        usable = int(flags, 16) & (_UP | _GATEWAY) == _UP | _GATEWAY
        if usable and int(destination, 16) == int(length, 16) == 0 and interface in (None, name):
            found.append((int(metric, 16), IPv6Address(int(hop, 16)), name))
    return min(found)[1:] if found else None


def read_route_get(lines: Iterable[str]) -> tuple[IPv6Address, str] | None:
    """The same in the output of `route -n get -inet6 default` (macOS): "gateway: fe80::1%en0"."""
    for line in lines:
        key, _, value = line.partition(":")
        address, _, zone = value.strip().partition("%")
        if key.strip() == "gateway" and zone:
            try:
                return IPv6Address(address), zone
            except ValueError:
                return None
    return None


def address_towards(sock: socket.socket, host: IPAddress, scope: int = 0) -> IPAddress:
    """The address of this machine in the network of `host`.  Raises `SourceError`.

    `sock` is a datagram socket that nobody has used; nothing is sent.
    """
    there = (str(host), 9) if isinstance(host, IPv4Address) else (str(host), 9, 0, scope)
    try:
        sock.connect(there)  # of a datagram socket: a note to the kernel
        return ip_address(sock.getsockname()[0].partition("%")[0])
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise SourceError(f"gateway {host}: cannot be reached ({why})") from error
