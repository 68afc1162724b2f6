"""The end of a console window: Windows waits five seconds for it, then ends the program anyway.

Learn.microsoft.com, SetConsoleCtrlHandler, "HandlerRoutine callback function" (read 2026-11-21).  Ctrl-C
and Ctrl-Break reach Python as signals.  So does a closed window, but as soon as the signal is noted Windows
ends the process; so this handler keeps Windows waiting until the agent has ended by itself.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

CLOSE, LOGOFF, SHUTDOWN = 2, 5, 6
_PATIENCE = 20.0  # seconds; for a closed window Windows itself waits only five

_function: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
Routine = _function(ctypes.c_int, ctypes.c_uint32)


class Console:
    """`kernel` is the DLL of this name; `end` asks the agent to end, from any thread."""

    def __init__(self, kernel: Any, end: Callable[[], None], patience: float = _PATIENCE) -> None:
        self._kernel, self._end, self._patience = kernel, end, patience
        self._routine = Routine(self._heard)  # ctypes does not keep it
        self._never = threading.Event()

    def listen(self) -> bool:
        """False if there is no console."""
        return bool(self._kernel.SetConsoleCtrlHandler(self._routine, True))

    def leave(self) -> None:
        """Whoever is being kept waiting still waits: the process ends first."""
        self._kernel.SetConsoleCtrlHandler(self._routine, False)

    def _heard(self, kind: int) -> int:
        """On a thread of Windows' own."""
        if kind not in (CLOSE, LOGOFF, SHUTDOWN):
            return 0  # the next handler, which is Python's
        self._end()
        self._never.wait(self._patience)
        return 1


def interrupt() -> None:
    """As Ctrl-Break does; from any thread."""
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGBREAK)


def real() -> Console:
    """That of this process."""
    if sys.platform != "win32":
        raise RuntimeError("there is no such console here")
    return Console(ctypes.WinDLL("kernel32", use_last_error=True), interrupt)
