"""PCP (RFC 6887): a gateway maps a port and tells the external address of the mapping.

There is no question for the address alone.  To learn it, a short mapping is made and deleted.
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from typing import NamedTuple

from ..core.dns import IPAddress
from ..core.errors import SourceError

PORT = 5351
NONCE = 12  # octets
LIFETIME = (
    120  # seconds that a mapping lives if it cannot be deleted; shorter ones are refused (RFC 6887, 15)
)

_VERSION = 2
_ANNOUNCE, _MAP = 0, 1
_UDP = 17
_FIRST, _PORTS = 49_152, 16_384  # the dynamic ports (RFC 6335, 6)
_LONGEST = 1100  # octets (RFC 6887, 7)
_REQUEST = struct.Struct("!BB2xI16s")  # version, operation, lifetime, address of the client
_RESPONSE = struct.Struct("!BBxBII12x")  # version, 128 + operation, result, lifetime, epoch
_MAPPING = struct.Struct("!12sB3xHH16s")  # nonce, protocol, internal port, external port and address
_ANY_IPV4 = bytes(10) + b"\xff\xff" + bytes(4)  # "any" as an IPv4-mapped address
_RESULTS = {  # RFC 6887, 7.4
    1: "does not speak this version of PCP",
    2: "refused: PCP is switched off in its settings, or not for this machine",
    3: "calls our PCP request malformed",
    4: "does not make mappings by PCP",
    5: "does not know an option of our PCP request",
    6: "calls an option of our PCP request malformed",
    7: "has no address at the moment: its own line is down",
    8: "is out of resources",
    9: "does not map UDP by PCP",
    10: "refused: this machine has too many mappings there already",
    11: "cannot give the external address that was suggested",
    12: "sees our requests come from another address; is there a NAT before it?",
    13: "is out of resources for filters",
}


class Mapping(NamedTuple):
    """What the gateway has granted."""

    address: IPAddress  # the external one
    port: int
    seconds: int  # until it ends
    epoch: int  # seconds since the gateway started or lost its table


def request(client: IPAddress, nonce: bytes, lifetime: int) -> bytes:
    """A MAP request for a UDP port where nothing listens; with the lifetime 0 it deletes that mapping.

    `client` is the address that it is sent from; `nonce` are 12 unpredictable octets, and the port
    is chosen by them.
    """
    mapped = client.packed if client.version == 6 else _ANY_IPV4[:12] + client.packed
    nowhere = bytes(16) if client.version == 6 else _ANY_IPV4
    head = _REQUEST.pack(_VERSION, _MAP, lifetime, mapped)
    return head + _MAPPING.pack(nonce, _UDP, _port(nonce), 0, nowhere)


def answer(message: bytes, nonce: bytes) -> Mapping:
    """The mapping in the answer to our request; `SourceError` if it was refused, or for anything else."""
    if _is_natpmp(message):
        raise SourceError("does not speak PCP, but its elder NAT-PMP; write gateway:nat-pmp")
    result, lifetime, epoch = _head(message, _MAP)
    if result:
        raise SourceError(_RESULTS.get(result, f"refused with the PCP result {result}"))
    if len(message) < _RESPONSE.size + _MAPPING.size:
        raise SourceError("answered with a PCP message that ends too early")
    echoed, protocol, internal, external, octets = _MAPPING.unpack_from(message, _RESPONSE.size)
    if (echoed, protocol, internal) != (nonce, _UDP, _port(nonce)):
        raise SourceError("answered another request than ours")
    there = IPv6Address(octets)
    address = there.ipv4_mapped or there
    if address.is_unspecified:
        raise SourceError(_RESULTS[7])
    return Mapping(address, external, lifetime, epoch)


def announcement(message: bytes) -> int:
    """The epoch in an ANNOUNCE response, in seconds; `SourceError` if it is none (RFC 6887, 14.1.3).

    The gateway sends one to everybody when it has started or got another address.  It names none.
    """
    result, _, epoch = _head(message, _ANNOUNCE)
    if result:
        raise SourceError("announced a PCP error")
    return epoch


def _is_natpmp(message: bytes) -> bool:
    """An error of version 0: what a NAT-PMP server answers to other versions (RFC 6886, 3.5)."""
    return len(message) >= 4 and message[0] == 0 and message[1] >= 128 and message[2:4] == b"\0\1"


def _head(message: bytes, operation: int) -> tuple[int, int, int]:
    """Result, lifetime and epoch of a response of that operation."""
    if not _RESPONSE.size <= len(message) <= _LONGEST or len(message) % 4:
        raise SourceError("answered with no PCP message")
    version, said, result, lifetime, epoch = _RESPONSE.unpack_from(message)
    # A server that knows another version only answers in that one (RFC 6887, 9).
    if said != 128 + operation or (version != _VERSION and result != 1):
        raise SourceError("answered with no PCP message")
    return result, lifetime, epoch


def _port(nonce: bytes) -> int:
    return _FIRST + int.from_bytes(nonce[:2], "big") % _PORTS
