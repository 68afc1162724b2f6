"""What the agent knows of its lines: which addresses it believes in, and who told of a change.

A line is one uplink in one family.  Hints come in here; those that say nothing new are dropped, and
those that keep coming for nothing are listened to ever more seldom, so that no listener, and nobody who
deceives one, can make the agent bother the services it asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from ..core import rhythm
from ..core.dns import IPAddress, RRType
from ..core.hint import Hint
from ..core.observation import Seen, Unseen
from ..core.report import Sight
from ..core.rhythm import Sighting
from ..state.store import Store

CHASE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds until the next look for what a hint has promised
CALM = (0.0, 0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 60.0)  # seconds between two looks after so many vain ones
FORGIVEN = 900.0  # seconds without a look for nothing, after which a hint is trusted again

OUTSIDE = frozenset({"http", "dns", "stun"})  # words of sources that ask somebody on the Internet
DAYS_COUNTED = 7

Line = tuple[str, RRType]


class Rhythm(NamedTuple):
    """How often a line is looked at, and why."""

    trust: rhythm.Trust
    window: rhythm.Window | None

    @classmethod
    def of(cls, sightings: Sequence[Sighting], *, listening: bool) -> Rhythm:
        trust = rhythm.trust(sightings) if listening else rhythm.NO_TRUST
        return cls(trust, rhythm.reconnect(sightings))

    def interval(self, base: float, at: float, chance: float) -> float:
        return rhythm.interval(base, self.trust, self.window, at, jitter=chance)


class Lines:
    """`listening` says whether anybody is there to be told.

    Times are seconds of the clock that never jumps; `at` are seconds since 1970, UTC.
    """

    def __init__(self, store: Store, *, listening: bool) -> None:
        self._store, self._listening = store, listening
        self._sightings = store.sightings()
        self._believed: dict[Line, frozenset[IPAddress]] = {
            line: frozenset(map(ip_address, some[-1].addresses)) for line, some in self._sightings.items()
        }
        self._seen: set[Line] = set()  # in this run
        self._verdicts = store.verdicts()
        self._vain = 0  # looks in a row that found nothing new
        self._looked = 0.0  # when a hint last made the agent look
        self._promises: dict[Hint, int] = {}  # what is still to be seen, and how often it was looked for

    def believed(self, line: Line) -> frozenset[IPAddress] | None:
        return self._believed.get(line)

    def news(self, hints: Collection[Hint]) -> list[Hint]:
        """Those that may tell something new: not of an address that is believed in already."""
        return [hint for hint in hints if hint.address is None or not self._holds(hint)]

    def calm(self, now: float) -> float:
        """Seconds until a hint may make the agent look again."""
        if now - self._looked > FORGIVEN:
            self._vain = 0
        return max(0.0, self._looked + CALM[min(self._vain, len(CALM) - 1)] - now)

    def looked(self, hints: Sequence[Hint], sights: Mapping[Line, Sight], now: float, at: float) -> None:
        """Keep what a round saw."""
        changed = False
        for line, sight in sights.items():
            if isinstance(sight.observation, Seen):
                changed |= self._sighted(line, sight.observation.addresses, hints, at)
        if hints:
            self._vain = self._vain + 1
        if hints or self._promises:
            self._looked = now
        if changed:
            self._vain = 0
        self._count(sights, at)
        if self._listening:
            self._judge(sights, at)
        blind = any(isinstance(sight.observation, Unseen) for sight in sights.values())
        known = self._promises if not hints else dict.fromkeys(hints, -1)
        self._promises = {
            hint: tries + 1
            for hint, tries in known.items()
            if tries + 1 < len(CHASE) and (not self._holds(hint) if hint.address else blind)
        }

    def _sighted(
        self, line: Line, addresses: frozenset[IPAddress], hints: Sequence[Hint], at: float
    ) -> bool:
        """Keep the addresses; are they others than before?"""
        before, first = self._believed.get(line), line not in self._seen
        self._seen.add(line)
        if before == addresses:
            return False
        about = [hint for hint in (*hints, *self._promises) if hint.uplink in (None, line[0])]
        told = min(about, key=lambda hint: hint.origin not in rhythm.TELLERS, default=None)
        listening = self._listening and not first
        one = Sighting.of(at, addresses, told and told.origin, listening=listening)
        self._believed[line] = addresses
        self._sightings.setdefault(line, []).append(one)
        del self._sightings[line][: -rhythm.KEEP]
        self._store.sighted(*line, one, keep=rhythm.KEEP)
        return before is not None

    def _count(self, sights: Mapping[Line, Sight], at: float) -> None:
        """Keep how often each service outside was asked."""
        asked = [label for sight in sights.values() for label in sight.asked]
        times = {label: asked.count(label) for label in asked if label.partition(":")[0] in OUTSIDE}
        if times:
            self._store.count(int(at // rhythm.DAY), times, keep=DAYS_COUNTED)

    def _judge(self, sights: Mapping[Line, Sight], at: float) -> None:
        """Keep, for `homeport status`, what is the matter with each line of which enough was seen."""
        from ..core.verdict import verdict  # noqa: PLC0415 - `run --once` has nobody who reads it

        for line, sight in sights.items():
            observation = sight.observation
            if isinstance(observation, Unseen) or (
                isinstance(observation, Seen) and len(sight.readings) > 1
            ):
                found = verdict(sight.readings, self._sightings.get(line, ()), now=at)
                if self._verdicts.get(line) != found:
                    self._verdicts[line] = found
                    self._store.judged(*line, found)

    def interval(self, base: float, at: float, chance: float) -> float:
        """Seconds until the next look that nobody asks for: of the line that wants it soonest."""
        unseen = rhythm.interval(base, rhythm.NO_TRUST, None, at, jitter=chance)
        return min((self.rhythm(line).interval(base, at, chance) for line in self._seen), default=unseen)

    def rhythm(self, line: Line) -> Rhythm:
        return Rhythm.of(self._sightings.get(line, ()), listening=self._listening)

    @property
    def chasing(self) -> bool:
        """Is something promised that was not seen yet?"""
        return bool(self._promises)

    def chase(self, now: float) -> float | None:
        """Seconds until a look for what was promised and not yet seen; None: nothing is."""
        soonest = min((CHASE[tries] for tries in self._promises.values()), default=None)
        return None if soonest is None else max(soonest, self.calm(now))

    def _holds(self, hint: Hint) -> bool:
        return any(
            hint.address in addresses
            for (uplink, _), addresses in self._believed.items()
            if hint.uplink in (None, uplink)
        )
