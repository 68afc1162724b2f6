"""ICMP echo (RFC 792; RFC 4443, 4).  Pure octets in and out."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}


def request(version: int, identifier: int, token: bytes) -> bytes:
    """An echo request that carries `token`; the checksum of ICMPv6 is left to the system.

    `version` is that of IP.  Systems that let everybody send pings put their own identifier in.
    """
    header = _HEADER.pack(_REQUEST[version], 0, 0, identifier, 1)
    checksum = _checksum(header + token) if version == 4 else 0
    return _HEADER.pack(_REQUEST[version], 0, checksum, identifier, 1) + token


def is_reply(version: int, octets: bytes, token: bytes) -> bool:
    """Is this the echo reply to the request with that token?

    Some sockets give the IPv4 header along; no ICMP type looks like one.
    """
    if version == 4 and octets[:1] and octets[0] >> 4 == 4:
        octets = octets[(octets[0] & 0xF) * 4 :]
    return octets[:1] == bytes((_REPLY[version],)) and bool(token) and octets[_HEADER.size :] == token


def _checksum(octets: bytes) -> int:
    """RFC 1071: the one's complement of the one's complement sum of 16-bit words."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
