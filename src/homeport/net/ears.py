"""Keeps the listeners running: starts them, says each trouble once, and starts them again.

A listener that cannot listen is no misfortune, since the agent looks by itself from time to time.  So
nothing here ever ends the agent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..core.errors import SourceError
from ..core.hint import Hint, Tell

# Seconds until the next try of one that cannot listen: a gateway starts within a few minutes.
WAITS = (10.0, 20.0, 30.0, 60.0, 60.0, 120.0, 300.0, 900.0)
SOUND = 600.0  # seconds of listening after which earlier failures are forgotten
SETTLE = 0.5  # seconds that a machine which has moved needs to know its new network
MOVED = frozenset({"system", "resume"})  # after these, a socket may belong to a network that is gone
RESTARTED = frozenset({"nat-pmp", "pcp"})  # after these, the gateway may have forgotten who listens

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Hears of changes.  It decides nothing, and believes nobody who could be a stranger."""

    @property
    def name(self) -> str: ...

    async def run(self, tell: Tell) -> None:
        """Until it is cancelled.  Raises `SourceError` when it cannot listen any more."""
        ...


@runtime_checkable
class Subscriber(Protocol):
    """A listener whom the gateway has on a list."""

    def again(self) -> None:
        """The gateway may have forgotten it: see."""
        ...


class Ears:
    """The listeners to this machine itself (`inner`), and those to its neighbourhood (`outer`).

    The latter begin anew when the machine has moved to another network.  `tell` is told all they hear.
    """

    def __init__(self, inner: Sequence[Listener], outer: Sequence[Listener], tell: Tell) -> None:
        self._inner, self._outer, self._tell = inner, outer, tell
        self._moved = asyncio.Event()
        self._tasks: dict[Listener, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self.adopt(self._inner, self._outer)
                await asyncio.Event().wait()
        finally:
            self._group = None
            self._tasks.clear()

    def adopt(self, inner: Sequence[Listener], outer: Sequence[Listener]) -> None:
        """Let these listen and no others; one that listens already is not disturbed."""
        self._inner, self._outer = inner, outer
        if self._group is None:
            return
        for one in self._tasks.keys() - {*inner, *outer}:
            self._tasks.pop(one).cancel()
        for one in (*inner, *outer):
            if one not in self._tasks:
                self._tasks[one] = self._group.create_task(self._keep(one))

    def _heard(self, hint: Hint) -> None:
        self._tell(hint)
        if hint.origin in MOVED:
            self._moved.set()
            self._moved = asyncio.Event()  # for the next time
        if hint.origin in RESTARTED:
            for one in self._outer:
                if isinstance(one, Subscriber):
                    one.again()

    async def _keep(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        failures, said = 0, ""
        while True:
            began, moved = loop.time(), self._moved
            trouble = await self._listen(listener, moved)
            if trouble is None:  # the machine has moved
                failures = 0
                await asyncio.sleep(SETTLE)
                continue
            if loop.time() - began > SOUND:
                failures, said = 0, ""
            if (why := _in_words(trouble)) != said:
                if not isinstance(trouble, SourceError):
                    _log.error("%s: a bug in Homeport; please report it", listener.name, exc_info=trouble)
                _log.info("%s: %s; the address is looked at from time to time", listener.name, why)
                said = why
            wait = WAITS[min(failures, len(WAITS) - 1)]
            failures += 1
            await self._unless_moved(moved, wait)

    async def _listen(self, listener: Listener, moved: asyncio.Event) -> BaseException | None:
        """Let it listen to its end: why it ended; None if the machine has moved."""
        outer = listener in self._outer
        work = asyncio.ensure_future(listener.run(self._heard))
        move = asyncio.ensure_future(moved.wait() if outer else asyncio.Event().wait())
        try:
            await asyncio.wait({work, move}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, move):
                task.cancel()
            await asyncio.gather(work, move, return_exceptions=True)
        if work.cancelled():
            return None
        return work.exception() or RuntimeError("a listener ended without a word")

    async def _unless_moved(self, moved: asyncio.Event, seconds: float) -> None:
        """Wait, but not longer than until the machine moves: elsewhere it may well listen."""
        try:
            async with asyncio.timeout(seconds):
                await moved.wait()
        except TimeoutError:
            return
        await asyncio.sleep(SETTLE)


def _in_words(trouble: BaseException) -> str:
    return (
        str(trouble) if isinstance(trouble, SourceError) else f"a bug in Homeport: {type(trouble).__name__}"
    )
