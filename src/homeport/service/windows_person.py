"""The person who asks: with which rights, and on a Windows in which language.

Learn.microsoft.com, IsUserAnAdmin, GetSystemDefaultUILanguage (read 2026-11-22).
"""

from __future__ import annotations

import ctypes
import sys


def is_administrator() -> bool:
    """Has this process the rights of an administrator, as it runs?"""
    return sys.platform == "win32" and bool(ctypes.WinDLL("shell32").IsUserAnAdmin())


def language() -> int:
    """That of Windows itself, as a LANGID; 0 elsewhere."""
    if sys.platform != "win32":
        return 0
    return int(ctypes.WinDLL("kernel32").GetSystemDefaultUILanguage()) & 0xFFFF
