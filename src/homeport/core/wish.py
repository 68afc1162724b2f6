"""From what was observed to what is wanted.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import NamedTuple

from .dns import NO_OPTIONS, IPAddress, RRset, RRType
from .host import HostId, derive
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


Wish = RRset | Unseen | Absent


def wish(rule: Rule, sights: Mapping[tuple[str, RRType], Observation]) -> Wish:
    """What the target shall be, or why nobody can say.

    `failover`: the first uplink whose address is known.  `all`: the addresses of all uplinks, and
    nothing as long as one of them is unknown, since its address must not be withdrawn by mistake.
    """
    rrtype = rule.target.rrtype
    seen = [(uplink, sights[uplink, rrtype]) for uplink in rule.uplinks if (uplink, rrtype) in sights]
    known = [observation for _, observation in seen if isinstance(observation, Seen)]
    if not known or (rule.policy == "all" and len(known) < len(seen)):
        if not known and seen and all(isinstance(o, Absent) for _, o in seen) and not rule.written:
            return Absent(f"this machine has no {'IPv6' if rrtype is RRType.AAAA else 'IPv4'}")
        said = [_why(uplink, o, several=len(seen) > 1) for uplink, o in seen if not isinstance(o, Seen)]
        return Unseen("; ".join(said) or f"no uplink looks for {rrtype} addresses")
    used = known if rule.policy == "all" else known[:1]
    addresses = frozenset(address for observation in used for address in observation.addresses)
    return RRset(rule.target.owner, rrtype, _hosted(rule, addresses), rule.ttl, rule.options)


def _hosted(rule: Rule, addresses: frozenset[IPAddress]) -> frozenset[IPAddress]:
    if rule.host is None or rule.target.rrtype is RRType.A:
        return addresses
    return frozenset(derive(rule.host, a) for a in addresses if isinstance(a, IPv6Address))


def _why(uplink: str, observation: Unseen | Absent, *, several: bool) -> str:
    return f"{uplink}: {observation.why}" if several else observation.why
