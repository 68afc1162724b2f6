"""When to act on one target, and what to remember of it.  Pure: time and chance come in as arguments.

A target is one (name, type, account).  Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .dns import IPAddress, Name, RRset, RRType
from .errors import HomeportError, NoAnswer, NotSent, Reaction, Throttled, Unintelligible
from .pace import Writes

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
# Front-weighted: most trouble is over at the second try; what is not, needs hours or a person.
WAITS: dict[Reaction, Sequence[float]] = {
    Reaction.RETRY: [0.5 * MINUTE, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR],
    Reaction.BACK_OFF: [15 * MINUTE, HOUR, 6 * HOUR],
}
LONGEST_WAIT = DAY  # no Retry-After, and no clock that jumped, makes us wait longer
LEEWAY = 5 * MINUTE  # a clock that is set back by less has not jumped
LEAST_PAUSE = 1.0  # seconds between two rounds, whatever the clocks say
# From the start until the first success: a line comes up within minutes, a service that is out of order
# may stay so for days.
LADDER = (2.0, 4.0, 8.0, 16.0, 32.0, *[MINUTE] * 10, 2 * MINUTE, 5 * MINUTE)
DRIFT_AFTER = 15 * MINUTE  # how long an update service may take until its name servers agree
REMEMBERED = 400 * DAY  # so long, a target that the configuration has lost keeps its memory
DRIFT_EVERY = 6 * HOUR  # how often a record at a service that cannot be read is repaired


class Target(NamedTuple):
    """What has a state of its own: one name, one type, one account."""

    owner: Name
    rrtype: RRType
    account: str

    def __str__(self) -> str:
        return f"{self.owner} {self.rrtype} ({self.account})"


class Memory(NamedTuple):
    """What is kept of one target between rounds and runs.  Losing it is safe: it costs a look."""

    acknowledged: frozenset[IPAddress] | None = None  # what the provider last confirmed; None: nothing
    acknowledged_ttl: int | None = None  # seconds
    acknowledged_at: float | None = None
    sent_at: float | None = None  # when we last made the provider change something
    failures: int = 0  # in a row
    not_before: float | None = None
    waiting: Reaction | None = None  # why `not_before` is set
    stopped_by: str | None = None  # fingerprint of the account's settings that were refused
    error: str | None = None  # the last one, until a success
    error_at: float | None = None  # when the trouble began
    live: frozenset[IPAddress] | None = None  # what the provider or the name servers last showed
    live_at: float | None = None
    verified_at: float | None = None  # when the authoritative servers last showed what was wanted
    wanted: frozenset[IPAddress] | None = None  # what was last wanted
    outcome: str | None = None  # of the last round: a word of `report.Outcome`
    writes: Writes = ()  # what was sent within the last day

    def freed(self) -> Memory:
        """Without stop and wait, as a person asks for."""
        return self._replace(stopped_by=None, not_before=None, waiting=None, failures=0, writes=())


def hold(memory: Memory, now: float, fingerprint: str, *, anew: bool) -> str | None:
    """Why this target must be left alone now; None if it may be acted on.

    A stop lasts until the account's settings change.  A wait that a provider asked for lasts over
    restarts; one that we chose after a failure ends when things are `anew`: a person runs the program, or
    the line has changed, and what failed may have failed because of it.
    """
    if memory.stopped_by is not None:
        if memory.stopped_by == fingerprint:
            return f"stopped until its account's settings change, or `homeport retry`: {memory.error}"
        return None
    if memory.not_before is None or (anew and memory.waiting is Reaction.RETRY):
        return None
    wait = memory.not_before - now
    if 0 < wait <= _longest(memory.waiting) + LEEWAY:
        return f"waiting {_span(wait)}: {memory.error}"
    return None


def sending(memory: Memory, wanted: RRset, now: float) -> Memory:
    """While a change is under way; until its answer is there, what was acknowledged is not believed."""
    return memory._replace(acknowledged=None, acknowledged_at=None, sent_at=now, wanted=wanted.addresses)


def acknowledged(memory: Memory, wanted: RRset, now: float, *, sent: bool) -> Memory:
    """After the provider said that it holds what is wanted, or nothing speaks against it.

    `acknowledged_at` is when that began: refreshing and mending count from it.
    """
    same = not sent and believed(memory, wanted)
    return memory._replace(
        acknowledged=wanted.addresses,
        acknowledged_ttl=wanted.ttl,
        acknowledged_at=memory.acknowledged_at if same and memory.acknowledged_at is not None else now,
        sent_at=now if sent else memory.sent_at,
        failures=0,
        not_before=None,
        waiting=None,
        stopped_by=None,
        error=None,
        error_at=None,
        live=wanted.addresses,
        live_at=now,
        wanted=wanted.addresses,
    )


def failed(
    memory: Memory, error: HomeportError, now: float, *, fingerprint: str, jitter: float, wrote: bool
) -> Memory:
    """After an attempt that failed, while reading or (`wrote`) while changing something.

    A change without an answer that we understand may have been made or not: what was acknowledged
    before is no longer believed.  `jitter` is a random number in [0, 1).
    """
    failures = memory.failures + (not isinstance(error, NotSent))
    after = memory._replace(
        failures=failures,
        error=str(error),
        error_at=memory.error_at if memory.error_at is not None else now,
    )
    if wrote and isinstance(error, NoAnswer | Unintelligible):
        after = after._replace(acknowledged=None, acknowledged_at=None, sent_at=now)
    if error.reaction is Reaction.HALT:
        return after._replace(not_before=None, waiting=None, stopped_by=fingerprint)
    waits = WAITS[error.reaction]
    wait = waits[min(failures, len(waits)) - 1] * (1 + jitter / 4)
    asked = (error.retry_after or 0.0) if isinstance(error, Throttled) else 0.0
    if isinstance(error, NotSent):
        wait = LEAST_PAUSE  # we know when it is time
    return after._replace(
        not_before=now + min(max(wait, asked), LONGEST_WAIT),
        waiting=error.reaction,
        stopped_by=None,
    )


def looked(memory: Memory, live: frozenset[IPAddress], now: float) -> Memory:
    """After the provider or the name servers showed what they hold."""
    return memory._replace(live=live, live_at=now)


def believed(memory: Memory, wanted: RRset) -> bool:
    """Has the provider already acknowledged just this?"""
    return memory.acknowledged == wanted.addresses and memory.acknowledged_ttl == wanted.ttl


def adoptable(memory: Memory, wanted: RRset, live: frozenset[IPAddress] | None, now: float) -> bool:
    """May what the name servers show stand in for an acknowledgement that we do not have?

    Not soon after something was sent: they may still show what was there before.
    """
    settled = memory.sent_at is None or abs(now - memory.sent_at) >= DRIFT_AFTER
    return memory.acknowledged is None and settled and live == wanted.addresses


def drifted(memory: Memory, wanted: RRset, live: frozenset[IPAddress] | None, now: float) -> bool:
    """Must a service that cannot be read be told again, since its name servers say something else?

    Told again only when it has had its time, and seldom: those services punish repetition.
    """
    if live is None or live == wanted.addresses or memory.acknowledged_at is None:
        return False
    since = abs(now - (memory.sent_at if memory.sent_at is not None else memory.acknowledged_at))
    return since >= (DRIFT_EVERY if memory.sent_at is not None else DRIFT_AFTER)


def refresh_due(memory: Memory, days: int | None, now: float, spread: float) -> bool:
    """Must an unchanged name be sent again, since the service expires idle ones?

    `spread` in [0, 1) moves the day forward by up to a tenth, so that not all names go at once.
    """
    if not days or memory.acknowledged_at is None:
        return False
    since = memory.sent_at if memory.sent_at is not None else memory.acknowledged_at
    return abs(now - since) >= days * DAY * (1 - spread / 10)


def outdated(memory: Memory, now: float) -> bool:
    """May the memory of a target that the configuration lacks be dropped?

    Not soon: when the record is put back, nothing shall be sent that the provider has already, and a
    stop shall still hold.
    """
    times = (memory.acknowledged_at, memory.sent_at, memory.live_at, memory.error_at, memory.verified_at)
    return all(abs(now - at) > REMEMBERED for at in times if at is not None)


def pause(regular: float, waits: Sequence[float], *, rung: int | None) -> float:
    """Seconds until the next round; `regular` is when it is time for one anyway (`core.rhythm`).

    `waits` are those of the targets in seconds from now; `rung` is how often the agent had
    tried before, since its start, without any success (None: it had one).
    """
    if rung is not None:
        return min(LADDER[min(rung, len(LADDER) - 1)], regular)
    return min([regular, *(max(wait, LEAST_PAUSE) for wait in waits)])


def _longest(reaction: Reaction | None) -> float:
    """How long a wait can have been at most; if more is left of it, the clock was set back."""
    return LONGEST_WAIT if reaction is Reaction.BACK_OFF else WAITS[Reaction.RETRY][-1] * 1.25


def _span(seconds: float) -> str:
    for unit, size in (("h", HOUR), ("min", MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
