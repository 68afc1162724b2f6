"""One agent per state directory.

The lock belongs to the process, not to the file: whoever dies, even by kill -9, has let go.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from ..core.errors import ConfigError
from . import private

if sys.platform == "win32":
    import msvcrt

    from . import mutex
else:
    import fcntl


STANDSTILL = "standstill.txt"  # where a loop that stands still has left its stack
_PAUSES = (0.01, 0.03, 0.1, 0.3)  # seconds
OURS = ("state.db*", "agent.lock*", STANDSTILL)  # what a state directory holds


class AlreadyRunning(ConfigError):
    """Another agent holds the lock; the message names its process."""


class Lock:
    """Held inside `with`.  Raises `AlreadyRunning`, `OSError` where the directory cannot be written, and
    `ConfigError` for one that another user may have prepared.  `sleep` waits for so many seconds: who only
    asks (`held`) has the lock for a moment; without it, nobody is waited for.
    """

    def __init__(self, directory: Path, sleep: Callable[[float], None] | None = None) -> None:
        self._sleep = sleep
        self._path = directory / "agent.lock"
        self._directory = directory
        self._file = -1
        self._mutex: int | None = None

    def __enter__(self) -> Self:
        if sys.platform == "win32":  # first: it holds even where the directory cannot be written
            self._mutex = mutex.take(self._directory)
            if self._mutex is None:
                raise self._taken(_holder(self._path))
        try:
            self._lock()
        except (ConfigError, OSError):
            self._let_go()
            raise
        return self

    def _lock(self) -> None:
        private.own_folder(self._directory, OURS)
        private.own_file(self._path, "the lock file")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if not self._take():
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            self._file = -1
            raise self._taken(holder)
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def _take(self) -> bool:
        taken = _take(self._file)
        for seconds in _PAUSES:
            if taken or self._sleep is None:
                break
            self._sleep(seconds)
            taken = _take(self._file)
        return taken

    def _taken(self, holder: str) -> AlreadyRunning:
        return AlreadyRunning(
            f"another agent (process {holder}) already uses the state directory {self._directory}; "
            "stop it, or give this one a directory of its own (state_dir)"
        )

    def _let_go(self) -> None:
        if sys.platform == "win32" and self._mutex is not None:
            mutex.release(self._mutex)
            self._mutex = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        self._let_go()


def held(directory: Path) -> bool:
    """Does an agent run with this state directory now?"""
    try:
        file = os.open(directory / "agent.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _take(file)
    finally:
        os.close(file)


def _holder(path: Path) -> str:
    """The process that wrote itself down there."""
    try:
        return path.read_text("ascii", "replace").strip() or "unknown"
    except OSError:
        return "unknown"


def _take(file: int) -> bool:
    """Lock one octet far behind the text, so that Windows lets others read the process number."""
    try:
        if sys.platform == "win32":
            os.lseek(file, 1 << 20, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if sys.platform == "win32":
            os.lseek(file, 0, os.SEEK_SET)
        return False
    return True
