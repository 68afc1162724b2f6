"""A pipe or a terminal whose reader may have stopped reading.

Whoever writes into a full pipe waits for its reader, for ever if need be: `homeport run | less`, a terminal
held by Ctrl-S, a collector of logs that hangs.  An agent must not wait with it.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from typing import TextIO

PATIENCE = 2.0  # seconds that a reader who is only slow may take to make room
# Characters that always fit into a pipe that has room; none takes more than 12 octets, as `\ud83c\udfe0`.
_PIECE = getattr(select, "PIPE_BUF", 512) // 12


class Patient:
    """A stream that drops what nobody reads; `told` learns how many lines, once one fits again.

    A write is a whole line.  Raises `OSError` as the stream does.
    """

    def __init__(self, stream: TextIO, told: Callable[[int], None]) -> None:
        self.stream, self._told = stream, told
        self._lost = 0

    def write(self, line: str) -> None:
        if self._lost:
            if not self._room(0.0):
                self._lost += 1
                return
            lost, self._lost = self._lost, 0
            self._told(lost)
        for at in range(0, len(line), _PIECE):
            if not self._room(PATIENCE):
                self._lost += 1
                return
            self.stream.write(line[at : at + _PIECE])
            self.stream.flush()

    def flush(self) -> None:
        """Nothing is ever left to flush."""

    def _room(self, seconds: float) -> bool:
        """Is there room?  Windows cannot tell of a pipe or a console, so there it is taken for granted."""
        if sys.platform == "win32":
            return True
        try:
            look = select.poll()
            look.register(self.stream.fileno(), select.POLLOUT)
        except (OSError, ValueError):  # no stream of the system's: a test's, or one that is closed
            return True
        return bool(look.poll(seconds * 1000))
