"""What must be done about each target, given all that is known.  Pure: no I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..core import schedule
from ..core.dns import IPAddress, Key, Present, RRset, RRType
from ..core.errors import ProviderError, Unreachable
from ..core.observation import Absent, Unseen
from ..core.report import Outcome, TargetReport
from ..core.schedule import Memory, Target
from ..core.wish import Wish, Withdrawn
from ..driver import Provider, Task


class View(NamedTuple):
    """What one account holds: as the provider told it, or as the name servers show it."""

    present: Mapping[Key, Present | ProviderError] = MappingProxyType({})
    shown: Mapping[Key, frozenset[IPAddress]] = MappingProxyType({})

    def live(self, key: Key) -> frozenset[IPAddress] | None:
        """The live addresses; None if nobody knows."""
        present = self.present.get(key)
        if isinstance(present, Present):
            return frozenset(record.address for record in present.records)
        return self.shown.get(key)


class Todo(NamedTuple):
    """Something must be sent; `why` if it is not simply another address."""

    target: Target
    task: Task
    live: frozenset[IPAddress] | None
    why: str | None = None
    veiled: bool = False  # name servers will show other addresses than these
    shared: frozenset[IPAddress] | None = None  # all that will stand there, where others have some too

    @property
    def before(self) -> frozenset[IPAddress] | None:
        """What of it stood there, without the addresses of others; None if nobody knows."""
        if self.live is None or self.shared is None:
            return self.live
        return self.live - (self.shared - self.task.wanted.addresses)

    @property
    def after(self) -> frozenset[IPAddress]:
        """What will stand there."""
        return self.task.wanted.addresses if self.shared is None else self.shared


class Settled(NamedTuple):
    """Nothing is to be sent."""

    report: TargetReport
    error: ProviderError | None = None  # of the look, if that is the reason
    acknowledged: RRset | None = None  # what the provider holds, if that is known to be what is wanted
    proved: bool = False  # was `live` read in this round, and is it what is wanted?


def decide(
    provider: Provider,
    target: Target,
    wish: Wish,
    memory: Memory,
    view: View,
    *,
    now: float,
    spread: float,
    ours: frozenset[IPAddress] | None = None,
) -> Todo | Settled:
    """The decision for one target.  `spread` in [0, 1) is the target's own, the same every time.

    `ours` is given where others keep addresses at the same name: those that we have put there.
    """
    key = (target.owner, target.rrtype)
    live, present = view.live(key), view.present.get(key)
    if isinstance(wish, Withdrawn):
        wish = wish.rrset if (memory.acknowledged if ours is None else ours) else Absent(wish.why)
    if isinstance(wish, Unseen):
        return Settled(TargetReport(target, Outcome.UNKNOWN, None, live, error=wish.why))
    if isinstance(present, ProviderError):
        wanted_here = wish.addresses if isinstance(wish, RRset) else None
        failed = TargetReport(
            target, Outcome.FAILED, wanted_here, None, error=str(present), unreached=unreached(present)
        )
        return Settled(failed, error=present)
    if isinstance(wish, Absent):
        return _absent(target, wish, memory, live, ours)
    wanted = provider.fit(wish)
    if present is not None:
        wanted = present.zone.fit(wanted)
    if present is not None and ours is not None:
        why = _unpublished(provider, memory, wanted)
        return _share(provider, target, wanted, present, ours, why=why)
    if present is not None:
        changes, why = provider.changes(wanted, present.records), _unpublished(provider, memory, wanted)
        if changes or why:
            options = [wanted.options, *(record.options for record in present.records)]
            veiled = any(provider.veiled(some) for some in options)
            why = None if changes else why
            return Todo(target, Task(wanted, changes, present.zone), live, why, veiled=veiled)
        return _well(target, wanted, live)
    why = None
    if schedule.believed(memory, wanted):
        if schedule.refresh_due(memory, provider.refresh_days(), now, spread):
            why = "the service forgets names that are never updated"
        elif schedule.drifted(memory, wanted, live, now):
            why = "the name servers show another address"
        else:
            return _well(target, wanted, live)
    elif schedule.adoptable(memory, wanted, live, now) or (
        not wanted.addresses and not memory.acknowledged and not live
    ):
        return _well(target, wanted, live)
    return Todo(target, Task(wanted, provider.changes(wanted, ())), live, why)


def _unpublished(provider: Provider, memory: Memory, wanted: RRset) -> str | None:
    """Why it must be written although a look shows nothing amiss; None if it need not be."""
    if provider.publishes and not schedule.believed(memory, wanted):
        return "it is not known to be published"
    return None


def _well(target: Target, wanted: RRset, live: frozenset[IPAddress] | None) -> Settled:
    """All is well; where nobody can show what is live, the acknowledgement stands for it."""
    shown = wanted.addresses if live is None else live
    report = TargetReport(target, Outcome.UNCHANGED, wanted.addresses, shown)
    return Settled(report, acknowledged=wanted, proved=live == wanted.addresses)


def _share(
    provider: Provider,
    target: Target,
    wanted: RRset,
    present: Present,
    ours: frozenset[IPAddress],
    *,
    why: str | None,
) -> Todo | Settled:
    """All is well if all of ours are there, and none that we do not want any more.

    `why` is the reason to write even so.
    """
    live = frozenset(record.address for record in present.records)
    old = ours - wanted.addresses
    changes = provider.shared_changes(wanted, old, present.records)
    if changes or why:
        mine = [record.options for record in present.records if record.address in ours]
        veiled = any(provider.veiled(some) for some in (wanted.options, *mine))
        task = Task(wanted, changes, present.zone)
        stays = (live - old) | wanted.addresses
        return Todo(target, task, live, None if changes else why, veiled=veiled, shared=stays)
    report = TargetReport(target, Outcome.UNCHANGED, wanted.addresses, live, shared=True)
    return Settled(report, acknowledged=wanted, proved=True)


def _absent(
    target: Target,
    wish: Absent,
    memory: Memory,
    live: frozenset[IPAddress] | None,
    ours: frozenset[IPAddress] | None,
) -> Settled:
    """A family that this machine does not have, and that nobody named in the configuration.

    Where nothing is published there is nothing to do; what is published stays, since nobody said
    that it should go.
    """
    held = live if live is not None else memory.acknowledged
    if held is not None and ours is not None:
        held &= ours
    if not held:
        return Settled(TargetReport(target, Outcome.UNCHANGED, frozenset(), live or frozenset()))
    stays = f'{wish.why}; what is published stays (write type = ["A"] if it is not yours to keep)'
    return Settled(TargetReport(target, Outcome.UNKNOWN, None, live, error=stays))


def unreached(error: ProviderError) -> bool:
    """Did nothing arrive?  After `NoAnswer` it may have; what is `Untrusted` stays so for a while."""
    return type(error) is Unreachable


def with_sibling(todo: Todo, wish: Wish | None, memory: Memory | None, fingerprint: str) -> Todo:
    """The task, with what the other family of its owner should be said to be.

    As it is wanted now; if that is unknown, as it was last acknowledged; and if nothing is since an
    answer was lost, as it was last wanted: a service may forget a family that is not named.  What it has
    refused it does not hold; but what it refused to other settings of the account than those of now, whose
    `fingerprint` this is, says nothing.
    """
    wanted = todo.task.wanted
    other = RRType.A if wanted.rrtype is RRType.AAAA else RRType.AAAA
    if isinstance(wish, RRset):
        sibling: RRset | None = wish
    else:
        held = memory and memory.acknowledged
        if memory and not held and memory.stopped_by != fingerprint:
            held = memory.wanted
        sibling = RRset(wanted.owner, other, held, None) if held else None
    return todo._replace(task=todo.task._replace(sibling=sibling))
