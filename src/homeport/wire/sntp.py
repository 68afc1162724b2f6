"""SNTP: what a time server says of our clock.  RFC 4330.

Only `homeport doctor` asks, one datagram each way.
"""

from __future__ import annotations

import struct

from ..core.errors import SourceError

PORT = 123
_LENGTH = 48  # octets, without extensions
_LAYOUT = ">BBBbIII8s8s8s8s"
_CLIENT = 0x23  # version 4, mode 3
_SERVER_MODE, _UNSYNCHRONISED = 4, 3
_TO_1970 = 2_208_988_800  # seconds from 1900
_ERA = 1 << 32  # seconds; the first ends in 2036


def request(nonce: bytes) -> bytes:
    """Our own time is nobody's business: eight octets of chance stand where it would."""
    return bytes([_CLIENT]) + bytes(_LENGTH - 9) + nonce


def ahead(message: bytes, nonce: bytes, sent: float, received: float) -> float:
    """Seconds that our clock is ahead of the server's (below zero: behind).

    `sent` and `received` are our times of the two datagrams, seconds since 1970.  `SourceError` if the
    server does not know the time, or if this does not answer our question.
    """
    if len(message) < _LENGTH:
        raise SourceError("answered with something else than the time")
    first, stratum, _, _, _, _, _, _, origin, arrived, left = struct.unpack(_LAYOUT, message[:_LENGTH])
    if first & 7 != _SERVER_MODE or origin != nonce:
        raise SourceError("answered with something else than the time")
    if stratum == 0 or stratum > 15 or first >> 6 == _UNSYNCHRONISED or left == bytes(8):
        raise SourceError("does not know the time itself")
    there = (_seconds(arrived) + _seconds(left)) / 2
    return (sent + received) / 2 - there


def _seconds(stamp: bytes) -> float:
    """Since 1970; a first bit of 0 means the time after 2036 (RFC 4330, 3)."""
    whole, part = struct.unpack(">II", stamp)
    era = 0 if whole & 0x8000_0000 else _ERA
    return float(whole + era - _TO_1970 + part / _ERA)
