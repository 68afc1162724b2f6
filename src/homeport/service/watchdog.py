"""An agent that stands still is ended, so that whoever keeps it running starts a new one.

systemd has a watchdog of its own (`systemd.py`); Windows has none.  What is counted is how often this
thread woke up without a sign of life: the hours in which a machine sleeps count for nothing, whatever its
clocks say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .host import Host

TICK = 10.0  # seconds; as often does an agent say that it is alive
PATIENCE = 18  # ticks: a disk that has to wake up, or a machine that swaps, is no reason


class Watchdog:
    """See `host.Host`: passes all on.  `bark` ends the process."""

    def __init__(
        self, host: Host, bark: Callable[[], None], wait: Callable[[float], object] | None = None
    ) -> None:
        """`wait` gives something true when the watch is over."""
        self._host, self._bark = host, bark
        self._over = threading.Event()
        self._wait = wait or self._over.wait
        self._missed = 0

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self._host.begin(stop, reload)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def ready(self) -> None:
        self._host.ready()

    def reloading(self) -> None:
        self._host.reloading()

    def alive(self) -> None:
        self._missed = 0
        self._host.alive()

    def stopping(self) -> None:
        """From here on whoever asked for it looks at the time."""
        self._over.set()
        self._host.stopping()

    def _watch(self) -> None:
        while not self._wait(TICK):
            self._missed += 1
            if self._missed > PATIENCE:
                self._bark()
                return
