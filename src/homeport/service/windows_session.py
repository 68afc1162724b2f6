"""The end of a session: Windows asks each window of a program, then ends those that have none.

Learn.microsoft.com, WM_QUERYENDSESSION, WM_ENDSESSION, and of SetConsoleCtrlHandler the remarks (read
2026-11-22): a program that has loaded user32 is told of a logoff and of a shutdown by these messages alone,
in a console too.  Windows waits five seconds for the answer to the second, then ends the program anyway.
Services are told by their manager.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any

CLASS = "HomeportSession"
QUERY_END_SESSION, END_SESSION = 0x11, 0x16
_DESTROY = 0x2
_PATIENCE = 20.0  # seconds; Windows itself waits only five, unless a person lets it wait

_function: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
Word = ctypes.c_size_t
Procedure = _function(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_uint, Word, ctypes.c_ssize_t)


class WindowClass(ctypes.Structure):
    """WNDCLASSW."""

    _fields_ = [
        ("style", ctypes.c_uint),
        ("procedure", Procedure),
        ("class_extra", ctypes.c_int),
        ("window_extra", ctypes.c_int),
        ("instance", ctypes.c_void_p),
        ("icon", ctypes.c_void_p),
        ("cursor", ctypes.c_void_p),
        ("background", ctypes.c_void_p),
        ("menu", ctypes.c_wchar_p),
        ("name", ctypes.c_wchar_p),
    ]


class Message(ctypes.Structure):
    """MSG, which is only passed on."""

    _fields_ = [("words", ctypes.c_void_p * 6)]


class Session:
    """`user` is the DLL user32; `end` asks the agent to end, from any thread.

    `wait` keeps Windows waiting meanwhile: an answer is the end of the process.
    """

    def __init__(self, user: Any, end: Callable[[], object], wait: Callable[[], object]) -> None:
        self._user, self._end, self._wait = user, end, wait
        self._procedure = Procedure(self._receive)  # ctypes does not keep it
        user.CreateWindowExW.restype = ctypes.c_void_p
        user.DefWindowProcW.restype = ctypes.c_ssize_t
        user.DefWindowProcW.argtypes = [ctypes.c_void_p, ctypes.c_uint, Word, ctypes.c_ssize_t]

    def listen(self) -> None:
        """On a thread of its own, which alone may read the window's messages, until the process ends."""
        threading.Thread(target=self._work, name="session", daemon=True).start()

    def _work(self) -> None:
        kind = WindowClass(procedure=self._procedure, name=CLASS)
        self._user.RegisterClassW(ctypes.byref(kind))
        window = self._user.CreateWindowExW(0, CLASS, "Homeport", *[0] * 5, *[None] * 4)
        if not window:  # a session without windows: nobody is told, as before there were any
            return
        message = Message()
        while self._user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            self._user.DispatchMessageW(ctypes.byref(message))

    def _receive(self, window: int | None, message: int, word: int, more: int) -> int:
        if message == QUERY_END_SESSION:
            return 1  # no objection
        if message == END_SESSION:
            if word:  # otherwise somebody else objects, and the session goes on
                self._end()
                self._wait()
            return 0
        if message == _DESTROY:
            self._user.PostQuitMessage(0)
        return int(self._user.DefWindowProcW(window, message, word, more))


def real(end: Callable[[], object]) -> Session:
    """That of this Windows."""
    if sys.platform != "win32":
        raise RuntimeError("there are no such sessions here")
    user = ctypes.WinDLL("user32", use_last_error=True)
    return Session(user, end, lambda: threading.Event().wait(_PATIENCE))
