r"""How an agent is told to stop where no service manager does it: named events of Windows.

Learn.microsoft.com, CreateEventW, OpenEventW, "Kernel object namespaces" (read 2026-11-21): names below
`Global\` are the same in every session, and an event needs no privilege for it.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NamedTuple

from .scm import DWORD, Handle, Refused

_MODIFY, _SYNCHRONIZE = 0x2, 0x100000
_FOREVER, _SIGNALLED = 0xFFFFFFFF, 0
# The system, administrators and whoever made it.
_RIGHTS = "D:(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"


class Names(NamedTuple):
    """Of the events of one installation."""

    stop: str
    reload: str
    ready: str


def names(logs: PurePath) -> Names:
    """The folder of its logs tells one installation from another."""
    from hashlib import sha256  # noqa: PLC0415 - only where an event is needed

    mark = sha256(str(logs).casefold().encode()).hexdigest()[:16]
    return Names(*(rf"Global\Homeport-{mark}-{word}" for word in ("stop", "reload", "ready")))


class Signals:
    """`kernel` and `advapi` are the DLLs of these names."""

    def __init__(self, kernel: Any, advapi: Any, last_error: Callable[[], int]) -> None:
        self._kernel, self._advapi, self._last_error = kernel, advapi, last_error
        for name in ("CreateEventW", "OpenEventW"):
            getattr(kernel, name).restype = Handle

    def create(self, name: str, *, stays: bool = False) -> Any:
        """An event, not set; with `stays` it remains set.  Raises `Refused`."""
        from .windows_files import Attributes, described  # noqa: PLC0415 - who only asks does not make one

        with described(self._advapi, self._kernel, _RIGHTS, self._last_error) as descriptor:
            wanted = Attributes(ctypes.sizeof(Attributes), descriptor, 0)
            handle = self._kernel.CreateEventW(ctypes.byref(wanted), stays, False, name)
        if not handle:
            raise Refused("CreateEventW", self._last_error())
        return Handle(handle)

    def set(self, event: Any) -> None:
        self._kernel.SetEvent(event)

    def close(self, event: Any) -> None:
        self._kernel.CloseHandle(event)

    def wait(self, *events: Any) -> int:
        """Which of them is set, when one is."""
        some = (Handle * len(events))(*[event.value for event in events])
        return int(self._kernel.WaitForMultipleObjects(len(events), some, False, DWORD(_FOREVER)))

    def there(self, name: str) -> bool:
        """Does a process hold such an event?"""
        return self._open(name, lambda _: True) is True

    def is_set(self, name: str) -> bool:
        """For events that stay set."""
        return (
            self._open(name, lambda event: self._kernel.WaitForSingleObject(event, 0) == _SIGNALLED) is True
        )

    def send(self, name: str) -> bool:
        """Set the event of another process; False if there is none."""
        return self._open(name, lambda event: bool(self._kernel.SetEvent(event))) is True

    def _open(self, name: str, use: Callable[[Any], bool]) -> bool | None:
        handle = self._kernel.OpenEventW(DWORD(_MODIFY | _SYNCHRONIZE), False, name)
        if not handle:
            return None
        event = Handle(handle)
        try:
            return use(event)
        finally:
            self.close(event)


class EventHost:
    """See `host.Host`: the stop and the reload come as events, and `ready` is one."""

    def __init__(self, signals: Signals, called: Names) -> None:
        self._signals = signals
        self._ready = signals.create(called.ready, stays=True)
        self._stop, self._reload = signals.create(called.stop), signals.create(called.reload)
        self._over = signals.create("", stays=True)
        self._acts: tuple[Callable[[], None], Callable[[], None]] | None = None

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self._acts = (stop, reload)
        threading.Thread(target=self._listen, name="service-events", daemon=True).start()

    def ready(self) -> None:
        self._signals.set(self._ready)

    def reloading(self) -> None:
        """Nobody asks."""

    def alive(self) -> None:
        """Nobody asks."""

    def stopping(self) -> None:
        """The events are gone when it has stopped."""

    def ended(self, _code: int) -> None:
        """The exit status says the rest."""
        self._signals.set(self._over)

    def _listen(self) -> None:
        assert self._acts is not None
        while (which := self._signals.wait(self._stop, self._reload, self._over)) < len(self._acts):
            self._acts[which]()


def real() -> Signals:
    """Those of this Windows."""
    if sys.platform != "win32":
        raise RuntimeError("there are no such events here")
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    return Signals(kernel, ctypes.WinDLL("advapi32", use_last_error=True), ctypes.get_last_error)
