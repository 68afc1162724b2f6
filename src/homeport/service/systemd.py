"""systemd as the host: it is told of start, reload and end, and that the loop still turns.

The protocol is that of sd_notify(3) and sd_watchdog_enabled(3), as of systemd 257: datagrams of
`NAME=value` lines to the socket that $NOTIFY_SOCKET names.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

LONGEST = 200  # characters of a status line


class Systemd:
    """See `host.Host` and `host.Shows`.  `watchdog` is the time that systemd allows, in seconds.

    The agent says every ten seconds that it is alive, so `WatchdogSec` shall be 30 s or more.
    """

    def __init__(
        self,
        address: str,
        watchdog: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog, self._clock = watchdog, clock
        self._pinged = float("-inf")
        self._shown = ""

    @classmethod
    def found(cls, environ: Mapping[str, str]) -> Self | None:
        """The systemd that has started this process and wants to be told; None if there is none."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
            return None
        allowed = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = int(allowed) / 1e6 if ours and allowed.isdecimal() and int(allowed) else None
        return cls(address, watchdog)

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        """Both come as signals, which the agent hears anyway."""

    def ready(self) -> None:
        self._tell("READY=1")

    def reloading(self) -> None:
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """Passed on every quarter of the time allowed, as systemd wants to hear at least at its half."""
        now = self._clock()
        if self._watchdog is not None and now - self._pinged >= self._watchdog / 4:
            self._pinged = now
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def shows(self, line: str) -> None:
        """What `systemctl status` shows; said only when it is another."""
        line = " ".join(line.split())[:LONGEST]
        if line != self._shown:
            self._shown = line
            self._tell(f"STATUS={line}")

    def _tell(self, *lines: str) -> None:
        if sys.platform == "win32":
            return
        # A deaf host must not stop the agent, and there is nobody else to tell.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), self._address)
