"""The end of a session, told to a window of this process by Windows' own functions (under Wine too)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

assert sys.platform == "win32", "elsewhere conftest.py leaves this file out"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

from homeport.service.windows_session import CLASS, END_SESSION, QUERY_END_SESSION, Session  # noqa: E402

user = ctypes.WinDLL("user32")
user.FindWindowExW.argtypes = [wintypes.HWND, wintypes.HWND, wintypes.LPCWSTR, wintypes.LPCWSTR]
user.FindWindowExW.restype = wintypes.HWND
LONG = 60_000  # milliseconds


def window() -> int | None:
    """The one of this process: another agent of this Windows has one, too."""
    found, process = None, wintypes.DWORD()
    while found := user.FindWindowExW(None, found, CLASS, None):
        user.GetWindowThreadProcessId(wintypes.HWND(found), ctypes.byref(process))
        if process.value == os.getpid():
            return int(found)
    return None


def asked(message: int, word: int, patience: int = LONG) -> int | None:
    """What the window answers; None if it does not, for so many milliseconds."""
    answer = ctypes.c_size_t()
    there = wintypes.HWND(window())
    done = user.SendMessageTimeoutW(there, message, word, 0, 0, patience, ctypes.byref(answer))
    return answer.value if done else None


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    asked_to_end, never = threading.Event(), threading.Event()
    session = Session(ctypes.WinDLL("user32", use_last_error=True), asked_to_end.set, never.wait)
    session.listen()
    while window() is None:
        never.wait(0.01)  # between two looks
    yield asked_to_end
    never.set()
    user.PostMessageW(wintypes.HWND(window()), 0x10, 0, 0)  # WM_CLOSE
    while window() is not None:
        threading.Event().wait(0.01)


def test_who_logs_off_is_not_kept_from_it_and_the_agent_is_asked_to_end(ended: threading.Event) -> None:
    assert asked(QUERY_END_SESSION, 0) == 1
    assert not ended.is_set(), "another program may still object"
    assert asked(END_SESSION, 0) == 0
    assert not ended.is_set(), "another program has objected"

    assert asked(END_SESSION, 1, 500) is None, "an answer would be the end of the process"
    assert ended.is_set()
