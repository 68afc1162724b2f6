"""Windows tells when the clock was set: by a message to windows, and to services by their manager.

Learn.microsoft.com, WM_TIMECHANGE, SERVICE_CONTROL_TIMECHANGE, "Creating a Message-Only Window" (read
2026-11-21): only a top-level window gets what is sent to all, so this one is such, and is never shown.  In
session 0, where services are, nobody sends such messages: there `clock_was_set` is called.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

from ..core.errors import SourceError
from ..core.hint import Hint, Tell

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

CLASS = "HomeportClock"
TIME_CHANGE = 0x1E  # WM_TIMECHANGE
_CLOSE, _DESTROY = 0x10, 0x2
_END = 10.0  # seconds that the window may take to go

_Procedure = ctypes.WINFUNCTYPE(
    ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM
)
_ears: set[Callable[[], None]] = set()


class _WindowClass(ctypes.Structure):
    _fields_ = [
        ("style", wintypes.UINT),
        ("procedure", _Procedure),
        ("class_extra", ctypes.c_int),
        ("window_extra", ctypes.c_int),
        ("instance", wintypes.HINSTANCE),
        ("icon", wintypes.HANDLE),
        ("cursor", wintypes.HANDLE),
        ("background", wintypes.HANDLE),
        ("menu", wintypes.LPCWSTR),
        ("name", wintypes.LPCWSTR),
    ]


def clock_was_set() -> None:
    """For the service manager, which tells its services; from any thread."""
    for tell in tuple(_ears):
        tell()


class ClockEvents:
    """Tells that the clock was set."""

    name = "clock"

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`.  `SourceError` where Windows makes no window."""
        loop = asyncio.get_running_loop()
        news = Hint("system", "the clock was set")

        def heard() -> None:
            loop.call_soon_threadsafe(tell, news)

        ended: asyncio.Future[None] = loop.create_future()

        def failed() -> None:
            if not ended.done():
                ended.set_exception(
                    SourceError("Windows makes no window for it, so nobody tells that the clock was set")
                )

        _ears.add(heard)
        stop = _window(heard, lambda: loop.call_soon_threadsafe(failed)) if _session() != 0 else None
        try:
            await ended
        finally:
            _ears.discard(heard)
            if stop is not None:
                stop()


def _session() -> int:
    found = wintypes.DWORD()
    ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(found))
    return found.value


def _window(heard: Callable[[], None], failed: Callable[[], object]) -> Callable[[], None]:
    """A window on a thread of its own, which alone may read its messages.  What comes back ends both."""
    user = ctypes.WinDLL("user32", use_last_error=True)
    user.CreateWindowExW.restype = wintypes.HWND
    user.DefWindowProcW.restype = ctypes.c_ssize_t
    user.DefWindowProcW.argtypes = [wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM]
    made: list[int] = []
    ended = threading.Event()

    def receive(window: int, message: int, word: int, more: int) -> int:
        if message == TIME_CHANGE:
            heard()
        elif message == _DESTROY:
            user.PostQuitMessage(0)
        return int(user.DefWindowProcW(window, message, word, more))

    procedure = _Procedure(receive)

    def work() -> None:
        kind = _WindowClass(procedure=procedure, name=CLASS)
        user.RegisterClassW(ctypes.byref(kind))
        window = user.CreateWindowExW(0, CLASS, "Homeport", 0, 0, 0, 0, 0, None, None, None, None)
        if not window:
            failed()
            return
        made.append(window)
        if ended.is_set():  # before there was a window to tell it to
            close(window)
        message = wintypes.MSG()
        while user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            user.DispatchMessageW(ctypes.byref(message))
        user.UnregisterClassW(CLASS, None)

    def close(window: int) -> None:
        user.PostMessageW(wintypes.HWND(window), _CLOSE, 0, 0)

    thread = threading.Thread(target=work, name="clock", daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        for window in made:
            close(window)
        thread.join(_END)

    return stop
