"""A hint: somebody says that an address may have changed.  Never proof; the sources are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .dns import IPAddress


class Hint(NamedTuple):
    """What a listener heard."""

    # Who told: "nat-pmp", "pcp", "upnp", "tripwire", "stun", "system", "neighbour", "resume", "ears",
    # "health", "hand".
    origin: str
    says: str  # in plain words, for the log: "the gateway announces 203.0.113.7"
    uplink: str | None = None  # the line it is about; None: any of them
    address: IPAddress | None = None  # the address it names, if it names one


HAND = "hand"  # the origin of a hint that a person gave; the state may have changed, too
HEALTH = "health"  # ... that a line is up or down: our own finding, and never said twice in a hurry
OURS = frozenset({HAND, HEALTH})  # origins that nobody else can abuse

Tell = Callable[[Hint], None]
