"""The agent: observe -> decide -> apply -> verify -> report, and round again.

Data flows one way.  Accounts work side by side; one that is slow is left to finish by itself while
the next round begins without it.  A bug in a driver ends its own round at its own account, not more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

from ..core import schedule
from ..core.address import publishable
from ..core.dns import IPAddress, RRType
from ..core.errors import NoAnswer, ProviderError, Reaction, Unintelligible
from ..core.hint import HAND, HEALTH, Hint
from ..core.report import Outcome, Report, Sight, TargetReport
from ..core.schedule import Target
from ..core.vanished import Parting, parting
from ..core.wish import Rule
from ..state.store import Store
from .decide import Settled, Todo
from .guard import Guard
from .hearing import Hearing, Missed, never_mind, nobody
from .lines import Lines
from .observe import observe
from .progress import Heeded
from .proofs import Proofs
from .verify import Proof
from .work import Work, carries_both, prepare, tend
from .world import Account, Setup, World

TRACE: ContextVar[str] = ContextVar("trace", default="")  # names the round in every log line

PATIENCE = 10.0  # seconds that a round waits for a slow account
SOON = schedule.HOUR  # so long, an address that cannot be seen is looked for more often than usual
THOROUGH = schedule.HOUR  # from one look that trusts nobody alone to the next
HUNG = 300.0  # seconds without any sign of progress, after which work is given up
REMEMBERED = 32  # hints that are kept while the next look must wait

_log = logging.getLogger(__name__)


class Agent:
    """Keeps what the setup asks for.  `report` and `proved` are told what happened, as values."""

    def __init__(
        self,
        setup: Setup,
        world: World,
        store: Store,
        report: Callable[[Report], None],
        proved: Callable[[Proof], None],
        *,
        hears: Hearing = nobody,
        missed: Missed = never_mind,
    ) -> None:
        self._setup, self._world, self._store = setup, world, store
        self._report = report
        self._memories = store.memories()
        self._guard = Guard(store, world.now, world.elapsed)
        self._lines = Lines(store, hears, lambda _: True, missed=missed)
        self._next: tuple[Setup, World, asyncio.Future[None]] | None = None
        self._gone: tuple[Rule, ...] = ()  # of targets that the setup does not have any more
        self._left: list[World] = []  # in which slow work may still be under way
        self._slow: dict[str, tuple[asyncio.Task[list[TargetReport]], Heeded]] = {}
        self._given_up: set[str] = set()  # accounts whose work was cancelled, since nothing moved there
        self._round_task: asyncio.Task[Report] | None = None
        self._turn: float | None = None  # when the present round began, by the clock that never jumps
        self._proofs = Proofs(setup, world, store, self._memories, proved)
        self._thorough = float("-inf")  # when all that must agree were last asked

    def believes(self, uplink: str, rrtype: RRType) -> frozenset[IPAddress]:
        """The addresses that were last seen of a line; none if nothing was."""
        return self._lines.believed((uplink, rrtype)) or frozenset()

    @property
    def late(self) -> float:
        """Seconds that the present round takes already; a sound one ends in less than `HUNG`."""
        return 0.0 if self._turn is None else self._world.elapsed() - self._turn

    def hung(self) -> list[tuple[str, asyncio.Task[Any]]]:
        """Work of which nothing is to be expected any more, each with what it is."""
        now = self._world.elapsed()
        found: list[tuple[str, asyncio.Task[Any]]] = [
            (f"account {name}: no sign of progress for {now - world.at:.0f} s", task)
            for name, (task, world) in self._slow.items()
            if now - world.at > HUNG and name not in self._given_up
        ]
        if self._round_task is not None and self.late > HUNG:
            found.append((f"a round has taken {self.late:.0f} s", self._round_task))
        found += [
            (f"{target}: its verification has taken {taken:.0f} s", task)
            for target, taken, task in self._proofs.late(HUNG)
        ]
        return found

    def give_up(self, task: asyncio.Task[Any]) -> None:
        """Cancel work that hangs.  What it may have sent is not believed; it is tried again later."""
        self._given_up |= {name for name, (slow, _) in self._slow.items() if slow is task}
        task.cancel()
        self._proofs.again(task)

    def asked(self, label: str) -> None:
        """A listener has asked a service outside, named as a source is."""
        self._lines.asked(label)

    def adopt(self, setup: Setup, world: World) -> asyncio.Future[None]:
        """From the next round on, keep what this setup asks for, in this world; done when that begins.

        Nothing is forgotten: what is under way goes on in the world it began in, and is waited for.
        """
        taken = asyncio.get_running_loop().create_future()
        if self._next is not None:
            taken = self._next[2]
        self._next = (setup, world, taken)
        return taken

    async def once(self) -> Report:
        """One round, waited for to its end, verification included."""
        self._settle_in()
        report = await self._round(anew=True, patience=None)
        self._report(report)
        await self._proofs.wait(report)
        self._guard.settle()
        return report

    async def run(self) -> None:
        """Rounds without end."""
        self._settle_in()
        self._given_up.clear()
        rung: int | None = 0
        hints: list[Hint] = []
        try:
            while True:
                self._turn = self._world.elapsed()
                self._take()
                anew = rung is not None or bool(hints) or self._lines.chasing
                report = await self._watched_round(hints, anew=anew)
                if report is None:
                    continue
                self._report(report)
                self._proofs.watch(report)
                if self._arrived(report):
                    rung = None
                waits = self._waits(report)
                now, chance = self._world.now(), self._world.chance()
                regular = self._lines.interval(self._setup.interval, now, chance)
                pause = schedule.pause(regular, waits, rung=rung)
                rung = None if rung is None else rung + 1
                self._turn = None
                hints = await self._listen(min(pause, self._lines.chase(self._world.elapsed()) or pause))
                if any(hint.origin == HAND for hint in hints):
                    self._memories.update(self._store.memories())
        finally:
            self._turn = None
            await _end([task for task, _ in self._slow.values()])
            await _end(self._proofs.tasks())
            self._proofs.save()
            self._guard.settle()

    async def plan(self) -> list[Todo | Settled]:
        """What the next round would do, without doing it."""
        self._gone = self._parting().rules
        self._guard.refresh(self._setup.accounts.values())
        sights = self._look_around(self._setup.rules, thorough=True)
        try:
            works = [
                (self._begin(account, "", self._world), self._rules(account.name))
                for account in self._setup.accounts.values()
            ]
            found = await asyncio.gather(*(prepare(work, rules, sights) for work, rules in works))
        finally:
            await _end(sights.values())
        return [decision for decisions in found for decision in decisions]

    def _take(self) -> None:
        """Between two rounds: go on with the setup that is asked for, if there is another."""
        if self._next is None:
            return
        before = self._setup
        self._left.append(self._world)
        self._setup, self._world, taken = self._next
        self._next = None
        if self._setup.uplinks != before.uplinks:
            self._thorough = float("-inf")  # there may be sources that nobody has asked yet
        self._proofs.adopt(self._setup, self._world)
        self._settle_in()
        if not taken.done():
            taken.set_result(None)

    def _settle_in(self) -> None:
        """Know the lines of the setup; what is remembered of targets that it lacks stays for a while."""
        now = self._world.now()
        wanted = {rule.target for rule in self._setup.rules}
        old = [
            target
            for target, memory in self._memories.items()
            if target not in wanted and schedule.outdated(memory, now)
        ]
        for target in old:
            del self._memories[target]
        if old:
            self._store.forget(old)
        uplinks = self._setup.uplinks.values()
        allowed = {word for uplink in uplinks for word in uplink.allow}
        lines = [(uplink.name, rrtype) for uplink in uplinks for rrtype in uplink.sources]
        parting = self._parting()
        self._gone = parting.rules
        for target, why in parting.kept.items():
            _log.info("%s: not in the configuration any more; what is published stays: %s", target, why)
        self._lines.adopt(lines, lambda address: publishable(address, allowed), now)

    def _parting(self) -> Parting:
        """What becomes of targets that the setup does not have."""
        if not self._setup.remove_vanished:
            return Parting()
        readable = {name: one.provider.readable for name, one in self._setup.accounts.items()}
        return parting(self._memories, [rule.target for rule in self._setup.rules], readable)

    async def _rest(self) -> None:
        """Let go of connections; of the worlds that were left, too, as long as something goes on there."""
        for world in (self._world, *self._left):
            await world.rest()
        if not self._slow:
            self._left.clear()

    async def _watched_round(self, hints: Sequence[Hint], *, anew: bool) -> Report | None:
        """A round and the rest after it; None if it hung, and was given up."""

        async def work() -> Report:
            report = await self._round(hints, anew=anew, patience=PATIENCE)
            await self._rest()
            return report

        self._round_task = task = asyncio.ensure_future(work())
        try:
            report = await task
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if not task.done() or (here is not None and here.cancelling()):
                await _end([task])
                raise
            return None
        finally:
            self._round_task = None
        TRACE.set(report.trace)  # for what follows from it
        return report

    async def _listen(self, seconds: float) -> list[Hint]:
        """Sleep, but not longer than until somebody has something new to say."""
        clock = self._world.elapsed
        ends = clock() + seconds
        heard: list[Hint] = []
        while (left := ends - clock()) > 0:
            news = self._lines.news(await self._world.sleep(left))
            heard = [*heard[-REMEMBERED:], *news]
            if any(hint.origin in (HAND, HEALTH) for hint in news):
                break
            if news:
                ends = min(ends, clock() + self._lines.calm(news, clock()))
        return heard

    # -- one round -----------------------------------------------------------------------------

    async def _round(self, hints: Sequence[Hint] = (), *, anew: bool, patience: float | None) -> Report:
        trace = self._world.trace()
        TRACE.set(trace)
        at = self._world.now()
        self._store.go_home()
        self._gone = tuple(rule for rule in self._gone if self._memory(rule.target).acknowledged)
        thorough = not 0 <= at - self._thorough < THOROUGH
        if thorough:
            self._thorough = at
        self._guard.refresh(self._setup.accounts.values())
        free = [account for name, account in self._setup.accounts.items() if name not in self._slow]
        accounts = [account for account in free if self._guard.hold(account) is None]
        rules = [rule for account in accounts for rule in self._to_look_for(account, at, anew=anew)]
        sights = self._look_around(rules, thorough=thorough)
        heeded = {account.name: Heeded(self._world) for account in free}
        tasks = {
            account.name: asyncio.ensure_future(
                tend(
                    self._begin(account, trace, heeded[account.name]),
                    self._rules(account.name),
                    sights,
                    at=at,
                    anew=anew,
                )
            )
            for account in free
        }
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=patience)
        except asyncio.CancelledError:
            await _end([*tasks.values(), *sights.values()])
            raise
        reports = [
            one for account in free for one in self._finished(account, self._rules(account.name), tasks)
        ]
        for account in free:
            name = account.name
            if not tasks[name].done():
                _log.warning("account %s: still at work after %.0f s; going on without it", name, PATIENCE)
                self._slow[name] = tasks[name], heeded[name]
                tasks[name].add_done_callback(partial(self._late, account, self._rules(name), at, trace))
        if not self._slow:
            await _end(sights.values())
        seen = {
            key: sight.result()
            for key, sight in sights.items()
            if sight.done() and not sight.cancelled() and sight.exception() is None  # told by `_finished`
        }
        unreached = any(one.unreached for one in reports)
        self._lines.looked(hints, seen, self._world.elapsed(), at, unreached=unreached)
        uplinks = self._setup.uplinks
        self._lines.watched([name for name in uplinks if not self._world.healthy(name)], uplinks, at)
        return Report(at, trace, seen, tuple(sorted(reports, key=lambda one: one.target)), tuple(hints))

    def _to_look_for(self, account: Account, at: float, *, anew: bool) -> list[Rule]:
        """The rules that may be acted on, and the other families of their names if they go along."""
        rules = self._rules(account.name)
        free = [
            rule
            for rule in rules
            if schedule.hold(self._memory(rule.target), at, account.fingerprint, anew=anew) is None
        ]
        if not carries_both(account.provider):
            return free
        owners = {rule.target.owner for rule in free}
        return [rule for rule in rules if rule.target.owner in owners]

    def _look_around(
        self, rules: Iterable[Rule], *, thorough: bool
    ) -> dict[tuple[str, RRType], asyncio.Future[Sight]]:
        """One look for each uplink and family that some rule needs, all at once.

        A thorough one asks as if nothing were known, so that a single source that never learns of a
        change is found out.
        """
        uplinks = self._setup.uplinks
        needed = {(uplink, rule.target.rrtype) for rule in rules for uplink in rule.uplinks}
        return {
            (name, rrtype): asyncio.ensure_future(self._see(name, rrtype, thorough=thorough))
            for name, rrtype in sorted(needed)
            if uplinks[name].sources.get(rrtype)
        }

    async def _see(self, name: str, rrtype: RRType, *, thorough: bool) -> Sight:
        """One look; it is over when it is also known, where that is watched, whether the line is up."""
        uplink, world = self._setup.uplinks[name], self._world
        known = None if thorough else self._lines.believed((name, rrtype))
        gate = self._guard.not_asked
        look = observe(uplink, world.net(name), rrtype, world.elapsed, known, gate=gate)
        sight, _ = await asyncio.gather(look, world.proved(name))
        return sight

    def _memory(self, target: Target) -> schedule.Memory:
        return self._memories.get(target, schedule.Memory())

    def _begin(self, account: Account, trace: str, world: World) -> Work:
        return Work.begin(account, world, self._store, self._memories, trace, guard=self._guard)

    def _rules(self, account: str) -> list[Rule]:
        return [rule for rule in (*self._setup.rules, *self._gone) if rule.target.account == account]

    def _finished(
        self, account: Account, rules: Sequence[Rule], tasks: Mapping[str, asyncio.Task[list[TargetReport]]]
    ) -> list[TargetReport]:
        """The reports of an account's work; a bug in it becomes the failure of its targets."""
        name, task = account.name, tasks[account.name]
        if not task.done() or task.cancelled():
            return []
        bug = task.exception()
        if bug is None:
            return task.result()
        _log.error("account %s: a bug in Homeport; please report it", name, exc_info=bug)
        error = Unintelligible(f"a bug in Homeport: {type(bug).__name__}; the log has the details")
        return self._failed(account, rules, error)

    def _failed(self, account: Account, rules: Sequence[Rule], error: ProviderError) -> list[TargetReport]:
        """The reports of targets of which nobody knows what was sent."""
        now, chance, stop = self._world.now(), self._world.chance(), account.fingerprint
        reports = []
        for rule in rules:
            memory = self._memory(rule.target)
            after = schedule.failed(memory, error, now, fingerprint=stop, jitter=chance, wrote=True)
            self._memories[rule.target] = after
            self._store.save({rule.target: after})
            reports.append(TargetReport(rule.target, Outcome.FAILED, memory.wanted, error=str(error)))
        return reports

    def _late(
        self,
        account: Account,
        rules: Sequence[Rule],
        at: float,
        trace: str,
        task: asyncio.Task[list[TargetReport]],
    ) -> None:
        """Slow work has ended; the configuration may have changed since it began."""
        self._slow.pop(account.name, None)
        reports = self._finished(account, rules, {account.name: task})
        if account.name in self._given_up:
            self._given_up.discard(account.name)
            if task.cancelled():
                # What was concluded since it began is known; of the rest, nobody knows what was sent.
                open_ones = [rule for rule in rules if not self._concluded(rule.target, at)]
                error = NoAnswer(f"no sign of progress for {HUNG:.0f} s: given up, and tried again")
                reports = self._failed(account, open_ones, error)
        if reports:
            report = Report(at, trace, {}, tuple(reports))
            self._report(report)
            wanted = {rule.target for rule in self._setup.rules}
            still = tuple(one for one in reports if one.target in wanted)
            self._proofs.watch(Report(at, trace, {}, still))

    def _concluded(self, target: Target, since: float) -> bool:
        """Was it acknowledged, or found to be right, after that?"""
        memory = self._memory(target)
        return memory.live_at is not None and memory.live_at >= since and memory.error is None

    # -- when to go on -------------------------------------------------------------------------

    @staticmethod
    def _arrived(report: Report) -> bool:
        """Has anything succeeded, or must all be left alone?  Then what is wrong has waits of its own."""
        outcomes = [one.outcome for one in report.targets]
        return any(one.right for one in outcomes) or all(one is Outcome.HELD for one in outcomes)

    def _waits(self, report: Report) -> list[float]:
        """Seconds from now until the targets that failed, or could not be seen, want their next try."""
        now = self._world.now()
        waits = self._guard.due()
        if self._slow:  # which is not in the report, and may have been given up by then
            waits.append(HUNG)
        for one in report.targets:
            memory = self._memory(one.target)
            if one.outcome is Outcome.UNKNOWN:
                since = memory.error_at if memory.error_at is not None else now
                if abs(now - since) < SOON:
                    waits.append(schedule.WAITS[Reaction.RETRY][1])
            elif one.outcome is Outcome.HELD and (memory.not_before or 0.0) <= now:
                continue  # the guard holds it, and says itself when that is over
            elif memory.not_before is not None and memory.stopped_by is None:
                waits.append(memory.not_before - now)
        return waits


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel, and wait until it is done."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
