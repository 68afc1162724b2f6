"""NAT-PMP (RFC 6886): a gateway tells its external address, when asked and by itself."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import NamedTuple

from ..core.errors import SourceError

PORT = 5351
REQUEST = b"\0\0"  # version 0, operation 0: external address

DRIFT = 7 / 8  # by which a gateway's clock may be slower than ours (RFC 6886, 3.6)
SLACK = 2.0  # seconds for what a message may be late

_RESPONSE = struct.Struct("!BBHI4s")  # version, 128 + operation, result, seconds since start, address
_RESULTS = {  # RFC 6886, 3.5
    1: "does not speak this version of NAT-PMP",
    2: "refused: NAT-PMP is switched off in its settings",
    3: "has no address at the moment: its own line is down",
    4: "is out of resources",
    5: "does not know this question",
}


def answer(message: bytes) -> IPv4Address:
    """The external address; `SourceError` if the gateway has or tells none."""
    if len(message) < 4:
        raise SourceError("answered with no NAT-PMP message")
    version, operation, result = struct.unpack_from("!BBH", message)
    if result and (version, operation) == (0, 128):
        raise SourceError(_RESULTS.get(result, f"refused with the NAT-PMP result {result}"))
    if (version, operation, len(message)) != (0, 128, _RESPONSE.size):
        raise SourceError("answered with no NAT-PMP message")
    address = IPv4Address(_RESPONSE.unpack(message)[4])
    if address.is_unspecified:
        raise SourceError(_RESULTS[3])
    return address


class Announcement(NamedTuple):
    """What a gateway tells everybody, ten times (RFC 6886, 3.2.1)."""

    address: IPv4Address | None  # None: it has none, its own line is down
    epoch_seconds: int  # since it started or lost its table


def announcement(message: bytes) -> Announcement:
    """One multicast message; `SourceError` if it is none.  It has the layout of an answer."""
    if len(message) not in (8, _RESPONSE.size):
        raise SourceError("announced with no NAT-PMP message")
    version, operation, result, epoch_seconds = struct.unpack_from("!BBHI", message)
    if (version, operation) != (0, 128) or (not result and len(message) != _RESPONSE.size):
        raise SourceError("announced with no NAT-PMP message")
    address = IPv4Address(message[8:] or bytes(4))
    return Announcement(None if result or address.is_unspecified else address, epoch_seconds)


class Epoch(NamedTuple):
    """What a gateway said of its age, and when it was heard on a clock that never jumps, in seconds."""

    seconds: int
    at: float

    def restarted(self, later: Epoch) -> bool:
        """Has the gateway lost its table between this and `later` (RFC 6886, 3.6)?"""
        expected = self.seconds + DRIFT * max(0.0, later.at - self.at)
        return later.seconds < expected - SLACK
