"""What the agent knows of its lines: which addresses it believes in, and who told of a change.

A line is one uplink in one family.  Hints come in here; those that say nothing new are dropped, and
those that keep coming for nothing are listened to ever more seldom, so that no listener, and nobody who
deceives one, can make the agent bother the services it asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..core.dns import IPAddress, RRType
from ..core.hint import Hint
from ..core.observation import Seen, Unseen
from ..core.report import Sight

CHASE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds until the next look for what a hint has promised
CALM = (0.0, 0.0, 0.0, 1.0, 2.0, 5.0, 15.0, 60.0)  # seconds between two looks after so many vain ones
FORGIVEN = 900.0  # seconds without a look for nothing, after which a hint is trusted again

Line = tuple[str, RRType]


class Lines:
    """Times are seconds of the clock that never jumps."""

    def __init__(self) -> None:
        self._believed: dict[Line, frozenset[IPAddress]] = {}
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

    def looked(self, hints: Sequence[Hint], sights: Mapping[Line, Sight], now: float) -> set[Line]:
        """Keep what a round saw.  Returns the lines whose address is another than before."""
        changed = set()
        for line, sight in sights.items():
            if isinstance(sight.observation, Seen):
                before = self._believed.get(line)
                if before is not None and before != sight.observation.addresses:
                    changed.add(line)
                self._believed[line] = sight.observation.addresses
        if hints:
            self._vain = self._vain + 1
        if hints or self._promises:
            self._looked = now
        if changed:
            self._vain = 0
        blind = any(isinstance(sight.observation, Unseen) for sight in sights.values())
        known = self._promises if not hints else dict.fromkeys(hints, -1)
        self._promises = {
            hint: tries + 1
            for hint, tries in known.items()
            if tries + 1 < len(CHASE) and (not self._holds(hint) if hint.address else blind)
        }
        return changed

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
