"""NAT-PMP (RFC 6886, 3.2): a gateway tells its external address."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from ..core.errors import SourceError

PORT = 5351
REQUEST = b"\0\0"  # version 0, operation 0: external address

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
