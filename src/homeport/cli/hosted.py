"""The agent for a host that nobody sits at: whatever ends it is written down for who asks later."""

from __future__ import annotations

from pathlib import Path

from ..agent.loop import TRACE
from ..report.log import LOGGER, start
from ..service import failure
from ..service.failure import Failure
from ..service.host import Host
from ..state.lock import AlreadyRunning
from .run import run

LOG = "homeport.log"


def hosted(file: Path, logs: Path, host: Host, who: str) -> int:
    """Until the host stops it; gives 0, or one of `failure.CODES`.  `who` is the account, in words."""
    try:
        return run(
            file,
            once=False,
            as_json=False,
            record=None,
            host=_Forgetting(host, logs),
            log_file=logs / LOG,
        )
    except AlreadyRunning as error:
        return _tell(logs, Failure(failure.SECOND, str(error)))
    except Exception as error:
        code = _tell(logs, failure.explain(error, who))
        if code == failure.BUG:  # nobody but the log hears of it
            LOGGER.exception("a bug in Homeport; please report it")
            raise
        return code


def _tell(logs: Path, found: Failure) -> int:
    """Write down why it ended; gives the code."""
    failure.keep(logs, found)
    if not LOGGER.handlers:  # it ended before the configuration could say how to log
        start("info", "text", logs / LOG, TRACE.get, console=False)
    LOGGER.error("cannot start: %s", found.text)
    return found.code


class _Forgetting:
    """The host; once the agent is up, its last failure is over."""

    def __init__(self, host: Host, logs: Path) -> None:
        self._logs = logs
        self.begin, self.reloading, self.alive, self.stopping = (
            host.begin,
            host.reloading,
            host.alive,
            host.stopping,
        )
        self._ready = host.ready

    def ready(self) -> None:
        failure.forget(self._logs)
        self._ready()
