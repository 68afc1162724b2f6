"""Feels the agent's pulse: whether its loop turns and its work gets on, and what it takes of the machine.

A loop that stands still can say nothing about itself.  So a timer of the interpreter is wound up again
at each beat; when it runs out, it writes where every thread is into a file beside the state, which is told
in the log as soon as the loop turns again, or by the next agent.
"""

from __future__ import annotations

import asyncio
import faulthandler
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ..agent.loop import HUNG, Agent
from ..core import watch
from ..report.log import LOGGER
from ..service import measure
from ..service.host import Host
from ..state.lock import STANDSTILL
from ..state.store import Store
from .taken import KEEP, Taken

BEAT = 10.0  # seconds
SAMPLE = 60.0  # seconds between two samples
GRACE = 60.0  # seconds for a round that hangs to end, before the host is told no more that all is well
STACKS = 12  # of other tasks, that are told of when one hangs


class Pulse:
    """`folder` is where the state is."""

    def __init__(self, agent: Agent, store: Store, host: Host, folder: Path) -> None:
        self._agent, self._store, self._host, self._folder = agent, store, host, folder
        self._file: TextIO | None = None
        self._watch = watch.Watch.begin(measure.sample())
        self._lag = 0.0
        self._kept = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        self._open()
        self._keep()
        clock = asyncio.get_running_loop().time
        try:
            while True:
                self._wind()
                due = clock() + BEAT
                await asyncio.sleep(BEAT)
                lag = clock() - due
                self._lag = max(self._lag, lag)
                if lag > watch.WORTH:
                    self._stood_still(lag)
                self._beat()
                if time.monotonic() - self._watch.last.at >= SAMPLE:
                    await self._sample()
        finally:
            faulthandler.cancel_dump_traceback_later()
            if self._file is not None:
                self._file.close()

    def _beat(self) -> None:
        for what, task in self._agent.hung():
            _tell_stack(f"{what}; it is cancelled, and tried again", task)
            self._agent.give_up(task)
        if self._agent.late <= HUNG + GRACE:
            self._host.alive()

    async def _sample(self) -> None:
        self._watch, findings = self._watch.after(measure.sample(self._lag))
        self._lag = 0.0
        for one in findings:
            evidence = f"; the most objects are: {measure.objects()}"
            if one.word == "busy":
                where = await asyncio.to_thread(measure.running, threading.get_ident())
                evidence = "; ".join(["", *where])
            LOGGER.warning("this agent does not do well: %s%s", one.says, evidence)
        # Of the clock on the wall: a machine that slept tells soon that this agent goes on.
        if findings or not 0 <= time.time() - self._kept < KEEP:
            self._keep(findings)

    def _keep(self, findings: Sequence[watch.Finding] = ()) -> None:
        self._kept = time.time()
        Taken.of(self._watch, self._kept, findings).keep(self._store)

    def _open(self) -> None:
        """The file for stacks; what an agent before this one has left in it is told."""
        path = self._folder / STANDSTILL
        try:
            self._file = path.open("a+", encoding="utf-8", errors="replace")
        except OSError:
            return  # the lock and the store have said already that nothing can be written here
        if said := self._said():
            LOGGER.warning("the agent before this one has stood still, and never went on:\n%s", said)

    def _wind(self) -> None:
        if self._file is not None:
            faulthandler.dump_traceback_later(BEAT + watch.WORTH, file=self._file)

    def _stood_still(self, lag: float) -> None:
        said = self._said()
        slept = "; perhaps the machine slept" if lag > BEAT + watch.WORTH else ""
        where = f"; it was here:\n{said}" if said else slept
        LOGGER.warning("nothing went on for %.0f s%s", lag, where)

    def _said(self) -> str:
        """What the timer has written; the file is empty after that."""
        if self._file is None:
            return ""
        self._file.seek(0)
        said = self._file.read().strip()
        if said:
            self._file.seek(0)
            self._file.truncate()
        return said


def _tell_stack(what: str, task: asyncio.Task[object]) -> None:
    lines = [what, *(f"  {one}" for one in measure.stack(task))]
    others = [one for one in asyncio.all_tasks() if one not in (task, asyncio.current_task())]
    lines += [f"  beside it: {' <- '.join(reversed(measure.stack(one)))}" for one in others[:STACKS]]
    LOGGER.error("%s", "\n".join(lines))
