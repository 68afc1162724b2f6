"""A service control manager that writes down how it is called, with the layouts of winsvc.h."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

from homeport.service import scm


@dataclass
class Kept:
    """A service as the stand-in keeps it."""

    binary: str
    account: str
    title: str
    needs: list[str]
    start: int = scm.AUTO_START
    state: int = scm.STOPPED
    exit_code: int = 1077
    specific: int = 0
    details: dict[int, Any] = field(default_factory=dict)


def plain(value: Any) -> Any:
    """What was passed, whatever ctypes has put around it."""
    return value.value if isinstance(value, ctypes._SimpleCData) else value


def words(at: Any) -> list[str]:
    """Strings, each ended by a null, then one more null."""
    if not isinstance(at, int):
        return [word for word in at[:].split("\0") if word]
    found = []
    while word := ctypes.wstring_at(at):
        found.append(word)
        at += (len(word) + 1) * ctypes.sizeof(ctypes.c_wchar)
    return found


class StandIn:
    """advapi32, as far as `scm.Scm` calls it."""

    def __init__(self) -> None:
        self.services: dict[str, Kept] = {}
        self.error = 0
        self.calls: list[str] = []
        self.denied = False  # an account without rights
        self.unknown: set[int] = set()  # levels that this Windows does not know
        self.on_start = (scm.RUNNING, 0, 0)
        self._open: dict[int, Kept | None] = {}
        self._alive: list[object] = []
        for name in [one for one in dir(type(self)) if one[0].isupper()]:
            setattr(self, name, self._recorded(name, getattr(self, name)))

    def _recorded(self, name: str, act: Any) -> Any:
        def call(*args: Any) -> Any:
            self.calls.append(name)
            result = act(*[plain(arg) for arg in args])
            # As ctypes does: without a type of a result it is an int, and half of a handle is lost.
            return result if getattr(call, "restype", None) is scm.Handle else result & 0xFFFF_FFFF

        return call

    def fail(self, code: int) -> int:
        self.error = code
        return 0

    def _handle(self, what: Kept | None) -> int:
        handle = 0x7FFF_0000_0000 + len(self._open)  # what does not fit into 32 bits
        self._open[handle] = what
        return handle

    def _of(self, handle: int) -> Kept:
        found = self._open[handle]
        assert found is not None
        return found

    def OpenSCManagerW(self, machine: Any, database: Any, rights: int) -> int:
        if self.denied and rights & scm.CREATE:
            return self.fail(scm.ACCESS_DENIED)
        return self._handle(None)

    def OpenServiceW(self, manager: int, name: str, rights: int) -> int:
        if name not in self.services:
            return self.fail(scm.NO_SUCH_SERVICE)
        if self.denied and rights & ~scm.LOOK:
            return self.fail(scm.ACCESS_DENIED)
        return self._handle(self.services[name])

    def CloseServiceHandle(self, handle: int) -> int:
        del self._open[handle]
        return 1

    def CreateServiceW(self, manager: int, name: str, title: str, rights: int, *rest: Any) -> int:
        kind, start, errors, binary, group, tag, needs, account, password = rest
        assert (kind, start, errors) == (scm.OWN_PROCESS, scm.AUTO_START, scm.ERROR_NORMAL)
        assert (group, tag, password) == (None, None, None)
        assert rights & scm.START, "without it Windows refuses to restart it"
        if name in self.services:
            return self.fail(scm.EXISTS)
        self.services[name] = Kept(binary, account, title, words(needs))
        return self._handle(self.services[name])

    def ChangeServiceConfigW(self, handle: int, *rest: Any) -> int:
        kind, start, errors, binary, group, tag, needs, account, password, title = rest
        assert (kind, start, errors) == (scm.OWN_PROCESS, scm.AUTO_START, scm.ERROR_NORMAL)
        assert (group, tag, password) == (None, None, None)
        one = self._of(handle)
        one.binary, one.account, one.title = binary or one.binary, account, title
        one.needs, one.start = words(needs), start
        return 1

    def ChangeServiceConfig2W(self, handle: int, level: int, value: Any) -> int:
        if level in self.unknown:
            return self.fail(scm.INVALID_LEVEL)
        found = value._obj
        if isinstance(found, scm.FailureActions):
            actions = [(found.actions[n].type, found.actions[n].delay) for n in range(found.count)]
            kept: Any = (found.reset, found.message, found.command, actions)
        elif isinstance(found, scm.Words):
            kept = words(found.words)
        else:
            kept = getattr(found, found._fields_[0][0])
        self._of(handle).details[level] = kept
        return 1

    def QueryServiceConfigW(self, handle: int, buffer: Any, size: int, needed: Any) -> int:
        one = self._of(handle)
        found = scm.QueryConfig.from_buffer(buffer)
        found.binary, found.account, found.title = one.binary, one.account, one.title
        found.start = one.start
        self._alive.append(found)  # its texts lie where its pointers show
        return 1

    def QueryServiceStatusEx(self, handle: int, level: int, status: Any, size: int, needed: Any) -> int:
        assert (level, size) == (0, 36)
        one, found = self._of(handle), status._obj
        found.state, found.exit_code, found.specific_code = one.state, one.exit_code, one.specific
        found.process = 4711 if one.state == scm.RUNNING else 0
        return 1

    def StartServiceW(self, handle: int, count: int, arguments: Any) -> int:
        one = self._of(handle)
        if one.state == scm.RUNNING:
            return self.fail(scm.ALREADY_RUNNING)
        one.state, one.exit_code, one.specific = self.on_start
        return 1

    def ControlService(self, handle: int, control: int, status: Any) -> int:
        one = self._of(handle)
        self.calls.append(f"control {control}")
        if one.state != scm.RUNNING:
            return self.fail(scm.NOT_ACTIVE)
        if control == scm.CONTROL_STOP:
            one.state, one.exit_code = scm.STOPPED, 0
        return 1

    def DeleteService(self, handle: int) -> int:
        one = self._of(handle)
        self.services = {name: kept for name, kept in self.services.items() if kept is not one}
        return 1

    def api(self) -> scm.Scm:
        return scm.Scm(self, lambda: self.error)

    def nothing_open(self) -> bool:
        """Was every handle closed?"""
        return not self._open
