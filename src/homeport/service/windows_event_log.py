"""The calls of Windows' Event Log.  ReportEventW and its kin: Microsoft Learn, read 2026-11-21."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
import winreg  # noqa: E402

from .event_log import KEY, SOURCE, Reporter, values  # noqa: E402
from .manager import NotAllowed  # noqa: E402


def reporter(source: str = SOURCE) -> Reporter:
    """The Event Log of this Windows.  Raises `OSError` if it cannot be opened."""
    advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
    advapi32.RegisterEventSourceW.argtypes = [ctypes.c_wchar_p, ctypes.c_wchar_p]
    advapi32.RegisterEventSourceW.restype = ctypes.c_void_p
    advapi32.ReportEventW.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint16,  # kind
        ctypes.c_uint16,  # category
        ctypes.c_uint32,  # number
        ctypes.c_void_p,  # user
        ctypes.c_uint16,  # how many texts
        ctypes.c_uint32,  # how many octets
        ctypes.POINTER(ctypes.c_wchar_p),
        ctypes.c_void_p,
    ]
    handle = advapi32.RegisterEventSourceW(None, source)
    if not handle:
        raise ctypes.WinError(ctypes.get_last_error())

    def report(kind: int, number: int, text: str) -> None:
        texts = (ctypes.c_wchar_p * 1)(text)
        if not advapi32.ReportEventW(handle, kind, 0, number, None, 1, 0, texts, None):
            raise ctypes.WinError(ctypes.get_last_error())

    return report


def register() -> None:
    """Make the source known, so that the texts are shown.  Raises `NotAllowed` for want of rights."""
    try:
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, KEY, 0, winreg.KEY_SET_VALUE) as key:
            for name, (value, kind) in values().items():
                winreg.SetValueEx(key, name, 0, getattr(winreg, kind), value)
    except PermissionError:
        raise NotAllowed(
            f"the source {SOURCE} of the Event Log: only an administrator may make it; or use --user"
        ) from None


def unregister() -> None:
    """Forget the source; what it has written stays, with its texts unexplained."""
    try:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, KEY)
    except FileNotFoundError:
        return  # it never was
    except PermissionError:
        return  # who has no right to it has not installed it for the machine either
