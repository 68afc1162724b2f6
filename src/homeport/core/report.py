"""What a round found and did: one value, of which logs, status, history and JSON are views.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from .dns import IPAddress, RRType, in_order
from .hint import Hint
from .observation import Observation, Reading
from .schedule import Target


class Outcome(StrEnum):
    """What became of one target in one round."""

    UPDATED = "updated"  # the provider acknowledged a change
    UNCHANGED = "unchanged"  # all was well, nothing was sent
    FAILED = "failed"  # an attempt failed; it will be repeated, or is stopped from now on
    HELD = "held"  # a stop or a wait is in force; nothing was sent
    UNKNOWN = "unknown"  # the address is not known; what is published stays

    @property
    def right(self) -> bool:
        return self in (Outcome.UPDATED, Outcome.UNCHANGED)


class TargetReport(NamedTuple):
    """One target in one round.  `wanted` and `live` are None where nobody knows."""

    target: Target
    outcome: Outcome
    wanted: frozenset[IPAddress] | None = None
    live: frozenset[IPAddress] | None = None
    before: frozenset[IPAddress] | None = None  # what was live before an update
    error: str | None = None
    why: str | None = None  # why something was sent although the address is the old one
    veiled: bool = False  # name servers show other addresses (a proxy's), so there is nothing to prove
    shared: bool = False  # others keep addresses at the same name
    unreached: bool = False  # it failed because nothing arrived at the provider

    def as_json(self, trace: str) -> dict[str, object]:
        """The line of `run --json`; its words are a contract."""
        return {
            "name": self.target.owner.text,
            "type": self.target.rrtype.value,
            "account": self.target.account,
            "wanted": texts(self.wanted),
            "live": texts(self.live),
            "outcome": self.outcome.value,
            "error": self.error,
            "trace": trace,
        }


class Sight(NamedTuple):
    """What one uplink saw of one family, and everything that its sources said."""

    observation: Observation
    readings: tuple[Reading, ...]
    asked: tuple[str, ...] = ()  # labels of all sources that were asked, in time or not


class Report(NamedTuple):
    """All there is to know after a round."""

    at: float  # seconds since 1970, UTC
    trace: str
    sights: Mapping[tuple[str, RRType], Sight]  # by uplink and type
    targets: tuple[TargetReport, ...]
    hints: tuple[Hint, ...] = ()  # what made the agent look; none: it was time to

    @property
    def right(self) -> bool:
        return all(target.outcome.right for target in self.targets)


def texts(addresses: frozenset[IPAddress] | None) -> list[str]:
    return [str(address) for address in in_order(addresses or frozenset())]
