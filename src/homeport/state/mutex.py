r"""A named mutex of Windows beside the lock on the file: one agent in all sessions of the machine.

Learn.microsoft.com, CreateMutexW, "Kernel object namespaces" (read 2026-11-21).  The file's lock holds on
every platform; this one also where the folder cannot be written.
"""

from __future__ import annotations

import ctypes
import sys
from hashlib import sha256
from pathlib import Path

assert sys.platform == "win32"

_ACCESS_DENIED, _ALREADY_EXISTS = 5, 183

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateMutexW.restype = ctypes.c_void_p


def name(directory: Path) -> str:
    """The same for every way to write the directory."""
    mark = sha256(str(directory.resolve()).casefold().encode()).hexdigest()[:32]
    return rf"Global\Homeport-{mark}"


def take(directory: Path) -> int | None:
    """A handle, which is the mutex; None if another process has it, of whatever account."""
    handle = _kernel.CreateMutexW(None, False, name(directory))
    code = ctypes.get_last_error()
    if handle and code == _ALREADY_EXISTS:
        _kernel.CloseHandle(ctypes.c_void_p(handle))
        return None
    if not handle and code != _ACCESS_DENIED:
        raise OSError(None, ctypes.FormatError(code), name(directory), code)
    return handle or None


def release(handle: int) -> None:
    """Let go; Windows does it too when the process ends."""
    _kernel.CloseHandle(ctypes.c_void_p(handle))
