"""When to look again.  Pure: time and chance come in as arguments.

Who is told of a change need not ask for it: a line whose changes were announced is looked at seldom,
a line whose changes came unannounced is looked at as the person wrote, and every line is watched
closely around the time of day at which its provider is known to change the address.

Times are seconds since 1970, UTC; a time of day is seconds since midnight, UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple

from .dns import IPAddress, in_order

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# Who tells of a change by themselves.  A person, a probe or a machine that woke up may be followed by
# a change too; that says nothing about who will tell of the next one.
TELLERS: dict[str, str] = {
    "nat-pmp": "the gateway",
    "pcp": "the gateway",
    "upnp": "the gateway",
    "system": "this system",
    "tripwire": "the tripwire at the gateway",
    "stun": "the kept-alive STUN mapping",
}
KEEP = 128  # sightings of one line and type that are worth keeping: four weeks, with some unrest

LAST = 5  # changes that trust looks back at
FORGET = 90 * DAY  # after it, what a line once did says nothing: routers and providers are replaced
STRETCH = 12.0  # times the interval, at full trust: 5 min become an hour
LONGEST = HOUR  # for a lost announcement, an hour of a wrong address is as much as trust may cost
TIGHTEN = 0.5  # times the interval, for a day after a change that nobody told of
LEAST_TIGHT = MINUTE  # some public services allow one question a minute (providers/README.md)
FLOOR = 10.0  # seconds between two looks, unless the person wrote less

WEEKS = 28 * DAY  # so far back, changes teach the time of day
LAPSE = 14 * DAY  # a provider that has not kept its time of day for so long has given it up
BURST = HOUR  # changes that follow each other so closely are one event
NARROW = 10 * MINUTE  # how far from each other's middle the changes of different days may lie
DAYS = 3  # at least so many different days
FADE = 0.5 ** (1 / 3)  # the newest three changes weigh as much as everything before them
MARGIN = 3 * MINUTE  # on both sides of what was learned
NEAR = 20.0  # seconds between looks there: three a minute, which the strictest usual pool allows
NEAR_TRUSTED = MINUTE  # ... and where every change has been told


class Sighting(NamedTuple):
    """A change of the address of one (uplink, type), as it was found.

    The first look of all is one too (it is where the changes begin), with `listening` false.
    """

    at: float  # when it was found
    addresses: tuple[str, ...]  # from then on, sorted
    told: str | None = None  # origin of the hint that came before; None: a poll found it
    listening: bool = True  # was anybody there to be told, all the time since the look before?

    @classmethod
    def of(
        cls, at: float, addresses: Iterable[IPAddress], told: str | None = None, *, listening: bool = True
    ) -> Sighting:
        return cls(at, tuple(map(str, in_order(frozenset(addresses)))), told, listening)


class Trust(NamedTuple):
    """How far the announcements of a line may be relied on."""

    told: int = 0  # of the last changes,
    of: int = 0  # at most `LAST`
    streak: int = 0  # told ones in a row, up to now; 0 if the newest came unannounced
    teller: str = ""  # origin of the newest hint that was followed by a change
    at: float | None = None  # of the newest of these changes

    def level(self, now: float) -> float:
        """From 0 (ask as if nobody told) to 1 (the last `LAST` changes were all told)."""
        fresh = self.at is not None and 0 <= now - self.at <= FORGET
        return self.streak / LAST if fresh else 0.0

    def failed(self, now: float) -> bool:
        """Did a change come unannounced within the last day?"""
        return self.of > 0 and not self.streak and self.at is not None and 0 <= now - self.at <= DAY


NO_TRUST = Trust()  # also while no listener runs: who cannot be told must ask


class Window(NamedTuple):
    """The time of day around which a provider changes the address."""

    middle: float  # time of day
    half: float  # seconds before and after it, the margin included
    days: int  # different days that it was learned from
    last: float  # the newest of these changes

    def opens(self, now: float) -> float | None:
        """Seconds until the next watch begins; 0 while it is on; None if it is over for good.

        It is on from the beginning of the window to its end, or to the day's change, if that was seen.
        """
        if not 0 <= now - self.last <= LAPSE:
            return None
        into = (now - self.middle + self.half) % DAY
        over = into > 2 * self.half or self.last >= now - into
        return DAY - into if over else 0.0


def trust(sightings: Sequence[Sighting]) -> Trust:
    """How many of the last changes were told, and how many in a row until now.

    A change that a poll found although listeners were on ends the row at once: whatever lost that
    announcement (a router that announces by mistake only, a firewall, a changed network) may lose the
    next.  What happened while nobody listened, or after a person's own hint, is no evidence.  Trust
    comes back one change at a time.
    """
    evidence = [
        one
        for one in sorted(sightings, key=lambda one: one.at)
        if one.listening and (one.told is None or one.told in TELLERS)
    ][-LAST:]
    if not evidence:
        return NO_TRUST
    heard = [one.told for one in evidence]
    streak = next((place for place, told in enumerate(reversed(heard)) if told is None), len(heard))
    tellers = [told for told in heard if told is not None]
    return Trust(len(tellers), len(heard), streak, tellers[-1] if tellers else "", evidence[-1].at)


def silent(sightings: Sequence[Sighting]) -> frozenset[str]:
    """Who told of the changes before the newest, could be heard, and told nothing of that: origins.

    Nothing else tells a listener that hangs from one that has nothing to tell.  One that never told a
    change is not among them, nor is it twice in a row for the same silence.
    """
    if not sightings:
        return frozenset()
    *before, newest = sightings
    if newest.told is not None or not newest.listening:
        return frozenset()
    evidence = [one.told for one in before if one.listening and (one.told is None or one.told in TELLERS)]
    told: set[str] = set()
    for origin in reversed(evidence[-LAST:]):
        if origin is None:
            break
        told.add(origin)
    return frozenset(told)


def reconnect(sightings: Sequence[Sighting]) -> Window | None:
    """The time of day at which this line changes its address, if it has one.

    It takes changes on `DAYS` different days that lie closely together on the clock, and these must
    weigh at least as much as all other changes of the last weeks.  The newest weigh most, so that a
    clock that was moved to summer time (an hour of UTC) is followed after three days, and a change
    at another time, a reboot or an outage, spoils nothing.  Changes at random times teach nothing.
    """
    events = _events(sightings)
    if not events:
        return None
    weights = {at: FADE**rank for rank, at in enumerate(reversed(events))}
    anchor = max(events, key=lambda at: (fsum(weights[other] for other in _near(at, events)), at))
    chosen = _near(anchor, events)
    days = {
        round((at - anchor) / DAY) for at in chosen
    }  # from the anchor on, so that midnight cuts no night
    weight = fsum(weights[at] for at in chosen)
    if len(days) < DAYS or 2 * weight < fsum(weights.values()):
        return None
    offset = fsum(_apart(at, anchor) * weights[at] for at in chosen) / weight
    middle = (anchor + offset) % DAY
    spread = max(abs(_apart(at, middle)) for at in chosen)
    return Window(middle, spread + MARGIN, len(days), chosen[-1])


def interval(base: float, trust: Trust, window: Window | None, now: float, *, jitter: float = 0.5) -> float:
    """Seconds until the next look that nobody asks for; `base` is what the person wrote.

    Trust stretches `base` up to `STRETCH` times, but not beyond an hour (or `base`, if that is
    longer); each told change adds a fifth of the way.  For a day after a change that came
    unannounced it is halved, since what lost one announcement often loses the next.  Within the
    window it is `NEAR`, for a line that tells of its changes up to `NEAR_TRUSTED`: a second net is enough
    there.  Nobody sleeps past the beginning of the window, unless that is nearer than `FLOOR`.

    `jitter` in [0, 1) moves the usual looks by up to a twentieth; 0.5 leaves them.
    """
    level = trust.level(now)
    if trust.failed(now):
        usual = min(base, max(TIGHTEN * base, LEAST_TIGHT))
    else:
        usual = max(base, min(base * (1 + (STRETCH - 1) * level), LONGEST))
    usual *= 0.95 + jitter / 10
    opens = window.opens(now) if window is not None else None
    if opens == 0:
        usual = min(usual, NEAR + (NEAR_TRUSTED - NEAR) * level)
    elif opens is not None:
        usual = min(usual, opens)
    return max(usual, min(FLOOR, base))


def words(base: float, trust: Trust, window: Window | None, now: float) -> str:
    """The same for a person, as `status` shows it."""
    return "; ".join(
        [
            _told(trust, now),
            f"a look every {_span(interval(base, trust, None, now))}",
            *_usually(base, trust, window, now),
        ]
    )


def _told(trust: Trust, now: float) -> str:
    if not trust.of or trust.at is None or now - trust.at > FORGET:
        return "no change has been seen lately that somebody could have told of"
    count = f"{trust.told} of the last {trust.of}"
    if not trust.streak:
        return f"the last change came unannounced (told: {count})"
    return f"{TELLERS[trust.teller]} tells of changes ({count})"


def _usually(base: float, trust: Trust, window: Window | None, now: float) -> list[str]:
    opens = window.opens(now) if window is not None else None
    if window is None or opens is None:
        return []
    minutes = round(window.middle / MINUTE) % (24 * 60)
    usually = f"usually reconnects about {minutes // 60:02d}:{minutes % 60:02d} UTC"
    if opens:
        return [usually]
    return [f"{usually}: a look every {_span(interval(base, trust, window, now))} until then"]


def _events(sightings: Sequence[Sighting]) -> list[float]:
    """When something changed in the last weeks, oldest first; a burst counts once, when it began."""
    times = sorted(one.at for one in sightings if one.listening)
    events: list[float] = []
    before = None
    for at in times:
        if at >= times[-1] - WEEKS and (before is None or at - before > BURST):
            events.append(at)
        before = at
    return events


def _near(anchor: float, events: Sequence[float]) -> list[float]:
    return [at for at in events if abs(_apart(at, anchor)) <= NARROW]


def _apart(one: float, other: float) -> float:
    """Seconds on the clock from `other` to `one`, the shorter way round."""
    return (one - other + DAY / 2) % DAY - DAY / 2


def _span(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.2g} min"
    return f"{seconds / HOUR:.2g} h"
