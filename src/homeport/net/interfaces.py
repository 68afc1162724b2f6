"""The addresses of this machine and its default gateway, as each system tells them.

psutil knows the addresses everywhere, but not which of them are temporary, deprecated or tentative;
Linux and Windows are asked themselves for that.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from ..core.neighbours import NeighbourAddress
from ..sources.base import InterfaceAddress

# linux/if_addr.h; /proc/net/if_inet6 shows the lower eight bits.
_TEMPORARY, _FAILED, _DEPRECATED, _TENTATIVE = 0x01, 0x08, 0x20, 0x40
# linux/route.h
_UP, _GATEWAY = 0x1, 0x2


def addresses() -> list[InterfaceAddress]:
    """All addresses of all interfaces.  Raises `OSError`."""
    if sys.platform == "win32":
        from . import windows_interfaces  # noqa: PLC0415 - ctypes, and of use there only

        return windows_interfaces.addresses()
    every = _from_psutil()
    if sys.platform == "linux" and (table := Path("/proc/net/if_inet6")).exists():
        inet6 = read_if_inet6(table.read_text("utf-8", "surrogateescape"))
        return [*(entry for entry in every if entry.address.version == 4), *inet6]
    return every


def neighbours() -> list[NeighbourAddress]:
    """The IPv6 neighbours that are not known to be silent.  Raises `OSError`, `SubprocessError`."""
    if sys.platform == "win32":
        from . import windows_interfaces  # noqa: PLC0415 - ctypes, and of use there only

        return windows_interfaces.neighbours()
    if sys.platform == "linux":
        from ..wire import rtnetlink  # noqa: PLC0415
        from . import netlink  # noqa: PLC0415 - few configurations need it

        names = dict(socket.if_nameindex())
        return [
            NeighbourAddress(names.get(one.link, str(one.link)), one.address, one.mac, one.confirmed)
            for octets in netlink.dump(rtnetlink.GET_NEIGHBOUR, socket.AF_INET6)
            for one in rtnetlink.neighbours(octets)
        ]
    asked = subprocess.run(["/usr/sbin/ndp", "-an"], capture_output=True, text=True, timeout=2, check=False)
    return read_ndp(asked.stdout.splitlines())


def gateway(interface: str | None) -> IPv4Address | None:
    """The default IPv4 gateway, on Linux by that interface if one is named.  Raises `OSError`."""
    if sys.platform == "win32":
        from . import windows_interfaces  # noqa: PLC0415 - ctypes, and of use there only

        return windows_interfaces.gateway()
    if sys.platform == "linux":
        return read_route(Path("/proc/net/route").read_text("utf-8", "surrogateescape"), interface)
    asked = subprocess.run(
        ["/sbin/route", "-n", "get", "default"], capture_output=True, text=True, timeout=2, check=False
    )
    return read_route_get(asked.stdout.splitlines())


def read_if_inet6(text: str) -> list[InterfaceAddress]:
    """/proc/net/if_inet6: address, interface index, prefix length, scope, flags, interface name."""
    found = []
    for line in text.splitlines():
        digits, _, _, _, flags, name = line.split()
        flag = int(flags, 16)
        entry = InterfaceAddress(
            name,
            IPv6Address(int(digits, 16)),
            temporary=bool(flag & _TEMPORARY),
            deprecated=bool(flag & _DEPRECATED),
            tentative=bool(flag & (_TENTATIVE | _FAILED)),
        )
        found.append(entry)
    return found


def read_route(text: str, interface: str | None) -> IPv4Address | None:
    """The gateway of the default route with the lowest metric, by that interface if one is named.

    `text` is /proc/net/route: a line of titles, then interface, destination, gateway, flags, two
    counters, metric, mask ...; addresses are the numbers in memory, in hexadecimal.
    """
    found: list[tuple[int, IPv4Address]] = []
    for line in text.splitlines()[1:]:
        name, destination, gateway, flags, _, _, metric, mask, *_ = line.split()
        usable = int(flags, 16) & (_UP | _GATEWAY) == _UP | _GATEWAY
        if usable and int(destination, 16) == int(mask, 16) == 0 and interface in (None, name):
            octets = int(gateway, 16).to_bytes(4, sys.byteorder)
            found.append((int(metric), IPv4Address(octets)))
    return min(found)[1] if found else None


def read_route_get(lines: Iterable[str]) -> IPv4Address | None:
    """The gateway in the output of `route -n get default` (macOS, FreeBSD)."""
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "gateway":
            try:
                return IPv4Address(value.strip())
            except ValueError:  # a point-to-point line has an interface there
                return None
    return None


def read_ndp(lines: Iterable[str]) -> list[NeighbourAddress]:
    """The output of `ndp -an` (macOS, FreeBSD): neighbour, MAC address, interface, expiry, state ...

    Octets of a MAC address may lack their leading zero.  States: R(eachable), S(tale), D(elay), P(robe).
    """
    found = []
    for line in lines:
        match line.split():
            case [where, mac, interface, _, ("R" | "S" | "D" | "P") as state, *_] if re.fullmatch(
                "(?i)[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}", mac
            ):
                octets = bytes(int(octet, 16) for octet in mac.split(":"))
            case _:
                continue
        confirmed = state == "R"
        found += [NeighbourAddress(interface, it, octets, confirmed) for it in _addresses_in([where])]
    return found


def _from_psutil() -> list[InterfaceAddress]:
    import psutil  # noqa: PLC0415 - 1.3 MiB; most agents ask the Internet only

    return [
        InterfaceAddress(name, address)
        for name, entries in psutil.net_if_addrs().items()
        for address in _addresses_in(entry.address for entry in entries)
    ]


def _addresses_in(texts: Iterable[str]) -> Iterator[IPv4Address | IPv6Address]:
    """Those that are addresses of the Internet; the others are of the link layer."""
    for text in texts:
        try:
            yield ip_address(text.partition("%")[0])
        except ValueError:
            continue
