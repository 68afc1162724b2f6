"""Dynamic update messages (RFC 2136).  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.dns import Name, RRset, in_order
from .dns import CLASS_ANY, IN, SOA, TYPES, Writer

UPDATE = 5 << 11  # opcode, in the flags
LARGEST = 65535 - 1024  # octets: what fits a TCP message (RFC 7766), with room for a TSIG RR


def replace(id: int, zone: Name, wanted: Sequence[RRset], default_ttl: int) -> bytes:
    """One message that makes each RRset be exactly what is wanted: all of them, or none.

    For each: delete the RRset (RFC 2136, 2.5.2), then add its records (2.5.1); the server applies
    the whole message atomically and in order (3.4.2, 3.7).
    """
    updates = sum(1 + len(rrset.addresses) for rrset in wanted)
    writer = Writer(id, UPDATE, (1, 0, updates, 0))
    writer.question(zone.text, SOA, IN)
    for rrset in wanted:
        rdtype, ttl = TYPES[rrset.rrtype], default_ttl if rrset.ttl is None else rrset.ttl
        writer.record(rrset.owner.text, rdtype, CLASS_ANY, 0, b"")
        for address in in_order(rrset.addresses):
            writer.record(rrset.owner.text, rdtype, IN, ttl, address.packed)
    return writer.octets()
