"""`homeport run` without `--once`: the agent, its ears and its doorbell, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agent.hearing import Roll
from ..agent.loop import Agent
from ..agent.verify import Proof
from ..config.model import Config
from ..core.events import Event
from ..core.hint import HAND, Hint
from ..core.report import Report
from ..net import doorbell
from ..report.log import LOGGER, LogView
from ..report.patient import Patient
from ..service.host import Host, Shows
from ..state.store import Store
from .exits import RIGHT
from .listening import Listening
from .log import Log
from .pulse import Pulse
from .reload import Reloading
from .run import json_lines, proved
from .setup import begin, setup, world

if TYPE_CHECKING:
    from ..report.record import Recorder

ASKED = Hint(HAND, "somebody asks for it")
CHANGED = Hint(HAND, "the configuration has changed")


class Out:
    """Standard output of an agent that goes on whatever becomes of it, but for a reader who has left."""

    def __init__(self) -> None:
        self._stream = Patient(sys.stdout, _not_read)
        self._trouble: str | None = None

    def say(self, lines: Iterable[str]) -> None:
        """Raises `BrokenPipeError` where the reader has left: then it was run for his sake."""
        try:
            for line in lines:
                self._stream.write(line + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._trouble != error.strerror:
                LOGGER.warning("standard output cannot be written: %s", error.strerror)
            self._trouble = error.strerror
        else:
            self._trouble = None


def _not_read(lines: int) -> None:
    LOGGER.warning("%d lines of JSON were dropped: nobody read them from standard output", lines)


class _Resident:
    """The agent with all that it needs, while the configuration comes and goes."""

    def __init__(
        self,
        config: Config,
        store: Store,
        recorder: Recorder | None,
        host: Host,
        log: Log,
        *,
        as_json: bool,
    ) -> None:
        self._config, self._store, self._recorder, self._as_json = config, store, recorder, as_json
        self._host, self._log = host, log
        self._out = Out()
        self.world = world(config, None if recorder is None else recorder.neighbours)
        self._view = LogView()
        asked = setup(config, store.salt())
        LOGGER.info(
            "started: %d targets, a round every %.0f s, state in %s",
            len(asked.rules),
            asked.interval,
            config.agent.state_dir,
            extra={"event": Event.STARTED},
        )
        if recorder is not None:
            begin(recorder, asked)
        roll = Roll()
        self.agent = Agent(
            asked, self.world, store, self._report, _log_proof, hears=roll.hears, missed=roll.missed
        )
        self._listening = Listening(self.agent, roll, self.tell)
        self.ears = self._listening.ears(config, self.world)

    def tell(self, hint: Hint) -> None:
        if self._recorder is not None:
            self._recorder.hint(hint)
        self.world.wake(hint)

    async def take(self, config: Config) -> None:
        """Go on with another configuration.  What it leaves as it was is not disturbed."""
        self._log.go_on(config)
        if self._recorder is not None:
            self._recorder.end("the configuration has changed")
        begun = world(config, None, (self._config, self.world))
        asked = setup(config, self._store.salt())
        taken = self.agent.adopt(asked, begun)
        self.tell(CHANGED)
        await taken
        self._view.forget([rule.target for rule in asked.rules])
        self._config, self.world = config, begun
        self.ears.adopt(*self._listening.listeners(config, begun))

    def _report(self, report: Report) -> None:
        self._view(report)
        if self._recorder is not None:
            down = [name for name in self._config.uplinks if not self.world.healthy(name)]
            self._recorder.round(report, down)
        if isinstance(self._host, Shows):
            self._host.shows(self._view.line())
        if self._as_json:
            self._out.say(json_lines(report))


async def forever(
    config: Config,
    store: Store,
    recorder: Recorder | None,
    host: Host,
    log: Log,
    *,
    path: Path | None,
    began: float,
    as_json: bool,
) -> int:
    """`path` is where the configuration was asked for, and `began` when that was: it is read again."""
    resident = _Resident(config, store, recorder, host, log, as_json=as_json)

    def asked() -> None:
        resident.tell(ASKED)

    reloading = Reloading(
        path, config, store, resident.take, began=began, host=host, asked=asked, fit=log.fit
    )
    bell = await _doorbell(store, asked)
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.ask)
    here = asyncio.current_task()
    assert here is not None
    host.begin(_from_anywhere(here.cancel), _from_anywhere(reloading.ask))
    pulse = Pulse(resident.agent, store, host, config.agent.state_dir)
    beside = [
        _beside(pulse.run(), "nobody watches over this agent any more"),
        _beside(resident.ears.run(), "nobody listens any more"),
        _beside(reloading.run(), "a changed configuration is not noticed any more"),
    ]
    host.ready()
    try:
        await resident.agent.run()
    finally:
        host.stopping()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        if bell is not None:
            bell.close()
        await resident.world.rest()
        LOGGER.info("stopped", extra={"event": Event.ENDED})
    return RIGHT


async def _doorbell(store: Store, rung: Callable[[], None]) -> asyncio.DatagramTransport | None:
    """Where other commands can wake this agent."""
    try:
        bell, where = await doorbell.listen(rung)
    except OSError as error:
        LOGGER.warning("`homeport retry` cannot wake this agent: %s", error.strerror)
        return None
    store.put("doorbell", where)
    return bell


def _from_anywhere(act: Callable[[], object]) -> Callable[[], None]:
    """The same, for other threads; after the loop has ended it does nothing."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody left to be told
            loop.call_soon_threadsafe(act)

    return call


def _beside(work: Coroutine[Any, Any, None], lost: str) -> asyncio.Task[None]:
    """Work that goes on beside the agent; when a bug ends it, `lost` says what that means."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (bug := task.exception()) is not None:
            LOGGER.error("%s: a bug in Homeport; please report it", lost, exc_info=bug)

    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(ended)
    return task


def _log_proof(proof: Proof) -> None:
    right = proof.live and not proof.late
    level, event = (logging.INFO, Event.LIVE) if right else (logging.WARNING, Event.NOT_LIVE)
    said = proved(proof).replace("; ", ": ", 1)
    LOGGER.log(level, "%s%s", proof.target, said, extra={"event": event})
