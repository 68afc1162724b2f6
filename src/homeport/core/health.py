"""Is a line up?  Decided from what its probes found, over time.  Pure: time comes in as an argument.

A line goes down when less than half of the weight of its probes has been answered for `detect`
seconds, in two rounds at least, so that one lost packet is nothing.  It comes up again when at least
two thirds were answered for `recover` seconds without a break.  In between nothing changes.

A line that nobody knows yet is judged soon: one good round proves it, two bad ones in a row refute it.
Until it has been up for the first time it owes no quiet time, so that an agent that starts before its
network does not wait for it twice.
"""

from __future__ import annotations

from typing import NamedTuple

AGAIN = 1.0  # seconds from the first bad round to the second; then twice as long each time
SILENCE = 3  # intervals without a round (the machine slept) after which what went before does not count


class Terms(NamedTuple):
    """What the person asked for.  All in seconds."""

    interval: float = 10.0  # from one round of probes to the next
    detect: float = 30.0
    recover: float = 120.0

    @property
    def timeout(self) -> float:
        """How long one probe may wait for its answer."""
        return min(3.0, self.interval)


class Health(NamedTuple):
    """What is known of one line.  Times are of a clock that never jumps."""

    up: bool | None = None  # None: not known yet
    since: float | None = None  # when the first of the rounds in a row began that speak against `up`
    last: float | None = None  # when the last round began
    vain: int | None = 0  # bad rounds before it was up for the first time; None: it was


def heard(health: Health, good: int, total: int, at: float, terms: Terms) -> Health:
    """After a round that began `at`: `good` is the weight of the probes that were answered.

    `total` is the weight of all that could be asked; a round in which none could be says nothing.
    """
    if total <= 0:
        return health._replace(last=at)
    if health.vain is not None:
        if 2 * good >= total:
            return Health(up=True, last=at, vain=None)
        vain = health.vain + 1
        return Health(up=None if vain < 2 else False, last=at, vain=vain)
    against = 2 * good < total if health.up else 3 * good >= 2 * total
    if not against:
        return health._replace(since=None, last=at)
    slept = health.last is not None and at - health.last > SILENCE * terms.interval
    if health.since is None or slept:
        return health._replace(since=at, last=at)
    if at - health.since >= (terms.detect if health.up else terms.recover):
        return health._replace(up=not health.up, since=None, last=at)
    return health._replace(last=at)


def due(health: Health, terms: Terms) -> float:
    """When the next round begins.

    The round that decides whether a line is lost begins on time, whatever the interval: a loss is
    known after `detect` (never less than a timeout), one interval and one timeout at the latest.
    """
    last = health.last or 0.0
    if health.vain:
        return last + min(terms.interval, AGAIN * 2.0 ** min(health.vain - 1, 16))
    regular = last + terms.interval
    if health.up and health.since is not None:
        decisive = health.since + terms.detect
        if last < decisive < regular + terms.timeout:
            return decisive
    return regular
