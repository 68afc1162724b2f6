"""The clock of Windows, run by Windows Python (under Wine: scripts/windows-lab)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

assert sys.platform == "win32", "elsewhere conftest.py leaves this file out"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

from homeport.core.hint import Hint  # noqa: E402
from homeport.net import windows_clock  # noqa: E402
from homeport.net.windows_clock import CLASS, TIME_CHANGE, ClockEvents  # noqa: E402

user = ctypes.WinDLL("user32")
user.FindWindowExW.argtypes = [wintypes.HWND, wintypes.HWND, wintypes.LPCWSTR, wintypes.LPCWSTR]
user.FindWindowExW.restype = wintypes.HWND


def window() -> int | None:
    """The one of this process: another agent of this Windows has one, too."""
    found, process = None, wintypes.DWORD()
    while found := user.FindWindowExW(None, found, CLASS, None):
        user.GetWindowThreadProcessId(wintypes.HWND(found), ctypes.byref(process))
        if process.value == os.getpid():
            return int(found)
    return None


def by_message() -> None:
    """As Windows tells all windows."""
    user.PostMessageW(wintypes.HWND(window()), TIME_CHANGE, 0, 0)


def here() -> bool:
    return window() is not None


@pytest.mark.parametrize("set_clock", [by_message, windows_clock.clock_was_set])
def test_a_clock_that_was_set_is_told_until_nobody_listens(set_clock: Callable[[], None]) -> None:
    async def act() -> None:
        for _ in range(3):
            told: asyncio.Queue[Hint] = asyncio.Queue()
            work = asyncio.ensure_future(ClockEvents().run(told.put_nowait))
            while not here():
                await asyncio.sleep(0.01)
            set_clock()
            assert (await told.get()).says == "the clock was set"
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            assert told.empty()
            assert not here()
            set_clock()

    asyncio.run(act())
    assert not windows_clock._ears
