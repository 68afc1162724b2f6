"""Sees to it that what was updated is proved at the name servers, beside the rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from ..core.report import Outcome, Report, TargetReport
from ..core.schedule import Memory, Target
from ..state.store import Store
from .verify import Proof, verify
from .world import Setup, World

AT_ONCE = 4.0  # seconds for the name servers after `run --once`
LONG = 300.0  # seconds for them while the agent goes on
SIDE_BY_SIDE = 32  # targets
SAVE_AFTER = 0.2  # seconds that proofs wait for others to be kept together with


class _Watch(NamedTuple):
    """One verification that goes on."""

    task: asyncio.Task[None]
    since: float  # by the clock that never jumps
    done: TargetReport


class Proofs:
    """`memories` are the agent's own: a proof is put down there, and in the store a moment later."""

    def __init__(
        self,
        setup: Setup,
        world: World,
        store: Store,
        memories: dict[Target, Memory],
        proved: Callable[[Proof], None],
    ) -> None:
        self._setup, self._world = setup, world
        self._store, self._memories, self._proved = store, memories, proved
        self._watches: dict[Target, _Watch] = {}
        self._unsaved: set[Target] = set()

    def adopt(self, setup: Setup, world: World) -> None:
        """Go on with another setup; what it does not want is watched no more."""
        self._setup, self._world = setup, world
        wanted = {rule.target for rule in setup.rules}
        for target in self._watches.keys() - wanted:
            self._watches.pop(target).task.cancel()

    async def wait(self, report: Report) -> None:
        """Prove what a round updated, as far as that takes no longer than `AT_ONCE`."""
        if self._setup.verify:
            slots = asyncio.Semaphore(SIDE_BY_SIDE)

            async def one(done: TargetReport) -> None:
                async with slots:
                    await self._prove(done, AT_ONCE)

            await asyncio.gather(*(one(done) for done in _updated(report)))
            self.save()

    def watch(self, report: Report) -> None:
        """The same beside what goes on; a newer change of a target ends the older watch."""
        for done in _updated(report) if self._setup.verify else ():
            self._watch(done)

    def late(self, patience: float) -> Iterator[tuple[Target, float, asyncio.Task[Any]]]:
        """Those that go on for longer than they may, by so many seconds, and for how long they do."""
        now = self._world.elapsed()
        for target, watch in self._watches.items():
            if now - watch.since > LONG + patience:
                yield target, now - watch.since, watch.task

    def again(self, task: asyncio.Task[Any]) -> None:
        """If it is one of these that has been given up, begin it anew."""
        for watch in list(self._watches.values()):
            if watch.task is task:
                self._watch(watch.done)

    def tasks(self) -> Collection[asyncio.Task[None]]:
        return [watch.task for watch in self._watches.values()]

    def save(self) -> None:
        """Keep the proofs of a moment together: a disk is slow, and a proof can be had again."""
        if self._unsaved:
            self._store.save({target: self._memories[target] for target in self._unsaved})
            self._unsaved.clear()

    def _watch(self, done: TargetReport) -> None:
        if (older := self._watches.pop(done.target, None)) is not None:
            older.task.cancel()
        task = asyncio.ensure_future(self._prove(done, LONG))
        self._watches[done.target] = _Watch(task, self._world.elapsed(), done)
        task.add_done_callback(partial(self._over, done.target))

    def _over(self, target: Target, task: asyncio.Task[None]) -> None:
        if target in self._watches and self._watches[target].task is task:
            del self._watches[target]

    async def _prove(self, done: TargetReport, budget: float) -> None:
        assert done.wanted is not None
        provider = self._setup.accounts[done.target.account].provider
        world, primary = self._world, provider.primary()
        proof = await verify(world, done.target, done.wanted, primary, budget=budget, shared=done.shared)
        if proof.live:
            memory = self._memories[done.target]._replace(verified_at=self._world.now())
            self._memories[done.target] = memory
            if not self._unsaved:
                asyncio.get_running_loop().call_later(SAVE_AFTER, self.save)
            self._unsaved.add(done.target)
        self._proved(proof)


def _updated(report: Report) -> list[TargetReport]:
    """Targets that were updated and that name servers show as they are."""
    return [one for one in report.targets if one.outcome is Outcome.UPDATED and not one.veiled]
