"""STUN Binding (RFC 8489): a server tells the address it sees a datagram come from."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from ..core.dns import IPAddress
from ..core.errors import SourceError

PORT = 3478
TRANSACTION_ID = 12  # octets

_HEADER = struct.Struct("!HHI12s")  # type, length of the rest, magic cookie, transaction id
_COOKIE = 0x2112A442
_REQUEST, _SUCCESS, _FAILURE = 0x0001, 0x0101, 0x0111
_MAPPED, _ERROR, _XOR_MAPPED = 0x0001, 0x0009, 0x0020
_OPTIONAL = 0x8000  # attributes from here on may be ignored (RFC 8489, 14)
# Those below that a Binding response may hold: RFC 8489, 18.3, and the addresses of RFC 3489, 11.2.
_KNOWN = frozenset({_MAPPED, 0x0004, 0x0005, 0x0008, _ERROR, 0x000A, 0x0014, 0x0015, 0x001C, _XOR_MAPPED})


def request(transaction: bytes) -> bytes:
    """A Binding request with that transaction id of 12 unpredictable octets."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def echoes(message: bytes, transaction: bytes) -> bool:
    """Does that message carry our transaction id?  One without it is late, or forged (RFC 8489, 6.3.1)."""
    return len(message) >= _HEADER.size and _HEADER.unpack_from(message)[2:] == (_COOKIE, transaction)


def answer(message: bytes, transaction: bytes) -> IPAddress:
    """The address in the answer to our request; `SourceError` for anything else.

    XOR-MAPPED-ADDRESS goes before MAPPED-ADDRESS, which some routers rewrite (RFC 8489, 14.2).
    """
    if len(message) < _HEADER.size:
        raise SourceError("answered with no STUN message")
    kind, length, cookie, echoed = _HEADER.unpack_from(message)
    if cookie != _COOKIE or length % 4 or length != len(message) - _HEADER.size:
        raise SourceError("answered with no STUN message")
    if echoed != transaction:
        raise SourceError("answered another request than ours")
    attributes: dict[int, bytes] = {}
    for attribute, value in _attributes(message):
        attributes.setdefault(attribute, value)  # of two the first counts (RFC 8489, 14)
    if kind == _FAILURE:
        raise SourceError(_refusal(attributes.get(_ERROR, b"")))
    if kind != _SUCCESS:
        raise SourceError(f"answered with a STUN message of type 0x{kind:04x}, not with an address")
    if unknown := [one for one in attributes if one < _OPTIONAL and one not in _KNOWN]:
        raise SourceError(f"answered with the STUN attribute 0x{unknown[0]:04x}, which cannot be ignored")
    if _XOR_MAPPED in attributes:
        return _address(attributes[_XOR_MAPPED], struct.pack("!I", _COOKIE) + transaction)
    if _MAPPED in attributes:
        return _address(attributes[_MAPPED], bytes(16))
    raise SourceError("answered without an address")


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    offset = _HEADER.size
    while offset < len(message):
        kind, length = struct.unpack_from("!HH", message, offset)
        offset += 4
        if offset + length > len(message):
            raise SourceError("answered with a STUN message that ends too early")
        yield kind, message[offset : offset + length]
        offset += length + -length % 4


def _address(value: bytes, mask: bytes) -> IPAddress:
    """RFC 8489, 14.1 and 14.2: a zero octet, the family, the port, the address."""
    family = value[1] if len(value) > 1 else 0
    octets = bytes(one ^ other for one, other in zip(value[4:], mask, strict=False))
    match family, len(value):
        case 1, 8:
            return IPv4Address(octets)
        case 2, 20:
            return IPv6Address(octets)
        case _:
            raise SourceError("answered with a STUN address of an unknown kind")


def _refusal(value: bytes) -> str:
    """RFC 8489, 14.8: two reserved octets, the hundreds, the rest, a reason in UTF-8."""
    if len(value) < 4:
        return "refused without a reason"
    reason = value[4:].decode("utf-8", "replace")[:80]
    return f"refused with {(value[2] & 7) * 100 + value[3]}: {reason!r}"
