"""Windows' service control manager, called by ctypes: a thin table of its functions.

Learn.microsoft.com, "Service Functions" and "Service Structures" (winsvc.h, read 2026-11-21).  The DLL is
an argument: on Windows it is advapi32, in the tests of every system one that writes down how it is called.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..core.errors import HomeportError

DWORD = ctypes.c_uint32  # wintypes.DWORD has another size where Windows is not
Handle = ctypes.c_void_p

# Rights: SC_MANAGER_*, SERVICE_*, DELETE
CONNECT, CREATE = 0x1, 0x2
QUERY_CONFIG, CHANGE_CONFIG, QUERY_STATUS, START, STOP = 0x1, 0x2, 0x4, 0x10, 0x20
INTERROGATE, DELETE = 0x80, 0x10000
PAUSE_CONTINUE = 0x40  # the right for PARAMCHANGE too
LOOK = QUERY_CONFIG | QUERY_STATUS
ALL = LOOK | CHANGE_CONFIG | START | STOP | PAUSE_CONTINUE | INTERROGATE | DELETE

OWN_PROCESS, AUTO_START, ERROR_NORMAL, NO_CHANGE = 0x10, 2, 1, 0xFFFFFFFF
STOPPED, START_PENDING, STOP_PENDING, RUNNING = 1, 2, 3, 4
CONTROL_STOP, CONTROL_INTERROGATE, CONTROL_SHUTDOWN, CONTROL_PARAMCHANGE = 1, 4, 5, 6
CONTROL_PRESHUTDOWN, CONTROL_TIMECHANGE = 15, 16
ACCEPT_STOP, ACCEPT_SHUTDOWN, ACCEPT_PARAMCHANGE = 0x1, 0x4, 0x8
ACCEPT_PRESHUTDOWN, ACCEPT_TIMECHANGE = 0x100, 0x200

# Levels of ChangeServiceConfig2W
DESCRIPTION, FAILURE_ACTIONS, DELAYED, FAILURE_FLAG, SID_TYPE, PRIVILEGES, PRESHUTDOWN = 1, 2, 3, 4, 5, 6, 7
ACTION_RESTART = 1
SID_UNRESTRICTED = 1

ACCESS_DENIED, INVALID_PARAMETER, CALL_NOT_IMPLEMENTED, INVALID_LEVEL = 5, 87, 120, 124
DEPENDENT_RUNNING, TIMEOUT, ALREADY_RUNNING, DISABLED = 1051, 1053, 1056, 1058
NO_SUCH_SERVICE, NOT_CONTROLLABLE, NOT_ACTIVE, NOT_CONNECTED = 1060, 1061, 1062, 1063
SPECIFIC_ERROR, ABORTED, LOGON_FAILED, MARKED_FOR_DELETE, EXISTS = 1066, 1067, 1069, 1072, 1073
NAME_EXISTS = 1078


class Refused(HomeportError):
    """A function of Windows said no; `code` says why."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function}: {_words(code)} ({code})")
        self.code = code


def _words(code: int) -> str:
    if sys.platform == "win32":
        return ctypes.FormatError(code).rstrip(". ")
    return "Windows said no"


class Status(ctypes.Structure):
    """SERVICE_STATUS."""

    _fields_ = [
        (name, DWORD)
        for name in ("type", "state", "accepted", "exit_code", "specific_code", "checkpoint", "wait_hint")
    ]


class StatusProcess(ctypes.Structure):
    """SERVICE_STATUS_PROCESS."""

    _fields_ = [*Status._fields_, ("process", DWORD), ("flags", DWORD)]


class QueryConfig(ctypes.Structure):
    """QUERY_SERVICE_CONFIGW."""

    _fields_ = [
        ("type", DWORD),
        ("start", DWORD),
        ("error", DWORD),
        ("binary", ctypes.c_wchar_p),
        ("group", ctypes.c_wchar_p),
        ("tag", DWORD),
        ("dependencies", ctypes.c_void_p),
        ("account", ctypes.c_wchar_p),
        ("title", ctypes.c_wchar_p),
    ]


class Text(ctypes.Structure):
    """SERVICE_DESCRIPTIONW."""

    _fields_ = [("text", ctypes.c_wchar_p)]


class Words(ctypes.Structure):
    """SERVICE_REQUIRED_PRIVILEGES_INFOW: strings, each ended by a null, then one more null."""

    _fields_ = [("words", ctypes.c_void_p)]


class Number(ctypes.Structure):
    """The structures that are one number: delayed start, failure flag, SID type, preshutdown."""

    _fields_ = [("value", DWORD)]


class Action(ctypes.Structure):
    """SC_ACTION; the delay is in milliseconds."""

    _fields_ = [("type", DWORD), ("delay", DWORD)]


class FailureActions(ctypes.Structure):
    """SERVICE_FAILURE_ACTIONSW; the reset period is in seconds."""

    _fields_ = [
        ("reset", DWORD),
        ("message", ctypes.c_wchar_p),
        ("command", ctypes.c_wchar_p),
        ("count", DWORD),
        ("actions", ctypes.POINTER(Action)),
    ]


class Registered(NamedTuple):
    """How a service is registered."""

    binary: str
    account: str
    title: str
    start: int


class Now(NamedTuple):
    """How a service is."""

    state: int
    exit_code: int
    specific_code: int
    checkpoint: int
    wait_hint: int  # milliseconds
    process: int


def strings(words: Sequence[str]) -> Any:
    """As Windows takes many strings at once."""
    text = "".join(f"{word}\0" for word in words)
    return ctypes.create_unicode_buffer(text, len(text) + 1)


_RETURNS_HANDLE = ("OpenSCManagerW", "CreateServiceW", "OpenServiceW")


class Scm:
    """The calls that installing, starting and asking need.  Each raises `Refused`."""

    def __init__(self, dll: Any, last_error: Callable[[], int]) -> None:
        self._dll, self._last_error = dll, last_error
        for name in _RETURNS_HANDLE:
            getattr(dll, name).restype = Handle

    def _call(self, name: str, *args: Any) -> Any:
        result = getattr(self._dll, name)(*args)
        if not result:
            raise Refused(name, self._last_error())
        return result

    @contextmanager
    def manager(self, rights: int) -> Iterator[Any]:
        with self._closing(self._call("OpenSCManagerW", None, None, DWORD(rights))) as handle:
            yield handle

    @contextmanager
    def service(self, manager: Any, name: str, rights: int) -> Iterator[Any]:
        with self._closing(self._call("OpenServiceW", manager, name, DWORD(rights))) as handle:
            yield handle

    @contextmanager
    def created(
        self, manager: Any, name: str, *, title: str, binary: str, needs: Sequence[str], account: str
    ) -> Iterator[Any]:
        handle = self._call(
            "CreateServiceW",
            manager,
            name,
            title,
            DWORD(ALL),
            DWORD(OWN_PROCESS),
            DWORD(AUTO_START),
            DWORD(ERROR_NORMAL),
            binary,
            None,
            None,
            strings(needs),
            account,
            None,
        )
        with self._closing(handle) as closing:
            yield closing

    @contextmanager
    def _closing(self, handle: int) -> Iterator[Any]:
        kept = Handle(handle)
        try:
            yield kept
        finally:
            self._dll.CloseServiceHandle(kept)

    def configure(
        self, service: Any, *, title: str, binary: str | None, needs: Sequence[str], account: str
    ) -> None:
        """Bring a service up to date; without `binary` it keeps its program."""
        self._call(
            "ChangeServiceConfigW",
            service,
            DWORD(OWN_PROCESS),
            DWORD(AUTO_START),
            DWORD(ERROR_NORMAL),
            binary,
            None,
            None,
            strings(needs),
            account,
            None,
            title,
        )

    def detail(self, service: Any, level: int, value: ctypes.Structure) -> None:
        self._call("ChangeServiceConfig2W", service, DWORD(level), ctypes.byref(value))

    def registered(self, service: Any) -> Registered:
        buffer = ctypes.create_string_buffer(8192)  # the most that this function ever gives
        needed = DWORD()
        self._call("QueryServiceConfigW", service, buffer, DWORD(len(buffer)), ctypes.byref(needed))
        found = QueryConfig.from_buffer(buffer)
        return Registered(found.binary or "", found.account or "", found.title or "", found.start)

    def now(self, service: Any) -> Now:
        found, needed = StatusProcess(), DWORD()
        size = DWORD(ctypes.sizeof(found))
        self._call(
            "QueryServiceStatusEx", service, DWORD(0), ctypes.byref(found), size, ctypes.byref(needed)
        )
        return Now(
            found.state,
            found.exit_code,
            found.specific_code,
            found.checkpoint,
            found.wait_hint,
            found.process,
        )

    def start(self, service: Any) -> None:
        self._call("StartServiceW", service, DWORD(0), None)

    def control(self, service: Any, code: int) -> None:
        self._call("ControlService", service, DWORD(code), ctypes.byref(Status()))

    def delete(self, service: Any) -> None:
        self._call("DeleteService", service)


def real() -> Scm:
    """The one of this Windows."""
    if sys.platform != "win32":
        raise RuntimeError("there is no service control manager here")
    return Scm(ctypes.WinDLL("advapi32", use_last_error=True), ctypes.get_last_error)
