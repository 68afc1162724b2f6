"""From what was observed to what is wanted.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, IPv6Network
from types import MappingProxyType
from typing import NamedTuple

from .dns import NO_OPTIONS, IPAddress, RRset, RRType
from .host import HostId, Neighbour, derive
from .neighbours import NeighbourAddress, choose
from .observation import Absent, Observation, Seen, Unseen
from .schedule import Target


class Rule(NamedTuple):
    """One target of the configuration: where its address comes from, and how it shall stand in DNS."""

    target: Target
    uplinks: tuple[str, ...]
    policy: str = "failover"  # or "all"
    ttl: int | None = None  # seconds
    host: HostId | None = None
    options: Mapping[str, object] = NO_OPTIONS
    written: bool = True  # did the person name the type, or is it there by default?
    share: bool = False  # do others keep addresses of theirs at the same name?
    beside: frozenset[RRType] = frozenset()  # other types of the name, without which this one may go
    gone: bool = False  # is it in the configuration no more, and what is ours to be taken away?


class Withdrawn(NamedTuple):
    """The lines that have this family are down, and the name stands without it.

    Whoever put an address of it there may take it away; to nobody else does this say anything.
    """

    rrset: RRset  # empty
    why: str


Wish = RRset | Unseen | Absent | Withdrawn
Sights = Mapping[tuple[str, RRType], Observation]
ALL_UP: Mapping[str, bool] = MappingProxyType({})


def wish(
    rule: Rule,
    sights: Sights,
    health: Mapping[str, bool] = ALL_UP,
    neighbours: Sequence[NeighbourAddress] | Unseen = (),
    held: frozenset[IPAddress] = frozenset(),
) -> Wish:
    """What the target shall be, or why nobody can say.

    `failover`: the first uplink whose address is known.  `all`: the addresses of all uplinks, and
    nothing as long as one of them is unknown, since its address must not be withdrawn by mistake.

    Uplinks that are down by `health` are left out, whatever they see; one that it does not name is up.
    The only uplink of a rule is never left out, and the last address of a name is never withdrawn.

    For the address of a neighbour, `neighbours` is the table and `held` what was wanted last.
    """
    rrtype = rule.target.rrtype
    if rule.gone:
        return RRset(rule.target.owner, rrtype, frozenset(), None)
    down = _down(rule, health)
    lines = [uplink for uplink in rule.uplinks if uplink not in down]
    seen = [(uplink, sights[uplink, rrtype]) for uplink in lines if (uplink, rrtype) in sights]
    known = [observation for _, observation in seen if isinstance(observation, Seen)]
    used = known if rule.policy == "all" else known[:1]
    addresses = frozenset(address for observation in used for address in observation.addresses)
    hosted = _hosted(rule, addresses, neighbours, held)
    if isinstance(hosted, Unseen):
        return hosted
    wanted = RRset(rule.target.owner, rrtype, hosted, rule.ttl, rule.options)
    if known and (rule.policy != "all" or len(known) == len(seen)) and (addresses or not down):
        return wanted
    several = len(seen) + len(down) > 1
    said = [_why(uplink, o, several=several) for uplink, o in seen if not isinstance(o, Seen)]
    said += [f"{uplink}: its probes say that it is down" for uplink in down]
    nowhere = all(isinstance(observation, Absent) for _, observation in seen)
    if down and nowhere and _stands(rule, lines, sights):
        return Withdrawn(wanted, "; ".join(said))
    if seen and nowhere and not down and not rule.written:
        return Absent(f"this machine has no {'IPv6' if rrtype is RRType.AAAA else 'IPv4'}")
    return Unseen("; ".join(said) or f"no uplink looks for {rrtype} addresses")


def needed(rule: Rule, health: Mapping[str, bool] = ALL_UP) -> list[tuple[str, RRType]]:
    """What must have been looked for, where anybody looks for it, before `wish` can be asked.

    A line that is down is not waited for: every source behind it would take its whole deadline.
    """
    down = _down(rule, health)
    types = {rule.target.rrtype} | (rule.beside if down else frozenset())
    return [(uplink, rrtype) for uplink in rule.uplinks if uplink not in down for rrtype in sorted(types)]


def _down(rule: Rule, health: Mapping[str, bool]) -> list[str]:
    if len(rule.uplinks) < 2:
        return []
    return [uplink for uplink in rule.uplinks if not health.get(uplink, True)]


def _stands(rule: Rule, lines: list[str], sights: Sights) -> bool:
    """Has the name an address of another type on a line that is up?"""
    others = (sights.get((uplink, rrtype)) for uplink in lines for rrtype in rule.beside)
    return any(isinstance(other, Seen) and other.addresses for other in others)


def _hosted(
    rule: Rule,
    addresses: frozenset[IPAddress],
    neighbours: Sequence[NeighbourAddress] | Unseen,
    held: frozenset[IPAddress],
) -> frozenset[IPAddress] | Unseen:
    host = rule.host
    if host is None or rule.target.rrtype is RRType.A:
        return addresses
    near = [address for address in addresses if isinstance(address, IPv6Address)]
    if not isinstance(host, Neighbour):
        return frozenset(derive(host, address) for address in near)
    if isinstance(neighbours, Unseen):
        return neighbours if near else addresses
    found = {address: choose(host, address, neighbours, held) for address in near}
    for address, chosen in found.items():
        if chosen is None:
            network = IPv6Network((address, host.prefix_length), strict=False)
            return Unseen(f"no machine {host.mac} is to be found in {network}; is it switched on?")
    return frozenset(chosen for chosen in found.values() if chosen is not None)


def _why(uplink: str, observation: Unseen | Absent, *, several: bool) -> str:
    return f"{uplink}: {observation.why}" if several else observation.why
