"""The agent told by Windows' service control manager what to do, and telling it how far it is.

Learn.microsoft.com, "Service Programs", StartServiceCtrlDispatcherW, HandlerEx, SetServiceStatus,
SERVICE_STATUS (read 2026-11-21).  The manager's functions run on threads of their own; the agent keeps the
main one, which alone gets signals.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import scm
from .scm import DWORD, Handle, Refused

_TICK = 2.0  # seconds between two signs of life while it starts or ends
_STARTING, _ENDING = 90, 15  # so many signs; then the manager may believe that it hangs
_HINT = 10_000  # milliseconds until the next sign, at the latest
_ACCEPTED = scm.ACCEPT_STOP | scm.ACCEPT_SHUTDOWN | scm.ACCEPT_PRESHUTDOWN
_ACCEPTED |= scm.ACCEPT_PARAMCHANGE | scm.ACCEPT_TIMECHANGE
_ORDER = (scm.START_PENDING, scm.RUNNING, scm.STOP_PENDING, scm.STOPPED)
_ENDS = (scm.CONTROL_STOP, scm.CONTROL_SHUTDOWN, scm.CONTROL_PRESHUTDOWN)

_function: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)  # on 64 bits they are the same
Main = _function(None, DWORD, ctypes.c_void_p)
Handler = _function(DWORD, DWORD, DWORD, ctypes.c_void_p, ctypes.c_void_p)


class TableEntry(ctypes.Structure):
    """SERVICE_TABLE_ENTRYW."""

    _fields_ = [("name", ctypes.c_wchar_p), ("main", Main)]


def _nothing() -> None:
    """Nobody has said yet what to do."""


class ServiceHost:
    """See `host.Host`.  First `connect`, last `ended`."""

    def __init__(
        self,
        dll: Any,
        last_error: Callable[[], int],
        name: str,
        clock_was_set: Callable[[], None] = _nothing,
    ) -> None:
        self._dll, self._last_error, self._name = dll, last_error, name
        self._clock_was_set = clock_was_set
        self._stop = self._reload = _nothing
        self._lock = threading.Lock()
        self._connected, self._over = threading.Event(), threading.Event()
        self._refused: int | None = None
        self._asked_to_stop = False
        self._status = scm.Status(scm.OWN_PROCESS, scm.START_PENDING, 0, 0, 0, 0, _HINT)
        self._handle = Handle()
        self._main, self._handler = Main(self._service_main), Handler(self._control)  # ctypes keeps neither
        dll.RegisterServiceCtrlHandlerExW.restype = Handle

    def connect(self) -> None:
        """Answer the manager that started this process.  Raises `Refused` (1063) if none did."""
        self._thread = threading.Thread(target=self._dispatch, name="service-control", daemon=True)
        self._thread.start()
        self._connected.wait()
        if self._refused is not None:
            raise Refused("StartServiceCtrlDispatcherW", self._refused)

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self._stop, self._reload = stop, reload
        if self._asked_to_stop:
            stop()

    def ready(self) -> None:
        self._say(scm.RUNNING)

    def reloading(self) -> None:
        """The manager has no word for it: a service that reads its configuration runs."""

    def alive(self) -> None:
        """The manager does not ask for it once it runs."""

    def stopping(self) -> None:
        self._say(scm.STOP_PENDING)

    def ended(self, code: int) -> None:
        """It has stopped; 0 if that was asked for, else one of `failure.CODES`."""
        self._say(scm.STOPPED, scm.SPECIFIC_ERROR if code else 0, code)
        self._over.set()
        self._thread.join(5)

    def _dispatch(self) -> None:
        table = (TableEntry * 2)(TableEntry(self._name, self._main), TableEntry())
        if not self._dll.StartServiceCtrlDispatcherW(table):  # otherwise it comes back when all is over
            self._refused = self._last_error()
            self._connected.set()

    def _service_main(self, _count: int, _words: int | None) -> None:
        """On a thread of the manager's; while it starts and ends, it says that it gets further."""
        found = self._dll.RegisterServiceCtrlHandlerExW(self._name, self._handler, None)
        self._handle = Handle(found)
        if not found:
            self._refused = self._last_error()
            self._connected.set()
            return
        self._say(scm.START_PENDING)
        self._connected.set()
        signs = {scm.START_PENDING: _STARTING, scm.STOP_PENDING: _ENDING}
        while not self._over.wait(_TICK):
            state = self._status.state
            if signs.get(state, 0):
                signs[state] -= 1
                self._say(state)

    def _control(self, control: int, *_: int | None) -> int:
        """On the dispatcher's thread: it must answer at once."""
        if control in _ENDS:
            self._asked_to_stop = True
            self._say(scm.STOP_PENDING)
            self._stop()
        elif control == scm.CONTROL_PARAMCHANGE:
            self._reload()
        elif control == scm.CONTROL_TIMECHANGE:
            self._clock_was_set()
        elif control != scm.CONTROL_INTERROGATE:
            return scm.CALL_NOT_IMPLEMENTED
        return 0

    def _say(self, state: int, exit_code: int = 0, specific: int = 0) -> None:
        with self._lock:
            status = self._status
            if _ORDER.index(state) < _ORDER.index(status.state):
                return  # there is no way back
            pending = state in (scm.START_PENDING, scm.STOP_PENDING)
            status.checkpoint = status.checkpoint + 1 if pending else 0
            status.wait_hint = _HINT if pending else 0
            status.state, status.accepted = state, _ACCEPTED if state == scm.RUNNING else 0
            status.exit_code, status.specific_code = exit_code, specific
            self._dll.SetServiceStatus(self._handle, ctypes.byref(status))


def real(name: str, clock_was_set: Callable[[], None] = _nothing) -> ServiceHost:
    """The one of this Windows."""
    if sys.platform != "win32":
        raise RuntimeError("there is no service control manager here")
    dll = ctypes.WinDLL("advapi32", use_last_error=True)
    return ServiceHost(dll, ctypes.get_last_error, name, clock_was_set)
