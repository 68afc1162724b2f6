"""Dynamic update messages (RFC 2136).  Pure."""

from __future__ import annotations

from collections.abc import Collection

from ..core.dns import IPAddress, Name, RRset, RRType, in_order
from .dns import CLASS_ANY, CNAME, IN, NONE, SOA, TYPES, Writer

UPDATE = 5 << 11  # opcode, in the flags
LARGEST = 65535 - 1024  # octets: what fits a TCP message (RFC 7766), with room for a TSIG RR


def message(
    id: int,
    zone: Name,
    replaced: Collection[RRset],
    created: Collection[RRset],
    default_ttl: int,
    *,
    deleted: Collection[tuple[Name, IPAddress]] = (),
) -> bytes:
    """One message that makes each RRset be what is wanted: all of them, or none.

    The server applies the whole message atomically and in order (RFC 2136, 3.4.2, 3.7).  `deleted` are
    single records, which are taken away (2.5.4).  `replaced` are deleted (2.5.2), then their records are
    added (2.5.1).  `created` are added to what is there, if anything is; since a server silently ignores
    what is added beside a CNAME (3.4.2.2), the message demands that there is none (2.4.3), and fails
    with YXRRSET.
    """
    unaliased = sorted({rrset.owner for rrset in created})
    updates = len(replaced) + len(deleted) + sum(len(rrset.addresses) for rrset in (*replaced, *created))
    writer = Writer(id, UPDATE, (1, len(unaliased), updates, 0))
    writer.question(zone.text, SOA, IN)
    for owner in unaliased:
        writer.record(owner.text, CNAME, NONE, 0, b"")
    for owner, address in deleted:
        writer.record(owner.text, TYPES[RRType.of(address)], NONE, 0, address.packed)
    for rrset in replaced:
        writer.record(rrset.owner.text, TYPES[rrset.rrtype], CLASS_ANY, 0, b"")
    for rrset in (*replaced, *created):
        ttl = default_ttl if rrset.ttl is None else rrset.ttl
        for address in in_order(rrset.addresses):
            writer.record(rrset.owner.text, TYPES[rrset.rrtype], IN, ttl, address.packed)
    return writer.octets()
