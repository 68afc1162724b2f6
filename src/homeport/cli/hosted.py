"""The agent for a host that nobody sits at: whatever ends it is written down for who asks later."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from ..core.events import Event
from ..report.log import LOGGER
from ..service import failure
from ..service.failure import Failure
from ..service.host import Host
from ..service.plan import LOG
from ..state.lock import AlreadyRunning
from .log import Log
from .run import run

_LAST_WORDS = 5.0  # seconds


def hosted(file: Path, logs: Path, host: Host, who: str) -> int:
    """Until the host stops it; gives 0, or one of `failure.CODES`.  `who` is the account, in words."""
    log = Log(logs / LOG, _event_log())
    try:
        return run(
            file,
            once=False,
            as_json=False,
            record=None,
            host=_Forgetting(host, logs),
            log=log,
        )
    except AlreadyRunning as error:
        return _tell(logs, log, Failure(failure.SECOND, str(error)))
    except Exception as error:
        code = _tell(logs, log, failure.explain(error, who))
        if code == failure.BUG:  # nobody but the log hears of it
            LOGGER.exception("a bug in Homeport; please report it")
            raise
        return code


def stood_still(logs: Path) -> None:
    """The end of a process in which nothing goes on; its stacks are beside the state (`pulse`).

    Windows is not told that the service has stopped, but sees that its process is gone: started anew
    any sooner, the next agent would find the state still locked.
    """
    found = Failure(failure.STILL, failure.CODES[failure.STILL])

    def say() -> None:
        failure.keep(logs, found)
        LOGGER.error("%s", found.text, extra={"event": Event.STOOD_STILL})

    # On a thread of its own: what stands still may hold the log, or be the disk.
    saying = threading.Thread(target=say, daemon=True)
    saying.start()
    saying.join(_LAST_WORDS)
    os._exit(found.code)


def _event_log() -> list[logging.Handler]:
    """That of Windows, where it can be opened; the files beside it have each line in any case."""
    if sys.platform != "win32":
        return []
    from ..service import windows_event_log  # noqa: PLC0415 - for one system
    from ..service.event_log import EventLog  # noqa: PLC0415

    try:
        return [EventLog(windows_event_log.reporter())]
    except OSError:
        return []


def _tell(logs: Path, log: Log, found: Failure) -> int:
    """Write down why it ended; gives the code."""
    failure.keep(logs, found)
    if not LOGGER.handlers:  # it ended before the configuration could say how to log
        log.begin_plainly()
    LOGGER.error("cannot start: %s", found.text, extra={"event": Event.NOT_STARTED})
    return found.code


class _Forgetting:
    """The host; once the agent is up, its last failure is over."""

    def __init__(self, host: Host, logs: Path) -> None:
        self._logs, self._host = logs, host

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self._host.begin(stop, reload)

    def ready(self) -> None:
        failure.forget(self._logs)
        self._host.ready()

    def reloading(self) -> None:
        self._host.reloading()

    def alive(self) -> None:
        self._host.alive()

    def stopping(self) -> None:
        self._host.stopping()
