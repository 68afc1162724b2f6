"""What `homeport status` and `homeport retry` say of accounts and services that are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..agent.guard import source_key
from ..config.model import Config
from ..core import budget, circuit
from ..core.budget import Budget, Spent
from ..core.circuit import Circuits, Key, Kind, Scope, Trip
from .lines import iso
from .term import paint


class Silence(NamedTuple):
    """Somebody who is left alone now."""

    key: Key
    trip: Trip

    @property
    def name(self) -> str:
        """A fingerprint tells nobody anything."""
        return f"account {self.trip.account}" if self.key.scope is Scope.ACCOUNT else f"host {self.key.who}"

    @property
    def stops(self) -> bool:
        """Is it more than a wait that is over soon?"""
        return self.trip.kind not in (Kind.WAIT, Kind.DOUBT)

    def as_json(self, now: float) -> dict[str, object]:
        trip, left = self.trip, circuit.left(self.trip, now)
        return {
            "scope": self.key.scope.value,
            "name": trip.account if self.key.scope is Scope.ACCOUNT else self.key.who,
            "state": trip.kind.value,
            "account": trip.account,
            "why": trip.why,
            "since": iso(trip.since),
            "until": None if trip.span is None else iso(now + left),
            "times": trip.strikes,
            "lifted_by": circuit.lifts(self.key, trip),
        }

    def text(self, now: float) -> str:
        trip = self.trip
        ends = "" if trip.span is None else f" until {iso(now + circuit.left(trip, now))}"
        again = f" ({trip.strikes} times in a row)" if trip.strikes > 1 else ""
        said = f"{self.name}: {trip.kind.value} since {iso(trip.since)}{ends}{again}: {trip.why}"
        colour = "red" if self.stops else "yellow"
        return f"{paint(said, colour)}\n  what lifts it: {circuit.lifts(self.key, trip)}"


def silences(config: Config, circuits: Circuits, now: float) -> dict[str, list[Silence]]:
    """By account of the configuration: what holds it back.

    Fingerprints cannot be had here, where no secret is read; the agent keeps the names up to date.
    """
    found: dict[str, list[Silence]] = {}
    for name, account in config.accounts.items():
        host = account.provider.host()
        found[name] = [
            Silence(key, trip)
            for key, trip in sorted(circuits.items())
            if (key.who == host if key.scope is Scope.HOST else trip.account == name)
            and circuit.left(trip, now) > 0
        ]
    return found


def silences_text(found: Iterable[Iterable[Silence]], now: float) -> list[str]:
    """Each once, however many accounts it holds back."""
    return [one.text(now) for one in dict.fromkeys(one for some in found for one in some)]


def lifted_text(one: Silence) -> str:
    trip = one.trip
    return f"{one.name}: free to be asked again (was {trip.kind.value} since {iso(trip.since)}: {trip.why})"


def use_json(spent: Spent, limit: Budget | None, now: float) -> dict[str, object] | None:
    """How much of a budget is used; None where there is none."""
    if limit is None:
        return None
    wait = budget.wait(spent, limit, now)
    return {
        "requests": limit.requests,
        "seconds": limit.seconds,
        "used": budget.used(spent, limit, now),
        "free_at": iso(now + wait) if wait else None,
    }


def services_json(config: Config, spent: Mapping[str, Spent], now: float) -> dict[str, object]:
    """The same of the services that tell addresses, by name."""
    limits = {
        source_key(source): source.limit
        for uplink in config.uplinks.values()
        for sources in uplink.sources.values()
        for source in sources
        if source.limit is not None
    }
    return {
        key.removeprefix("source "): use_json(spent.get(key, ()), limit, now)
        for key, limit in sorted(limits.items())
    }
