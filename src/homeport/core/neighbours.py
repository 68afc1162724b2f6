"""Which of its addresses a neighbour shall be found at, by what the neighbour table has of it.  Pure.

A machine has many IPv6 addresses: one made of its MAC address (RFC 4291, appendix A), or a random one
that stays (RFC 7217), and temporary ones of which there is a new one every day (RFC 8981).  The table
does not say which is which, and forgets who is silent.  So the one made of the MAC address goes first,
since it stays; after it the one that is already published, as long as the table has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv6Address
from typing import NamedTuple

from .dns import IPAddress
from .host import Mac, Neighbour, derive

MOST = 16  # addresses of one neighbour that are asked for at a time


class NeighbourAddress(NamedTuple):
    """One entry of this machine's neighbour table (RFC 4861, 5.1) that is not known to be silent."""

    interface: str
    address: IPAddress
    mac: bytes  # six octets
    confirmed: bool = False  # reachable: it has answered within the last half minute or so


def choose(
    host: Neighbour,
    near: IPv6Address,
    table: Iterable[NeighbourAddress],
    held: Collection[IPAddress] = (),
) -> IPv6Address | None:
    """The address of `host` in the network of `near`; None if that cannot be told now.

    `held` is what was wanted last.  Another address takes its place only if the neighbour has just
    answered there: one that merely sleeps has not moved.
    """
    known = _known(host, near, table)
    stable = [address for address in sorted(known) if _made_of(host.mac, address)]
    kept = [address for address in sorted(known) if address in held]
    confirmed = [address for address in sorted(known) if known[address]]
    best = [
        *(address for address in stable if address in kept or address in confirmed),
        *kept,
        *confirmed,
    ]
    if not best and not any(host.covers(near, address) for address in held):
        best = [*stable, *sorted(known)]
    return best[0] if best else None


def candidates(
    host: Neighbour,
    near: IPv6Address,
    table: Iterable[NeighbourAddress],
    held: Collection[IPAddress] = (),
) -> list[IPv6Address]:
    """Where the neighbour may be, to be asked for so that the table has it, the likeliest first."""
    known = _known(host, near, table)
    last = [address for address in held if isinstance(address, IPv6Address)]
    here = [address for address in last if host.covers(near, address)]
    found: Sequence[IPv6Address] = [
        *sorted(here),
        *sorted(known),
        derive(host.mac, near),
        *(_moved(address, near) for address in sorted(last)),  # it may have kept its identifier
    ]
    return list(dict.fromkeys(found))[:MOST]


def _known(
    host: Neighbour, near: IPv6Address, table: Iterable[NeighbourAddress]
) -> dict[IPv6Address, bool]:
    """Its addresses in that network, and which of them are confirmed."""
    return {
        entry.address: entry.confirmed
        for entry in table
        if entry.mac == host.mac.octets
        and isinstance(entry.address, IPv6Address)
        and host.covers(near, entry.address)
    }


def _made_of(mac: Mac, address: IPv6Address) -> bool:
    return derive(mac, address) == address


def _moved(address: IPv6Address, near: IPv6Address) -> IPv6Address:
    """The same interface identifier in the /64 of `near`."""
    identifier = (1 << 64) - 1
    return IPv6Address(int(near) & ~identifier | int(address) & identifier)
