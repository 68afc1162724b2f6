"""Does the agent itself do well?  Pure: what was measured comes in, what is to be said comes out.

Memory is judged by the lowest of a stretch of time, since what a round needs for a moment is no leak.
Stretches of three lengths are looked at side by side: the short ones find a fast leak within hours, the
long ones a slow one within weeks.  A healthy agent grows in its first minutes, and when names are added:
that is one rise, or two; never five in a row, each of at least half a MiB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MINUTE, HOUR = 60.0, 3600.0
STRETCHES = (HOUR / 2, 6 * HOUR, 48 * HOUR)
RISES = 5  # in a row, that are worth a warning
LEAST_RISE = 512 * 1024  # octets, from one stretch to the next
BUSY = 0.8  # of one CPU
BUSY_FOR = MINUTE
WORTH = 5.0  # seconds that the loop must stand still to be worth a word


class Sample(NamedTuple):
    """The process at one moment.  `at` is of a clock that never jumps."""

    at: float
    memory: int  # octets that are resident
    cpu: float  # seconds of CPU since its start, of all threads
    files: int | None  # that are open, sockets too; None where nobody can count them
    tasks: int
    lag: float = 0.0  # seconds, the longest that the loop was late since the sample before


class Stretch(NamedTuple):
    """One length of time: the lowest memory of the present one, and of those before."""

    length: float
    began: float
    lowest: Sample
    before: tuple[Sample, ...] = ()

    def after(self, sample: Sample) -> Stretch:
        if sample.at - self.began < self.length:
            lowest = sample if sample.memory < self.lowest.memory else self.lowest
            return self._replace(lowest=lowest)
        before = (*self.before, self.lowest)[-(RISES + 1) :]
        return Stretch(self.length, sample.at, sample, before)

    @property
    def rises(self) -> bool:
        return len(self.before) > RISES and all(
            after.memory - before.memory >= LEAST_RISE
            for before, after in zip(self.before, self.before[1:], strict=False)
        )


class Finding(NamedTuple):
    """Something is wrong: a word for programs, and what was measured, for people."""

    word: str  # "memory" or "busy"
    says: str


class Watch(NamedTuple):
    """What is known so far."""

    last: Sample
    stretches: tuple[Stretch, ...]
    quiet_since: float  # when it was last not busy
    told: bool = False  # was it said that it is busy?
    most_lag: float = 0.0  # ever

    @classmethod
    def begin(cls, sample: Sample) -> Watch:
        return cls(sample, tuple(Stretch(length, sample.at, sample) for length in STRETCHES), sample.at)

    def after(self, sample: Sample) -> tuple[Watch, list[Finding]]:
        """With one more sample, and what it shows; each trouble is told once, until it is over."""
        findings: list[Finding] = []
        stretches = []
        for old in self.stretches:
            new = old.after(sample)
            if new.before != old.before and new.rises:
                findings.append(Finding("memory", _grown(new.before)))
                new = new._replace(before=new.before[-1:])
            stretches.append(new)
        busy = self._share(sample) > BUSY
        quiet_since = self.quiet_since if busy else sample.at
        told = self.told and busy
        if busy and not told and sample.at - quiet_since >= BUSY_FOR:
            findings.append(Finding("busy", f"{self._share(sample):.0%} of a CPU for more than a minute"))
            told = True
        lag = max(self.most_lag, sample.lag)
        return Watch(sample, tuple(stretches), quiet_since, told, lag), findings

    def _share(self, sample: Sample) -> float:
        passed = sample.at - self.last.at
        return (sample.cpu - self.last.cpu) / passed if passed > 0 else 0.0


def _grown(before: Sequence[Sample]) -> str:
    first, last = before[0], before[-1]
    hours = (last.at - first.at) / HOUR
    files = "" if last.files is None else f", open files {first.files} -> {last.files}"
    return (
        f"its memory has risen {RISES} times in a row, from {first.memory / 2**20:.1f} to "
        f"{last.memory / 2**20:.1f} MiB in {hours:.1f} h; tasks {first.tasks} -> {last.tasks}{files}"
    )
