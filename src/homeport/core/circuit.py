"""When a whole account, or a whole service, is left alone, and until when.  Pure: time comes in.

Beside the memory of each target (`core.schedule`) stands one of each account and of each service, so
that neither a second name, nor a second account, nor another start of the program tries again what was
refused:

    refused as a whole (credentials)   the account   until its settings change, or a person asks
    blocked for abuse                  the service   1, 2, 4, 8, 16, 32 days; all accounts there
    refused as a whole, without why    the account   15 minutes, then 6 hours, then as above
    asked for patience                 the account   as long as it asked for, up to a day
    the same, by address               the service   the same, for all accounts there

An account is known by the fingerprint of its kind and settings, so that another name in the
configuration makes no other account of it; a service, by the name of its host.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import inf
from typing import NamedTuple

from .errors import Blocked, Doubted, NotSent, ProviderError, Reaction, Throttled, ThrottledAddress
from .schedule import DAY, HOUR, LEEWAY, LONGEST_WAIT, MINUTE, WAITS

LONGEST_BLOCK = 32 * DAY
FORGIVEN = 90 * DAY  # after the end of a block, the next one is the first again
CALMED = 6 * HOUR  # after the end of a wait, the next one is the first again
DOUBTS = (15 * MINUTE, 6 * HOUR)  # after a "no" without a reason; after the next one, a stop
KEPT = 90 * DAY  # how long something is known of accounts that the configuration does not have


class Kind(StrEnum):
    """What is in force; the words are those of `status --json`."""

    STOP = "stopped"
    BLOCK = "blocked"
    WAIT = "waiting"
    DOUBT = "doubted"  # what was refused may be right


class Scope(StrEnum):
    """Who is left alone."""

    ACCOUNT = "account"
    HOST = "host"


class Key(NamedTuple):
    """Whose circuit it is: `who` is the fingerprint of an account, or the name of a host."""

    scope: Scope
    who: str


class Party(NamedTuple):
    """One account of the configuration, as far as circuits know accounts."""

    name: str
    fingerprint: str
    host: str

    @property
    def keys(self) -> tuple[Key, Key]:
        return Key(Scope.ACCOUNT, self.fingerprint), Key(Scope.HOST, self.host)


class Trip(NamedTuple):
    """Why, since when and for how long somebody is left alone."""

    kind: Kind
    account: str  # its name in the configuration when it was last there; of a host, who was blocked
    why: str
    since: float
    span: float | None = None  # seconds; None: until the settings change
    strikes: int = 1  # in a row
    behind: float | None = None  # what the clock said when it was first found to be before `since`
    lifted: bool = False  # by a person; the strikes are remembered


Circuits = Mapping[Key, Trip]


def scope(error: ProviderError) -> Scope | None:
    """Whom an error concerns as a whole; None: only the name that was asked for."""
    if isinstance(error, NotSent):
        return None  # that was us
    if isinstance(error, Blocked | ThrottledAddress):
        return Scope.HOST
    if error.whole_account or isinstance(error, Throttled):
        return Scope.ACCOUNT
    return None


def tripped(old: Trip | None, error: ProviderError, account: str, now: float) -> Trip:
    """After an error that concerns somebody as a whole.

    What was under way at the same time, and meets the same block, is no second offence.
    """
    if isinstance(error, Blocked):
        if old is not None and old.kind is Kind.BLOCK and left(old, now) > 0:
            return old
        strikes = _strikes(old, Kind.BLOCK, now, FORGIVEN)
        span = min(DAY * 2.0 ** min(strikes - 1, 30), LONGEST_BLOCK)
        return Trip(Kind.BLOCK, account, str(error), now, span, strikes)
    if isinstance(error, Doubted):
        if old is not None and left(old, now) > 0:
            return old
        strikes = _strikes(old, Kind.DOUBT, now, inf)
        if strikes <= len(DOUBTS):
            return Trip(Kind.DOUBT, account, str(error), now, DOUBTS[strikes - 1], strikes)
        return Trip(Kind.STOP, account, str(error), now, None, strikes)
    if isinstance(error, Throttled):
        if old is not None and old.kind is not Kind.WAIT and left(old, now) > 0:
            return old
        strikes = _strikes(old, Kind.WAIT, now, CALMED)
        waits = WAITS[Reaction.BACK_OFF]
        asked = waits[min(strikes, len(waits)) - 1] if error.retry_after is None else error.retry_after
        span = max(min(asked, LONGEST_WAIT), 0.0 if old is None else min(left(old, now), LONGEST_WAIT))
        return Trip(Kind.WAIT, account, str(error), now, span, strikes)
    return Trip(Kind.STOP, account, str(error), now, None, _strikes(old, Kind.STOP, now, inf))


def _strikes(old: Trip | None, kind: Kind, now: float, forgiven: float) -> int:
    """Which one in a row it is.  Where the clock was set back, nobody knows how long ago the last was."""
    if old is None or old.kind is not kind:
        return 1
    return old.strikes + 1 if now - old.since - (old.span or 0.0) < forgiven else 1


def cleared(trip: Trip | None) -> bool:
    """Is there nothing left of it once the account was obeyed?"""
    return trip is not None and trip.kind is Kind.DOUBT


def left(trip: Trip, now: float) -> float:
    """Seconds until it is over by itself: 0 if it is, infinite if it never will be."""
    if trip.lifted:
        return 0.0
    if trip.span is None:
        return inf
    if now >= trip.since - LEEWAY:
        return max(0.0, trip.since + trip.span - now)
    if trip.behind is None or now < trip.behind:
        return trip.span
    return max(0.0, trip.behind + trip.span - now)


def noticed(trip: Trip, now: float) -> Trip:
    """The same, with what the clock says kept in mind if it is before the beginning.

    Then it was wrong at the beginning, or is wrong now.  Nobody knows which, so the time runs once more;
    if it is right again before that, the beginning counts as it did.
    """
    if now >= trip.since - LEEWAY or (trip.behind is not None and now >= trip.behind):
        return trip
    return trip._replace(behind=now)


def shifted(trip: Trip, seconds: float) -> Trip:
    """The same, after the clock was moved while somebody watched: what was left is left."""
    behind = None if trip.behind is None else trip.behind + seconds
    return trip._replace(since=trip.since + seconds, behind=behind)


def lift(trip: Trip) -> Trip:
    """As a person asks for.  Who is blocked again after that is not blocked for the first time."""
    return trip._replace(lifted=True)


def applying(circuits: Circuits, one: Party, now: float) -> Iterator[tuple[Key, Trip]]:
    """What holds an account back now.

    A wait holds by the account's name, too: changing a setting is no patience.
    """
    for key, trip in circuits.items():
        named = key.scope is Scope.ACCOUNT and trip.kind is Kind.WAIT and trip.account == one.name
        if (key in one.keys or named) and left(trip, now) > 0:
            yield key, trip


def hold(circuits: Circuits, one: Party, now: float) -> tuple[Key, Trip] | None:
    """What holds an account back the longest; None if it may be asked."""
    return max(applying(circuits, one, now), key=lambda found: left(found[1], now), default=None)


def says(key: Key, trip: Trip, now: float) -> str:
    """Why something is held back, for a person."""
    return f"{_held(key, trip, now)}: {trip.why}"


def _held(key: Key, trip: Trip, now: float) -> str:
    whom = f"account {trip.account}" if key.scope is Scope.ACCOUNT else f"every account at {key.who}"
    if trip.kind is Kind.STOP:
        return f"{whom} is stopped until its settings change, or `homeport retry`"
    if trip.kind is Kind.BLOCK:
        return f"{whom} is left alone for {span(left(trip, now))} more, or until `homeport retry`"
    why = ", since it is not known what was refused" if trip.kind is Kind.DOUBT else ""
    return f"{whom} is waiting {span(left(trip, now))}{why}"


def lifts(key: Key, trip: Trip) -> str:
    """What ends it, for a person."""
    if trip.kind is Kind.STOP:
        return f"another setting of account {trip.account}, such as a new credential; or `homeport retry`"
    if trip.kind is Kind.DOUBT:
        return f"the time; a new credential or another setting of account {trip.account}; `homeport retry`"
    if trip.kind is Kind.BLOCK:
        return f"the time; or, once {key.who} has unblocked you, `homeport retry`"
    return "the time, or `homeport retry`"


def due(circuits: Circuits, now: float) -> float | None:
    """Seconds until the next one is over by itself; None: none will be."""
    ends = [seconds for trip in circuits.values() if 0 < (seconds := left(trip, now)) < inf]
    return min(ends, default=None)


def kept_up(circuits: Circuits, parties: Mapping[str, Party], now: float) -> dict[Key, Trip | None]:
    """What must be written anew, since the configuration or the clock has changed; None: forgotten.

    An account that has another name now is shown by that; one whose settings have changed is shown no
    more, but should its old settings come back, so does its stop.
    """
    names = {one.fingerprint: one.name for one in parties.values()}
    found: dict[Key, Trip | None] = {}
    for key, trip in circuits.items():
        new: Trip | None = noticed(trip, now)
        if key.scope is Scope.ACCOUNT:
            gone = "" if trip.kind in (Kind.STOP, Kind.DOUBT) else trip.account
            new = noticed(trip, now)._replace(account=names.get(key.who, gone))
        over = left(trip, now) == 0 or (key.scope is Scope.ACCOUNT and key.who not in names)
        if over and now - trip.since - (trip.span or 0.0) > KEPT:
            new = None
        if new != trip:
            found[key] = new
    return found


def span(seconds: float) -> str:
    """A length of time, for a person."""
    for unit, size in (("days", DAY), ("h", HOUR), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
