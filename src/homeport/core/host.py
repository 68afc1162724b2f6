"""The IPv6 address of another host of the same network, or of another network behind the same line.

Pure.

A host is known by the part of its address that stays when the prefix changes: its interface
identifier (RFC 4291, 2.5.1), the MAC address that it makes one of (RFC 4291, appendix A), or the MAC
address under which the neighbour table knows it.  Providers give a home a prefix of 48 to 64 bits (RFC
6177); what lies between the prefix and the identifier is the number of the network (RFC 4291, 2.5.4),
and stays too.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import NamedTuple

from .errors import ConfigError

_MAC = r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}"
_NEIGHBOUR = "neighbour:"
_ADVICE = 'write an interface identifier ("::1234") or a MAC address ("02:00:5e:10:00:01")'
_NETWORK = 64  # bits that name one network
_SHORTEST = 48


class InterfaceId(NamedTuple):
    """What stays of the address, as a number: the last bits, behind a prefix of `prefix_length`."""

    bits: int
    prefix_length: int = _NETWORK

    def __str__(self) -> str:
        return f"{IPv6Address(self.bits)}{_length(self.prefix_length)}"


class Mac(NamedTuple):
    """Six octets, of which the host makes its interface identifier."""

    octets: bytes

    def __str__(self) -> str:
        return self.octets.hex(":")


class Neighbour(NamedTuple):
    """Whatever address the neighbour table has for this MAC address, behind that prefix."""

    mac: Mac
    prefix_length: int = _NETWORK

    def covers(self, near: IPv6Address, address: object) -> bool:
        """Do both lie behind the same prefix?"""
        host_bits = 128 - self.prefix_length
        return isinstance(address, IPv6Address) and int(address) >> host_bits == int(near) >> host_bits

    def __str__(self) -> str:
        return f"{_NEIGHBOUR}{self.mac}{_length(self.prefix_length)}"


HostId = InterfaceId | Mac | Neighbour


def parse(text: str) -> HostId:
    """Read what a person typed: "::1234", "0:0:0:5::1234/56", "02:00:5e:10:00:01" or "neighbour:MAC".

    The number behind the stroke is the length of the provider's prefix; without it, the network of the
    address that the uplink sees is the one.
    """
    typed = text.strip()
    word, stroke, number = typed.partition("/")
    length = _prefix_length(number.strip()) if stroke else _NETWORK
    word = word.strip()
    if word.lower().startswith(_NEIGHBOUR):
        return Neighbour(_mac(word[len(_NEIGHBOUR) :].strip()), length)
    if re.fullmatch(_MAC, word):
        mac = _mac(word)
        if length != _NETWORK:
            bits = derive(mac, IPv6Address(1 << _NETWORK))
            raise ConfigError(
                f"{typed[:60]!r} does not say in which of the networks; write its number and the "
                f'interface identifier: "{bits}/{length}" for number 1'
            )
        return mac
    try:
        address = IPv6Address(word)
    except ValueError:
        raise ConfigError(f"{typed[:40]!r} names no host; {_ADVICE}") from None
    return _identifier(typed, address, length)


def derive(host: HostId, prefix_source: IPv6Address) -> IPv6Address:
    """The address of `host` behind the prefix of `prefix_source`.

    `ConfigError` for a neighbour, whose address cannot be computed.
    """
    if isinstance(host, Neighbour):
        raise ConfigError("the address of a neighbour is looked up, not computed")
    length = _NETWORK if isinstance(host, Mac) else host.prefix_length
    bits = int.from_bytes(_eui64(host.octets)) if isinstance(host, Mac) else host.bits
    mask = (1 << 128 - length) - 1
    return IPv6Address(int(prefix_source) & ~mask | bits & mask)


def _identifier(typed: str, address: IPv6Address, length: int) -> InterfaceId:
    bits = int(address)
    identifier = bits & (1 << _NETWORK) - 1
    if address.scope_id or bits >> 128 - _SHORTEST:
        raise ConfigError(
            f"{typed[:40]!r} has a prefix; write only what stays when the prefix changes, "
            f'the last 64 bits: "{IPv6Address(identifier)}"'
        )
    if bits >> 128 - length:
        number = bits >> _NETWORK
        fits = next(size for size in (56, 52, 48) if not bits >> 128 - size)  # what providers give
        raise ConfigError(
            f"{typed[:40]!r} has the number {number:x} of a network before the last 64 bits, which does "
            f"not fit behind a prefix of {length} bits; write how long the prefix of your provider is: "
            f'"{address}/{fits}"'
        )
    if not identifier:
        raise ConfigError(
            f"{typed[:40]!r} is the anycast address of the routers (RFC 4291, 2.6.1); {_ADVICE}"
        )
    return InterfaceId(bits, length)


def _prefix_length(text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not _SHORTEST <= int(text) <= _NETWORK:
        raise ConfigError(
            f"{'/' + text[:10]!r} is not the length of a prefix; write /48 to /64, as the provider gives it"
        )
    return int(text)


def _length(prefix_length: int) -> str:
    return "" if prefix_length == _NETWORK else f"/{prefix_length}"


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
