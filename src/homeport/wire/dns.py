"""DNS messages (RFC 1035, 4): just what an agent asks and reads.  Pure octets in and out.

Why not a library here: the agent reads every name at its authoritative servers for years, and the
smallest import of a full one costs a quarter of its memory budget (CONTRIBUTING.md has the figures).
The library is the oracle of the tests, and real servers are their peers.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ..core.dns import IPAddress, Name, RRType

A, NS, CNAME, SOA, TXT, AAAA, TSIG, ANY = 1, 2, 5, 6, 16, 28, 250, 255
IN, NONE, CLASS_ANY = 1, 254, 255
TYPES: dict[RRType, int] = {RRType.A: A, RRType.AAAA: AAAA}

_HEADER = struct.Struct("!6H")
_RR = struct.Struct("!HHIH")
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSE = 0x8000, 0x0400, 0x0200, 0x0100
_LARGEST_POINTER = 0x3FFF
_MOST_LABELS = 127  # of one name (RFC 1035, 2.3.4: 255 octets)
_LARGEST_TTL = 0x7FFFFFFF
_ADDRESS: dict[int, tuple[int, type[IPv4Address | IPv6Address]]] = {
    A: (4, IPv4Address),
    AAAA: (16, IPv6Address),
}


class MalformedMessage(ValueError):
    """Octets that are no DNS message."""


class Rcode(IntEnum):
    """RFC 1035, 4.1.1; RFC 2136, 2.2; RFC 8945, 3."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    YXDOMAIN = 6
    YXRRSET = 7
    NXRRSET = 8
    NOTAUTH = 9
    NOTZONE = 10
    BADSIG = 16
    BADKEY = 17
    BADTIME = 18
    BADTRUNC = 22

    @classmethod
    def name_of(cls, value: int) -> str:
        return cls(value).name if value in cls._value2member_map_ else f"RCODE {value}"


class ResourceRecord(NamedTuple):
    """One RR of an answer.  `data`: an address (A, AAAA), a name (NS, CNAME; SOA: its MNAME), or octets."""

    owner: str  # lower case, no final dot; "" is the root; a dot inside a label is written "\."
    rdtype: int
    rdclass: int
    ttl: int  # seconds
    data: IPAddress | str | bytes


class Message(NamedTuple):
    """A DNS response, read."""

    id: int
    rcode: int
    authoritative: bool
    truncated: bool
    question: tuple[str, int] | None  # owner and type
    answer: tuple[ResourceRecord, ...]
    authority: tuple[ResourceRecord, ...]
    additional: tuple[ResourceRecord, ...]

    def addresses(self, owner: Name, rrtype: RRType) -> tuple[list[IPAddress], int | None]:
        """The addresses of that RRset in the answer section, and their TTL in seconds (None: no RRset)."""
        rows = [r for r in self.answer if r.owner == owner.text and r.rdtype == TYPES[rrtype]]
        found = [r.data for r in rows if isinstance(r.data, IPv4Address | IPv6Address)]
        return found, min((r.ttl for r in rows), default=None)

    def alias(self, owner: Name) -> str | None:
        """Where a CNAME at the owner points, if there is one."""
        for row in self.answer:
            if row.owner == owner.text and row.rdtype == CNAME and isinstance(row.data, str):
                return row.data
        return None

    def delegation(self, owner: Name) -> tuple[str, list[str]] | None:
        """The zone cut at or above the owner, and its name servers, if this is a referral to them.

        RFC 1034, 4.3.2 (3b): no authority, nothing in the answer section, the NS RRset of the cut.
        """
        cuts = [
            row for row in self.authority if row.rdtype == NS and row.owner and isinstance(row.data, str)
        ]
        if self.authoritative or self.answer or not cuts or not owner.within(Name(cuts[0].owner)):
            return None
        return cuts[0].owner, sorted(str(row.data) for row in cuts)

    def apex(self, owner: Name) -> Name | None:
        """The apex of the zone that this authoritative answer comes from, if the answer shows it.

        A SOA in any section names it (RFC 2308, 2.1 for negative answers), and so does the NS RRset
        that a server adds to the authority section of a positive one.
        """
        if not self.authoritative:
            return None
        for row in (*self.answer, *self.authority):
            if row.rdtype in (SOA, NS) and row.owner and owner.within(Name(row.owner)):
                return Name(row.owner)
        return None


def query(id: int, owner: str, rdtype: int, *, rdclass: int = IN, recursive: bool = False) -> bytes:
    """A question (RFC 1035, 4.1): `owner` absolute, without its final dot."""
    header = _HEADER.pack(id, _RECURSE if recursive else 0, 1, 0, 0, 0)
    return header + encode_name(owner) + struct.pack("!HH", rdtype, rdclass)


def encode_name(name: str) -> bytes:
    """Uncompressed wire form of an absolute name without its final dot."""
    out = bytearray()
    for label in name.split(".") if name else ():
        octets = label.encode("ascii")
        if not 0 < len(octets) < 64:
            raise MalformedMessage(f"a label of {len(octets)} octets")
        out += bytes((len(octets),)) + octets
    return bytes(out + b"\0")


def decode(wire: bytes) -> Message:
    """Read a response; `MalformedMessage` for anything else, whatever the octets are.

    Of a truncated one only header and question: what else it holds must not be used (RFC 2181, 9).
    """
    try:
        number, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
        if not flags & _RESPONSE:
            raise MalformedMessage("not a response")
        offset = _HEADER.size
        question = None
        for _ in range(questions):
            owner, offset = _name(wire, offset)
            rdtype, _ = struct.unpack_from("!HH", wire, offset)
            offset += 4
            question = question or (owner, rdtype)
        truncated = bool(flags & _TRUNCATED)
        sections: list[tuple[ResourceRecord, ...]] = []
        for count in (0, 0, 0) if truncated else (answers, authorities, additionals):
            rows = []
            for _ in range(count):
                row, offset = _record(wire, offset)
                rows.append(row)
            sections.append(tuple(rows))
    except (struct.error, IndexError) as error:
        raise MalformedMessage("the message ends too early") from error
    if offset != len(wire) and not truncated:
        raise MalformedMessage("octets behind the end of the message")
    return Message(number, flags & 0xF, bool(flags & _AUTHORITATIVE), truncated, question, *sections)


def last_record(wire: bytes) -> tuple[int, int]:
    """Where the last RR of the additional section starts and ends; `MalformedMessage` if there is none."""
    try:
        counts = _HEADER.unpack_from(wire)[2:]
        if not counts[3]:
            raise MalformedMessage("no additional section")
        offset = _HEADER.size
        for _ in range(counts[0]):
            offset = _name(wire, offset)[1] + 4
        start = offset
        for _ in range(sum(counts[1:])):
            start = offset
            offset = _name(wire, offset)[1]
            offset += _RR.size + _RR.unpack_from(wire, offset)[3]
    except (struct.error, IndexError) as error:
        raise MalformedMessage("the message ends too early") from error
    return start, offset


def read_name(wire: bytes, offset: int) -> tuple[str, int]:
    """The name at `offset` and the offset behind it; `MalformedMessage` for a bad one."""
    try:
        return _name(wire, offset)
    except IndexError as error:
        raise MalformedMessage("a name ends too early") from error


def _record(wire: bytes, offset: int) -> tuple[ResourceRecord, int]:
    owner, offset = _name(wire, offset)
    rdtype, rdclass, ttl, length = _RR.unpack_from(wire, offset)
    start = offset + _RR.size
    end = start + length
    if end > len(wire):
        raise MalformedMessage("RDATA ends behind the message")
    data: IPAddress | str | bytes = wire[start:end]
    if rdclass == IN and rdtype in _ADDRESS:
        size, address = _ADDRESS[rdtype]
        if length != size:
            raise MalformedMessage(f"an address of {length} octets")
        data = address(wire[start:end])
    elif rdclass == IN and rdtype in (NS, CNAME, SOA):
        data, after = _name(wire, start)
        if after > end or (after < end and rdtype != SOA):
            raise MalformedMessage("a name that does not fit its RDATA")
    if ttl > _LARGEST_TTL:
        ttl = 0  # RFC 2181, 8
    return ResourceRecord(owner, rdtype, rdclass, ttl, data), end


def _name(wire: bytes, offset: int) -> tuple[str, int]:
    """RFC 1035, 4.1.4; pointers may only go back, so they cannot loop.

    There are no more of them than labels in the longest name: a chain of thousands, that every record
    of a message leads to, would take a minute.
    """
    labels: list[str] = []
    after = -1
    floor = offset
    size = jumps = 0
    while length := wire[offset]:
        if length >= 0xC0:
            jumps += 1
            target = (length & 0x3F) << 8 | wire[offset + 1]
            after = offset + 2 if after < 0 else after
            if target >= floor:
                raise MalformedMessage("a compression pointer that does not go back")
            if jumps > _MOST_LABELS:
                raise MalformedMessage("a name of too many compression pointers")
            offset = floor = target
            continue
        if length > 63:
            raise MalformedMessage("an unknown kind of label")
        label = wire[offset + 1 : offset + 1 + length]
        size += length + 1
        if len(label) < length or size > 254:
            raise MalformedMessage("a name that is too long")
        labels.append(label.lower().decode("latin-1").replace(".", "\\."))  # lower: ASCII's (RFC 4343)
        offset += 1 + length
    return ".".join(labels), (offset + 1 if after < 0 else after)


class Writer:
    """Builds a message with compressed owner names (RFC 1035, 4.1.4)."""

    def __init__(self, id: int, flags: int, counts: Sequence[int]) -> None:
        self._out = bytearray(_HEADER.pack(id, flags, *counts))
        self._seen: dict[str, int] = {}

    def name(self, name: str) -> None:
        rest = name
        while rest:
            if (offset := self._seen.get(rest)) is not None:
                self._out += struct.pack("!H", 0xC000 | offset)
                return
            if len(self._out) <= _LARGEST_POINTER:
                self._seen[rest] = len(self._out)
            label, _, rest = rest.partition(".")
            self._out += bytes((len(label),)) + label.encode("ascii")
        self._out += b"\0"

    def question(self, owner: str, rdtype: int, rdclass: int) -> None:
        self.name(owner)
        self._out += struct.pack("!HH", rdtype, rdclass)

    def record(self, owner: str, rdtype: int, rdclass: int, ttl: int, rdata: bytes) -> None:
        self.name(owner)
        self._out += _RR.pack(rdtype, rdclass, ttl, len(rdata)) + rdata

    def octets(self) -> bytes:
        return bytes(self._out)
