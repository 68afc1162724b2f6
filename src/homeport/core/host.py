"""The IPv6 address of another host of the same network.  Pure.

A host is known by the part of its address that stays when the prefix changes: its interface
identifier (RFC 4291, 2.5.1), or the MAC address that it makes one of (RFC 4291, appendix A).
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import NamedTuple

from .errors import ConfigError

_MAC = r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}"
_NEIGHBOUR = "neighbour:"
_ADVICE = 'write an interface identifier ("::1234") or a MAC address ("02:00:5e:10:00:01")'


class InterfaceId(NamedTuple):
    """The last 64 bits of the address, as a number."""

    bits: int

    def __str__(self) -> str:
        return str(IPv6Address(self.bits))


class Mac(NamedTuple):
    """Six octets, of which the host makes its interface identifier."""

    octets: bytes

    def __str__(self) -> str:
        return self.octets.hex(":")


class Neighbour(NamedTuple):
    """Whatever address the neighbour table has for this MAC address."""

    mac: Mac

    def __str__(self) -> str:
        return f"{_NEIGHBOUR}{self.mac}"


HostId = InterfaceId | Mac | Neighbour


def parse(text: str) -> HostId:
    """Read what a person typed: "::1234", "02:00:5e:10:00:01" or "neighbour:MAC"."""
    typed = text.strip()
    if typed.lower().startswith(_NEIGHBOUR):
        return Neighbour(_mac(typed[len(_NEIGHBOUR) :].strip()))
    if re.fullmatch(_MAC, typed):
        return _mac(typed)
    try:
        address = IPv6Address(typed)
    except ValueError:
        raise ConfigError(f"{typed[:40]!r} names no host; {_ADVICE}") from None
    if address.scope_id or int(address) >> 64:
        raise ConfigError(
            f"{typed[:40]!r} has a prefix; write only what stays when the prefix changes, "
            f'the last 64 bits: "{IPv6Address(int(address) & (1 << 64) - 1)}"'
        )
    if not int(address):
        raise ConfigError(f"'::' is the anycast address of the routers (RFC 4291, 2.6.1); {_ADVICE}")
    return InterfaceId(int(address))


def derive(host: HostId, prefix_source: IPv6Address, prefix_length: int = 64) -> IPv6Address:
    """The address of `host` in the network of `prefix_source`.

    `ConfigError` for a neighbour, whose address cannot be computed.
    """
    if isinstance(host, Neighbour):
        raise ConfigError("the address of a neighbour is looked up, not computed")
    bits = int.from_bytes(_eui64(host.octets)) if isinstance(host, Mac) else host.bits
    mask = (1 << 128 - prefix_length) - 1
    return IPv6Address(int(prefix_source) & ~mask | bits & mask)


def _eui64(octets: bytes) -> bytes:
    """RFC 4291, appendix A: the universal/local bit is inverted, ff:fe goes into the middle."""
    return bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]


def _mac(typed: str) -> Mac:
    if not re.fullmatch(_MAC, typed):
        raise ConfigError(f"{typed[:40]!r} is not a MAC address; write six octets: 02:00:5e:10:00:01")
    octets = bytes.fromhex(re.sub("[:.-]", "", typed))
    if octets[0] & 1:
        raise ConfigError(f"{typed!r} is the MAC address of a group, not of one host")
    return Mac(octets)
