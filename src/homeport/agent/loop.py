"""The agent: observe -> decide -> apply -> verify -> report, and round again.

Data flows one way.  Accounts work side by side; one that is slow is left to finish by itself while
the next round begins without it.  A bug in a driver ends its own round at its own account, not more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any

from ..core import schedule
from ..core.address import publishable
from ..core.dns import IPAddress, RRType
from ..core.errors import Reaction, Unintelligible
from ..core.hint import HAND, HEALTH, Hint
from ..core.report import Outcome, Report, Sight, TargetReport
from ..core.schedule import Target
from ..core.wish import Rule
from ..state.store import Store
from .decide import Settled, Todo
from .guard import Guard
from .hearing import Hearing, nobody
from .lines import Lines
from .observe import observe
from .verify import Proof, verify
from .work import Work, prepare, tend
from .world import Account, Setup, World

TRACE: ContextVar[str] = ContextVar("trace", default="")  # names the round in every log line

PATIENCE = 10.0  # seconds that a round waits for a slow account
PROOF_ONCE = 4.0  # seconds for the name servers after `run --once`
PROOF_LONG = 300.0  # seconds for them while the agent goes on
VERIFY_AT_ONCE = 32  # targets
SOON = schedule.HOUR  # so long, an address that cannot be seen is looked for more often than usual
THOROUGH = schedule.HOUR  # from one look that trusts nobody alone to the next
REMEMBERED = 32  # hints that are kept while the next look must wait
SAVE_AFTER = 0.2  # seconds that proofs wait for others to be kept together with

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
    ) -> None:
        self._setup, self._world, self._store = setup, world, store
        self._report, self._proved = report, proved
        self._memories = store.memories()
        allowed = {word for uplink in setup.uplinks.values() for word in uplink.allow}
        self._guard = Guard(store, world.now, world.elapsed)
        self._lines = Lines(store, hears, lambda address: publishable(address, allowed))
        self._slow: dict[str, asyncio.Task[list[TargetReport]]] = {}
        self._proofs: dict[Target, asyncio.Task[None]] = {}
        self._unsaved: set[Target] = set()
        self._thorough = float("-inf")  # when all that must agree were last asked

    def believes(self, uplink: str, rrtype: RRType) -> frozenset[IPAddress]:
        """The addresses that were last seen of a line; none if nothing was."""
        return self._lines.believed((uplink, rrtype)) or frozenset()

    def asked(self, label: str) -> None:
        """A listener has asked a service outside, named as a source is."""
        self._lines.asked(label)

    async def once(self) -> Report:
        """One round, waited for to its end, verification included."""
        self._forget()
        report = await self._round(anew=True, patience=None)
        self._report(report)
        if self._setup.verify:
            await self._verify(report, PROOF_ONCE)
            self._save()
        self._guard.settle()
        return report

    async def run(self) -> None:
        """Rounds without end."""
        self._forget()
        rung: int | None = 0
        hints: list[Hint] = []
        try:
            while True:
                anew = rung is not None or bool(hints) or self._lines.chasing
                report = await self._round(hints, anew=anew, patience=PATIENCE)
                self._report(report)
                if self._setup.verify:
                    self._verify_beside(report)
                if self._arrived(report):
                    rung = None
                await self._world.rest()
                waits = self._waits(report)
                now, chance = self._world.now(), self._world.chance()
                regular = self._lines.interval(self._setup.interval, now, chance)
                pause = schedule.pause(regular, waits, rung=rung)
                rung = None if rung is None else rung + 1
                hints = await self._listen(min(pause, self._lines.chase(self._world.elapsed()) or pause))
                if any(hint.origin == HAND for hint in hints):
                    self._memories.update(self._store.memories())
        finally:
            await _end([*self._slow.values(), *self._proofs.values()])
            self._save()
            self._guard.settle()

    async def plan(self) -> list[Todo | Settled]:
        """What the next round would do, without doing it."""
        self._guard.refresh(self._setup.accounts.values())
        sights = self._look_around(self._setup.rules, thorough=True)
        try:
            works = [
                (self._begin(account, ""), self._rules(account.name))
                for account in self._setup.accounts.values()
            ]
            found = await asyncio.gather(*(prepare(work, rules, sights) for work, rules in works))
        finally:
            await _end(sights.values())
        return [decision for decisions in found for decision in decisions]

    def _forget(self) -> None:
        """Drop what the configuration no longer has."""
        for target in self._memories.keys() - {rule.target for rule in self._setup.rules}:
            del self._memories[target]
            self._store.forget([target])
        uplinks = self._setup.uplinks.values()
        self._lines.forget([(uplink.name, rrtype) for uplink in uplinks for rrtype in uplink.sources])

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
        thorough = not 0 <= at - self._thorough < THOROUGH
        if thorough:
            self._thorough = at
        self._guard.refresh(self._setup.accounts.values())
        free = [account for name, account in self._setup.accounts.items() if name not in self._slow]
        rules = [
            rule
            for account in free
            if self._guard.hold(account) is None
            for rule in self._rules(account.name)
            if schedule.hold(self._memory(rule.target), at, account.fingerprint, anew=anew) is None
        ]
        sights = self._look_around(rules, thorough=thorough)
        tasks = {
            account.name: asyncio.ensure_future(
                tend(self._begin(account, trace), self._rules(account.name), sights, at=at, anew=anew)
            )
            for account in free
        }
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=patience)
        except asyncio.CancelledError:
            await _end([*tasks.values(), *sights.values()])
            raise
        reports = [one for name, task in tasks.items() for one in self._finished(name, task)]
        for name, task in tasks.items():
            if not task.done():
                _log.warning("account %s: still at work after %.0f s; going on without it", name, PATIENCE)
                self._slow[name] = task
                task.add_done_callback(partial(self._late, name, at, trace))
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

    def _begin(self, account: Account, trace: str) -> Work:
        return Work.begin(account, self._world, self._store, self._memories, trace, guard=self._guard)

    def _rules(self, account: str) -> list[Rule]:
        return [rule for rule in self._setup.rules if rule.target.account == account]

    def _finished(self, name: str, task: asyncio.Task[list[TargetReport]]) -> list[TargetReport]:
        """The reports of an account's work; a bug in it becomes the failure of its targets."""
        if not task.done() or task.cancelled():
            return []
        bug = task.exception()
        if bug is None:
            return task.result()
        _log.error("account %s: a bug in Homeport; please report it", name, exc_info=bug)
        error = Unintelligible(f"a bug in Homeport: {type(bug).__name__}; the log has the details")
        now, chance = self._world.now(), self._world.chance()
        fingerprint = self._setup.accounts[name].fingerprint
        reports = []
        for rule in self._rules(name):
            memory = self._memory(rule.target)
            after = schedule.failed(memory, error, now, fingerprint=fingerprint, jitter=chance, wrote=True)
            self._memories[rule.target] = after
            self._store.save({rule.target: after})
            reports.append(TargetReport(rule.target, Outcome.FAILED, memory.wanted, error=str(error)))
        return reports

    def _late(self, name: str, at: float, trace: str, task: asyncio.Task[list[TargetReport]]) -> None:
        self._slow.pop(name, None)
        if reports := self._finished(name, task):
            report = Report(at, trace, {}, tuple(reports))
            self._report(report)
            if self._setup.verify:
                self._verify_beside(report)

    # -- verification --------------------------------------------------------------------------

    async def _verify(self, report: Report, budget: float) -> None:
        """Verify what this round updated."""
        slots = asyncio.Semaphore(VERIFY_AT_ONCE)

        async def one(done: TargetReport) -> None:
            async with slots:
                await self._prove(done, budget)

        await asyncio.gather(*(one(done) for done in _to_prove(report)))

    def _verify_beside(self, report: Report) -> None:
        """The same while the agent goes on; a newer change of a target ends the older watch."""
        for done in _to_prove(report):
            if (older := self._proofs.pop(done.target, None)) is not None:
                older.cancel()
            task = asyncio.ensure_future(self._prove(done, PROOF_LONG))
            self._proofs[done.target] = task
            task.add_done_callback(partial(self._watched, done.target))

    def _watched(self, target: Target, task: asyncio.Task[None]) -> None:
        if self._proofs.get(target) is task:
            del self._proofs[target]

    async def _prove(self, done: TargetReport, budget: float) -> None:
        assert done.wanted is not None
        provider = self._setup.accounts[done.target.account].provider
        world, primary = self._world, provider.primary()
        proof = await verify(world, done.target, done.wanted, primary, budget=budget, shared=done.shared)
        if proof.live:
            memory = replace(self._memories[done.target], verified_at=self._world.now())
            self._memories[done.target] = memory
            if not self._unsaved:
                asyncio.get_running_loop().call_later(SAVE_AFTER, self._save)
            self._unsaved.add(done.target)
        self._proved(proof)

    def _save(self) -> None:
        """Keep the proofs of a moment together: a disk is slow, and a proof can be had again."""
        if self._unsaved:
            self._store.save({target: self._memories[target] for target in self._unsaved})
            self._unsaved.clear()

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


def _to_prove(report: Report) -> list[TargetReport]:
    """Targets that were updated and that name servers show as they are."""
    return [one for one in report.targets if one.outcome is Outcome.UPDATED and not one.veiled]


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel, and wait until it is done."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
