"""How often one name is changed, whatever the reason.  Pure: the time comes in as an argument.

Services lock out who changes a name without end, and most do not say how often is too often.  So there
is a limit of our own for each name, which a line that loses its address now and then never meets.
Nearer is that of a name that somebody else changes back each time: two agents with different addresses,
or a router beside one.  Neither can win; so after three times we let the other have it for a while.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .budget import Budget

HOUR, DAY = 3600.0, 86400.0
QUICK = 3  # times in a day that what somebody else has changed is mended in the next round
SLOW = (HOUR, 3 * HOUR, 6 * HOUR)  # seconds after the last change for the fourth, the fifth and all others
MOST = 64  # changes of one name that are kept in mind


class Written(NamedTuple):
    """One change that was sent to the provider."""

    at: float
    mended: bool = False  # was it what the provider had acknowledged before, and somebody had changed?


Writes = tuple[Written, ...]  # oldest first


def written(writes: Writes, now: float, *, mended: bool) -> Writes:
    """With one more; those of more than a day ago are forgotten."""
    recent = [one for one in writes if abs(now - one.at) < DAY]
    return (*recent, Written(now, mended))[-MOST:]


def hold(writes: Sequence[Written], now: float, limit: Budget | None, *, mends: bool) -> float:
    """Seconds until the next change may be sent; 0 if it may be now.

    `mends`: it would change back what somebody else has changed.  Without a limit, the server is one's
    own, and minds neither.
    """
    if limit is None:
        return 0.0
    past = [one for one in writes if 0 <= now - one.at < DAY]  # of a clock that was wrong, nothing is known
    return max(_limited(past, now, limit), _fought(past, now) if mends else 0.0)


def says(writes: Sequence[Written], now: float, live: Sequence[str], wait: float, *, mends: bool) -> str:
    """Why the next change waits, for a person."""
    times = sum(0 <= now - one.at < HOUR for one in writes)
    if mends and fights(writes, now) >= QUICK:
        return (
            f"somebody else has changed it {fights(writes, now) + 1} times within a day, now to "
            f"{', '.join(live) or 'nothing'}: look for another updater of this name (a router, a second "
            f"agent) and switch one off; the next try is in {_minutes(wait)}"
        )
    return (
        f"changed {times} times within an hour, which services take for abuse: its address comes and goes, "
        f"or somebody else changes it too; the next change is sent in {_minutes(wait)}"
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"


def fights(writes: Sequence[Written], now: float) -> int:
    """How often somebody else has changed the name within a day."""
    return sum(one.mended for one in writes if 0 <= now - one.at < DAY)


def _limited(past: Sequence[Written], now: float, limit: Budget) -> float:
    recent = [one.at for one in past if now - one.at < limit.seconds]
    return recent[-limit.requests] + limit.seconds - now if len(recent) >= limit.requests else 0.0


def _fought(past: Sequence[Written], now: float) -> float:
    """Between two that change the name in turn, each sees the other's change as one to mend."""
    times = fights(past, now)
    if times < QUICK:
        return 0.0
    return max(0.0, past[-1].at + SLOW[min(times - QUICK, len(SLOW) - 1)] - now)
