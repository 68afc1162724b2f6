"""How often somebody may be asked, and how often they were.  Pure: the time comes in as an argument.

A service that says "so many requests in so many seconds" means every stretch of so many seconds, wherever
it begins.  So a request counts from when it was sent until that long after, and not by the clock's minute.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from typing import NamedTuple

SLOTS = 10  # groups that the requests of one window are counted in; each is kept until its last is over
AHEAD = 32  # the part of a budget that may be used before it is on the disk: one of so many


class Budget(NamedTuple):
    """So many requests in any stretch of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.requests} in {self.seconds} s"


class Toll(NamedTuple):
    """What one request counts for: a budget, and of what it is, in words that tell it from others."""

    budget: Budget
    of: str = ""  # "writes of example.com"; "" is everything that an account sends

    def __str__(self) -> str:
        return f"{self.budget} {f'({self.of}) ' if self.of else ''}from one account"


class Group(NamedTuple):
    """Requests that were sent within a tenth of the window from `at` on."""

    at: float
    times: int


Spent = tuple[Group, ...]  # oldest first


def current(spent: Spent, budget: Budget, now: float) -> Spent:
    """Without what no longer counts.

    What a clock that was wrong has dated later than now counts from now on: it may have been just now.
    """
    kept = [Group(min(group.at, now), group.times) for group in spent]
    return tuple(group for group in kept if now < _over(group, budget))


def used(spent: Spent, budget: Budget, now: float) -> int:
    """Requests that still count."""
    return sum(group.times for group in current(spent, budget, now))


def wait(spent: Spent, budget: Budget, now: float) -> float:
    """Seconds until one more may be sent; 0 if it may be sent now."""
    kept = current(spent, budget, now)
    left = sum(group.times for group in kept)
    for group in kept:
        if left < budget.requests:
            break
        left -= group.times
        if left < budget.requests:
            return _over(group, budget) - now
    return 0.0


def spend(spent: Spent, budget: Budget, now: float, times: int = 1) -> Spent:
    """With some more that are sent now."""
    kept = current(spent, budget, now)
    if kept and now < kept[-1].at + budget.seconds / SLOTS:
        return (*kept[:-1], kept[-1]._replace(times=kept[-1].times + times))
    return (*kept, Group(now, times))


def reserve(budget: Budget) -> int:
    """How many requests are put down at once before the first of them is sent, to spare the disk.

    Exactly one where the budget is small.  A program that is killed has put down too many, not too few;
    only if it had them put down longer than a tenth of the window ago, they end to count that much early.
    """
    return max(1, budget.requests // AHEAD)


def shifted(spent: Spent, seconds: float) -> Spent:
    """The same, after the clock was moved."""
    return tuple(group._replace(at=group.at + seconds) for group in spent)


def _over(group: Group, budget: Budget) -> float:
    """When the last of them no longer counts."""
    return group.at + budget.seconds * (1 + 1 / SLOTS)
