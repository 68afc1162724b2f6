"""A short life again and again, which dies, or is asked to end, at its first await, its second, and so on.

What chance finds in years, this finds in minutes: no await is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from homeport.core.dns import RRType

from .judge import HOUR
from .life import Fate, Story, tell
from .line import sources
from .services import EVERY, SEVERAL
from .world import TAKEN, Weather

Way = Literal["kill", "cancel"]
WAYS: tuple[Way, ...] = ("kill", "cancel")
SCENES = len(EVERY)  # each service is in two of them
SHORT = 300.0  # seconds between two looks


class Short(Fate):
    """An hour: a start, a change, an exchange that goes wrong while all changes, and peace."""

    most_names = 1
    power_cuts = 0.5

    def wants(self) -> str | None:
        return "failover" if self.story.seed == 0 else "all" if self.story.seed == SCENES - 2 else None

    def choose(self) -> list[str]:
        return [EVERY[self.story.seed % SCENES], EVERY[(self.story.seed + 1) % SCENES]]

    def share(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in SEVERAL and self.story.seed % 2]

    def settle(self) -> None:
        super().settle()
        self.interval, self.span, self.verify = SHORT, HOUR, True
        self.sources = sources(self.chance)

    async def events(self) -> None:
        line, elapsed = self.line, self.lab.elapsed
        await asyncio.sleep(60)
        self._strangers(1)
        self.say(f"the line changes to {line.change(RRType.A, elapsed())}")
        await asyncio.sleep(SHORT)
        fault = TAKEN[self.story.seed % len(TAKEN)] if self.policy != "all" else "nothing"
        for name in self.services:
            self.lab.weather[name] = Weather(0.5, [fault])
        for rrtype in RRType:
            line.change(rrtype, elapsed())
        self.say(f"the line changes to {line.now(RRType.A)}, {line.now(RRType.AAAA)}, and {fault} strikes")
        await asyncio.sleep(SHORT - 60)
        self._strangers(2)
        await asyncio.sleep(30)
        for rrtype in RRType:  # what was acknowledged last is right again, whatever else was sent since
            line.change(rrtype, elapsed(), line.before(rrtype))
        self.say(f"the line is back at {line.now(RRType.A)}, {line.now(RRType.AAAA)}")
        await asyncio.sleep(60)
        for name in self.services:
            self.lab.weather[name] = Weather()
        self.judge.freed()
        self.retry()
        await self.converges("in the end", HOUR)  # long before drift would be mended
        await asyncio.sleep(2 * SHORT)
        await self.converges("after two more looks", 60)

    def _strangers(self, number: int) -> None:
        for account in self.others:
            for key in self.services[account].keys:
                self.stranger(account, key, number)


def strike(
    scene: int, way: Way | None, gate: int = 0, *, aloud: Callable[[str], None] | None = None
) -> Story:
    """The life of that scene, struck at that gate; `story.kills` or a second process says that it was."""

    def fate(story: Story, root: Path, elapsed: Callable[[], float]) -> Fate:
        one = Short(story, root, elapsed, aloud)
        one.strike = (way, gate) if way is not None else None
        return one

    return tell(scene, fate=fate)


def every(scene: int, way: Way, *, first: int = 1, stride: int = 1) -> Iterator[tuple[int, Story]]:
    """Struck at every gate, or at every so-manieth, until there is none."""
    gate = first
    while True:
        story = strike(scene, way, gate)
        if story.steps < gate:
            return
        yield gate, story
        gate += stride
