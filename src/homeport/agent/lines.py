"""What the agent knows of its lines: which addresses it believes in, and who told of a change.

A line is one uplink in one family.  Hints come in here; those that say nothing new are dropped, and
those that keep coming for nothing are listened to ever more seldom, so that no listener, and nobody who
deceives one, can make the agent bother the services it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from ..core import rhythm
from ..core.dns import IPAddress, RRType
from ..core.hint import OURS, Hint
from ..core.observation import Seen, Unseen
from ..core.report import Sight
from ..core.rhythm import Sighting
from ..state.store import Store
from .hearing import Hearing, Missed, never_mind

CHASE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds until the next look for what a hint has promised
CALM = (0.0, 0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 60.0)  # seconds between two looks after so many vain ones
FORGIVEN = 900.0  # seconds without a look for nothing, after which a teller is trusted again
PROMISES = 64  # the newest that are kept in mind

OUTSIDE = frozenset({"http", "dns", "stun"})  # words of sources that ask somebody on the Internet
DAYS_COUNTED = 7
KEPT = 400 * rhythm.DAY  # so long, a line that the configuration has lost is remembered

Line = tuple[str, RRType]


class Rhythm(NamedTuple):
    """How often a line is looked at, and why."""

    trust: rhythm.Trust
    window: rhythm.Window | None

    @classmethod
    def of(cls, sightings: Sequence[Sighting], hears: Collection[str], at: float) -> Rhythm:
        """`hears` are the origins that can be heard now: who cannot be told must ask.

        What a clock that was wrong has dated later than `at` teaches nothing.
        """
        past = [one for one in sightings if one.at <= at]
        trust = rhythm.trust(past)
        told = trust.streak and trust.teller not in hears
        return cls(rhythm.NO_TRUST if told else trust, rhythm.reconnect(past))

    def interval(self, base: float, at: float, chance: float) -> float:
        return rhythm.interval(base, self.trust, self.window, at, jitter=chance)


class Lines:
    """`hears` says who can be heard of an uplink at that moment, `fit` whether an address may be published.

    `missed` is told who told nothing of a change that a look found.

    Times are seconds of the clock that never jumps; `at` are seconds since 1970, UTC.
    """

    def __init__(
        self,
        store: Store,
        hears: Hearing,
        fit: Callable[[IPAddress], bool],
        *,
        missed: Missed = never_mind,
    ) -> None:
        self._store, self._hears, self._fit, self._missed = store, hears, fit, missed
        self._sightings = store.sightings()
        self._believed: dict[Line, frozenset[IPAddress]] = {
            line: frozenset(map(ip_address, some[-1].addresses)) for line, some in self._sightings.items()
        }
        self._seen: set[Line] = set()  # in this run
        self._blind: set[Line] = set()  # the last look could not tell
        self._heard: dict[Line, frozenset[str]] = {}  # who could be heard at the last look
        self._verdicts = store.verdicts()
        self._down = store.down()
        self._told_of = store.heard()
        self._vain: dict[str, int] = {}  # by origin: looks in a row that found nothing new
        self._looked: dict[str, float] = {}  # by origin: when it last made the agent look
        self._asked: list[str] = []  # by listeners, since the last look
        self._promises: dict[Hint, int] = {}  # what is still to be seen, and how often it was looked for

    def asked(self, label: str) -> None:
        """A listener has asked a service outside; kept with the next look, to spare the disk."""
        self._asked.append(label)

    def believed(self, line: Line) -> frozenset[IPAddress] | None:
        return self._believed.get(line)

    def news(self, hints: Collection[Hint]) -> list[Hint]:
        """Those that may tell something new: not of an address that is believed in already."""
        return [hint for hint in hints if hint.address is None or not self._holds(hint)]

    def adopt(self, lines: Collection[Line], fit: Callable[[IPAddress], bool], at: float) -> None:
        """From now on the configuration has these lines, and no others.

        What was seen of others stays in the store, for the day they are put back, until it is old.
        """
        self._fit = fit
        kept = self._store.sightings()
        for line in (kept.keys() | self._verdicts.keys()) - set(lines):
            if abs(at - max((one.at for one in kept.get(line, ())), default=0.0)) > KEPT:
                self._store.forget_line(*line)
        for line in kept.keys() & set(lines) - self._sightings.keys():
            self._sightings[line] = kept[line]
            self._believed[line] = frozenset(map(ip_address, kept[line][-1].addresses))
        self._verdicts = self._store.verdicts()
        for table in (self._sightings, self._verdicts, self._believed, self._heard):
            for line in table.keys() - set(lines):
                del table[line]
        self._seen.intersection_update(lines)
        self._blind.intersection_update(lines)

    def calm(self, hints: Iterable[Hint], now: float) -> float:
        """Seconds until one of these may make the agent look.

        Each origin is judged by itself: one that chatters does not make another wait.
        """
        return min((self._calm(origin, now) for origin in {hint.origin for hint in hints}), default=0.0)

    def _calm(self, origin: str, now: float) -> float:
        looked = self._looked.get(origin)
        if looked is None or now - looked > FORGIVEN:
            self._vain.pop(origin, None)
            return 0.0
        return max(0.0, looked + CALM[min(self._vain.get(origin, 0), len(CALM) - 1)] - now)

    def looked(
        self,
        hints: Sequence[Hint],
        sights: Mapping[Line, Sight],
        now: float,
        at: float,
        *,
        unreached: bool = False,
    ) -> None:
        """Keep what a round saw.  `unreached`: what it saw could not be sent to some provider.

        A line that has just come up carries nothing for a moment, so that is chased, too.
        """
        changed = False
        for line, sight in sights.items():
            if isinstance(sight.observation, Seen):
                changed |= self._sighted(line, sight.observation.addresses, hints, at)
            (self._blind.add if isinstance(sight.observation, Unseen) else self._blind.discard)(line)
            if hears := frozenset(self._hears(line[0])):
                self._judge(line, sight, at)
            self._heard[line] = hears
        for origin in {hint.origin for hint in hints} - OURS:
            self._vain[origin] = self._vain.get(origin, 0) + 1
        self._looked |= dict.fromkeys({hint.origin for hint in (*hints, *self._promises)} - OURS, now)
        if changed:
            self._vain.clear()
        self._count(sights, at)
        self._promise(hints, unreached=unreached)

    def watched(self, down: Collection[str], uplinks: Collection[str], at: float) -> None:
        """Keep, for `homeport status`, which uplinks are down and who can be heard of each."""
        since = {uplink: self._down.get(uplink, at) for uplink in down}
        heard = {uplink: frozenset(some) for uplink in uplinks if (some := self._hears(uplink))}
        if (since, heard) != (self._down, self._told_of):
            self._down, self._told_of = since, heard
            self._store.watched(since, heard)

    def _promise(self, hints: Iterable[Hint], *, unreached: bool) -> None:
        """Keep in mind what is promised and not seen yet; a new hint displaces no older one of another."""
        told = dict.fromkeys(hints, -1)
        known = {hint: tries for hint, tries in self._promises.items() if hint not in told} | told
        open_ones = {
            hint: tries + 1
            for hint, tries in known.items()
            if tries + 1 < len(CHASE) and (unreached or self._open(hint))
        }
        self._promises = dict(list(open_ones.items())[-PROMISES:])

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
        listening = not first and self._listened(line, at)
        one = Sighting.of(at, addresses, told and told.origin, listening=listening)
        self._believed[line] = addresses
        self._sightings.setdefault(line, []).append(one)
        del self._sightings[line][: -rhythm.KEEP]
        self._store.sighted(*line, one, keep=rhythm.KEEP)
        if silent := rhythm.silent([past for past in self._sightings[line] if past.at <= at]):
            self._missed(line[0], silent)
        return before is not None

    def _listened(self, line: Line, at: float) -> bool:
        """Could whoever tells of this line be heard, now and at the look before?"""
        hears = self._heard.get(line, frozenset()) & frozenset(self._hears(line[0]))
        past = [one for one in self._sightings.get(line, ()) if one.at <= at]
        teller = rhythm.trust(past).teller
        return teller in hears if teller else bool(hears)

    def _count(self, sights: Mapping[Line, Sight], at: float) -> None:
        """Keep how often each service outside was asked."""
        asked = [label for sight in sights.values() for label in sight.asked]
        asked += self._asked
        self._asked.clear()
        times = {label: asked.count(label) for label in asked if label.partition(":")[0] in OUTSIDE}
        if times:
            self._store.count(int(at // rhythm.DAY), times, keep=DAYS_COUNTED)

    def _judge(self, line: Line, sight: Sight, at: float) -> None:
        """Keep, for `homeport status`, what is the matter with a line of which enough was seen."""
        from ..core.verdict import verdict  # noqa: PLC0415 - `run --once` has nobody who reads it

        seen = sight.observation
        if isinstance(seen, Unseen) or (isinstance(seen, Seen) and len(sight.readings) > 1):
            found = verdict(sight.readings, self._sightings.get(line, ()), now=at)
            if self._verdicts.get(line) != found:
                self._verdicts[line] = found
                self._store.judged(*line, found)

    def interval(self, base: float, at: float, chance: float) -> float:
        """Seconds until the next look that nobody asks for: of the line that wants it soonest."""
        unseen = rhythm.interval(base, rhythm.NO_TRUST, None, at, jitter=chance)
        lines = self._seen | self._blind
        return min((self.rhythm(line, at).interval(base, at, chance) for line in lines), default=unseen)

    def rhythm(self, line: Line, at: float) -> Rhythm:
        hears = () if line in self._blind else self._hears(line[0])
        return Rhythm.of(self._sightings.get(line, ()), hears, at)

    @property
    def chasing(self) -> bool:
        """Is something promised that was not seen yet?"""
        return bool(self._promises)

    def chase(self, now: float) -> float | None:
        """Seconds until a look for what was promised and not yet seen; None: nothing is."""
        return min(
            (max(CHASE[tries], self.calm([hint], now)) for hint, tries in self._promises.items()),
            default=None,
        )

    def _open(self, hint: Hint) -> bool:
        """Is something still to be seen?  An address that may not be published never will be."""
        if hint.address is None:
            return self._dark(hint)
        return self._fit(hint.address) and not self._holds(hint)

    def _holds(self, hint: Hint) -> bool:
        """Is the address that it names believed in already, and was it seen in the last look?"""
        return any(
            hint.address in addresses
            for line, addresses in self._believed.items()
            if hint.uplink in (None, line[0]) and line not in self._blind
        )

    def _dark(self, hint: Hint) -> bool:
        """Is a line that it is about out of sight?"""
        return any(hint.uplink in (None, line[0]) for line in self._blind)
