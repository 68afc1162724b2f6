"""Which changes turn what is present into what is wanted.  Pure: no I/O, no clock, no log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from .dns import IPAddress, Record, RRset, in_order


class Put(NamedTuple):
    """Make the whole RRset be exactly `wanted`, in one request."""

    wanted: RRset


class Create(NamedTuple):
    """Add one record."""

    wanted: RRset
    address: IPAddress


class Replace(NamedTuple):
    """Give one record another address or TTL; leave everything else about it alone."""

    wanted: RRset
    record: Record
    address: IPAddress


class Delete(NamedTuple):
    """Remove one record."""

    wanted: RRset
    record: Record


Change = Put | Create | Replace | Delete


def as_wanted(wanted: RRset, record: Record) -> bool:
    """Is all as wanted about this record, except perhaps its address?

    What is not wanted (no TTL, no option) is left as it is; a TTL that the provider does not tell
    (None) cannot be wrong.
    """
    return (wanted.ttl is None or record.ttl is None or wanted.ttl == record.ttl) and all(
        record.options.get(name) == value for name, value in wanted.options.items()
    )


def satisfied(wanted: RRset, present: Collection[Record]) -> bool:
    """True if `present` holds each wanted address once, as wanted, and nothing else."""
    return (
        len(present) == len(wanted.addresses)
        and {record.address for record in present} == wanted.addresses
        and all(as_wanted(wanted, record) for record in present)
    )


def beside_others(
    wanted: RRset, old: frozenset[IPAddress], present: Collection[Record]
) -> tuple[RRset, RRset, tuple[Record, ...]]:
    """Where others keep addresses at the same name: our part, the whole RRset, and our records.

    `wanted` holds our addresses and `old` those that we put there before and do not want any more; all
    others stay.  An RRset has one TTL (RFC 2181, 5.2): where others are, ours is the one that stands
    there, the least if a provider lets records differ, so that no two agents set it in turn.
    """
    ours = wanted.addresses | old
    if wanted.ttl is not None and any(record.address not in ours for record in present):
        ttls = [record.ttl for record in present if record.ttl is not None]
        wanted = replace(wanted, ttl=min(ttls, default=wanted.ttl))
    stays = frozenset(record.address for record in present) - old
    whole = replace(wanted, addresses=wanted.addresses | stays)
    return wanted, whole, tuple(record for record in present if record.address in ours)


def by_rrset(wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
    """For APIs that set a whole RRset at once."""
    return () if satisfied(wanted, present) else (Put(wanted),)


def by_record(wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
    """For APIs that touch one record at a time: the fewest changes, in the safest order.

    Stale records are recycled before anything is created, and deletions come last,
    so a name that resolves keeps resolving after every single step.
    """
    kept: dict[IPAddress, Record] = {}
    spare: list[Record] = []
    for record in sorted(present, key=lambda record: (not as_wanted(wanted, record), record.id)):
        if record.address in wanted.addresses and record.address not in kept:
            kept[record.address] = record
        else:
            spare.append(record)
    missing = in_order(wanted.addresses - kept.keys())
    return (
        *(Replace(wanted, r, r.address) for r in kept.values() if not as_wanted(wanted, r)),
        *(Replace(wanted, r, a) for r, a in zip(spare, missing, strict=False)),
        *(Create(wanted, a) for a in missing[len(spare) :]),
        *(Delete(wanted, r) for r in spare[len(missing) :]),
    )
