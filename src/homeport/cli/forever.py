"""`homeport run` without `--once`: the agent, its ears and its doorbell, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..agent.hearing import Roll
from ..agent.loop import Agent
from ..agent.verify import Proof
from ..config.model import Config
from ..core.hint import HAND, Hint
from ..core.report import Report
from ..net import doorbell
from ..report.log import LOGGER, LogView
from ..service.host import Host
from ..state.store import Store
from .exits import RIGHT
from .listening import ears
from .run import print_json, proved
from .setup import begin, setup, world

if TYPE_CHECKING:
    from ..report.record import Recorder

ASKED = Hint(HAND, "somebody asks for it")


async def forever(
    config: Config, store: Store, recorder: Recorder | None, host: Host, *, as_json: bool
) -> int:
    real = world(config, None if recorder is None else recorder.neighbours)
    view = LogView()

    def report(report: Report) -> None:
        view(report)
        if recorder is not None:
            recorder.round(report, [name for name in config.uplinks if not real.healthy(name)])
        if as_json:
            print_json(report)

    def tell(hint: Hint) -> None:
        if recorder is not None:
            recorder.hint(hint)
        real.wake(hint)

    try:
        bell, where = await doorbell.listen(lambda: tell(ASKED))
    except OSError as error:
        LOGGER.warning("`homeport retry` cannot wake this agent: %s", error.strerror)
        bell = None
    else:
        store.put("doorbell", where)
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, tell, ASKED)
    here = asyncio.current_task()
    assert here is not None
    host.begin(_from_anywhere(here.cancel), _from_anywhere(lambda: tell(ASKED)))
    asked = setup(config, store.salt())
    LOGGER.info(
        "started: %d targets, a round every %.0f s, state in %s",
        len(asked.rules),
        asked.interval,
        config.agent.state_dir,
    )
    if recorder is not None:
        begin(recorder, asked)
    roll = Roll()
    agent = Agent(asked, real, store, report, _log_proof, hears=roll.hears)
    listening = asyncio.ensure_future(ears(config, real, agent, roll, tell).run())
    listening.add_done_callback(_ears_ended)
    host.ready()
    try:
        await agent.run()
    finally:
        host.stopping()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        if bell is not None:
            bell.close()
        await real.rest()
        LOGGER.info("stopped")
    return RIGHT


def _from_anywhere(act: Callable[[], object]) -> Callable[[], None]:
    """The same, for other threads; after the loop has ended it does nothing."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody left to be told
            loop.call_soon_threadsafe(act)

    return call


def _ears_ended(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        LOGGER.error("nobody listens any more: a bug in Homeport; please report it", exc_info=bug)


def _log_proof(proof: Proof) -> None:
    if proof.live and not proof.late:
        LOGGER.info("%s%s", proof.target, proved(proof).replace("; ", ": ", 1))
    else:
        LOGGER.warning("%s%s", proof.target, proved(proof).replace("; ", ": ", 1))
