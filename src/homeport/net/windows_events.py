"""Windows tells when addresses and default routes change, and when the machine wakes from sleep.

Learn.microsoft.com, NotifyUnicastIpAddressChange, NotifyRouteChange2, CancelMibChangeNotify2,
NotifyAddrChange, CancelIPChangeNotify, Canceling Pending I/O Operations,
PowerRegisterSuspendResumeNotification (read 2026-11-21).  Run under Wine 10, where
only NotifyAddrChange tells anything; the others were never heard, for want of a Windows.

What Windows calls runs on its own threads: it copies what it was given and hands it to the loop.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..core.system import AddressChange, LinkChange, RouteChange, Watch
from ..wire import windows_rows

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

from . import windows_interfaces  # noqa: E402

_BOTH = 0  # AF_UNSPEC
_ADD, _DELETE, _INITIAL = 1, 2, 3  # MIB_NOTIFICATION_TYPE; 0 is "a parameter has changed"
_PENDING = 997  # ERROR_IO_PENDING
_FOREVER = 0xFFFFFFFF
_CANCELLED = 5000  # milliseconds that a request which was taken back has to be over
_CALLBACK = 2  # DEVICE_NOTIFY_CALLBACK
_RESUMED = 0x12  # PBT_APMRESUMEAUTOMATIC: at every resume, whether a person is there or not

_Changed = ctypes.WINFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_Slept = ctypes.WINFUNCTYPE(wintypes.ULONG, ctypes.c_void_p, wintypes.ULONG, ctypes.c_void_p)


class _Subscription(ctypes.Structure):
    _fields_ = [("callback", _Slept), ("context", ctypes.c_void_p)]


class _Overlapped(ctypes.Structure):
    _fields_ = [
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", wintypes.DWORD * 2),
        ("event", wintypes.HANDLE),
    ]


_unfinished: list[_Overlapped] = []  # requests that Windows may write into, although nobody waits for them


class AddressEvents:
    """Tells of addresses and default routes as they come and go."""

    name = "system"

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        watch = Watch()
        try:
            _learn(watch)
        except OSError as error:
            raise SourceError(f"Windows does not tell its addresses: {error.strerror}") from error

        def address(row: bytes, kind: int) -> None:
            self._tell(tell, watch, _address_change(row, kind))

        def route(row: bytes, kind: int) -> None:
            self._tell(tell, watch, _route_change(row, kind))

        def something() -> None:
            tell(Hint(self.name, "an address of this machine has changed"))

        def failed(status: int) -> None:
            if not ended.done():
                ended.set_exception(SourceError(_refused(status)))

        api = ctypes.windll.iphlpapi
        on_address = _handed(loop, address, windows_rows.ADDRESS.size)
        on_route = _handed(loop, route, windows_rows.ROUTE.size)
        handles = []
        stop: Callable[[], None] | None = None
        try:
            handles.append(_subscribed(api.NotifyUnicastIpAddressChange, on_address))
            handles.append(_subscribed(api.NotifyRouteChange2, on_route))
            if not all(handles):
                stop = _wait_beside(loop, something, failed)
            await ended
        finally:
            for handle in filter(None, handles):
                api.CancelMibChangeNotify2(handle)  # returns when no callback runs any more
            if stop is not None:
                stop()

    def _tell(self, tell: Tell, watch: Watch, change: AddressChange | RouteChange | None) -> None:
        if change is None:
            return
        links = (change.link,) if isinstance(change, AddressChange) else change.route.links
        for link in links:
            _name(watch, link)
        if (news := watch.hear(change)) is not None:
            tell(Hint(self.name, news.says, address=news.address))


class PowerEvents:
    """Tells that the machine was asleep."""

    name = "resume"

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`.  `SourceError` before Windows 8."""
        loop = asyncio.get_running_loop()
        woken = Hint("resume", "the machine has slept")

        def heard(_context: int | None, kind: int, _setting: int | None) -> int:
            if kind == _RESUMED:
                loop.call_soon_threadsafe(tell, woken)
            return 0

        subscription = _Subscription(_Slept(heard), None)
        handle = ctypes.c_void_p()
        try:
            register = ctypes.windll.powrprof.PowerRegisterSuspendResumeNotification
        except AttributeError:
            raise SourceError("this Windows does not tell that it has slept") from None
        if status := register(_CALLBACK, ctypes.byref(subscription), ctypes.byref(handle)):
            raise SourceError(_refused(status))
        try:
            await loop.create_future()
        finally:
            ctypes.windll.powrprof.PowerUnregisterSuspendResumeNotification(handle)


def _handed(loop: asyncio.AbstractEventLoop, heard: Callable[[bytes, int], None], size: int) -> Any:
    """What Windows may call; `heard` gets a copy of the row, in the loop.  To be kept by the caller."""

    def changed(_context: int | None, row: int | None, kind: int) -> None:
        if row is not None and kind != _INITIAL:
            loop.call_soon_threadsafe(heard, ctypes.string_at(row, size), kind)

    return _Changed(changed)


def _subscribed(notify: Any, callback: Any) -> ctypes.c_void_p:
    """The handle, which is empty where Windows is not Windows.  Raises `SourceError`."""
    handle = ctypes.c_void_p()
    if status := notify(_BOTH, callback, None, False, ctypes.byref(handle)):
        raise SourceError(_refused(status))
    return handle


def _wait_beside(
    loop: asyncio.AbstractEventLoop, heard: Callable[[], None], failed: Callable[[int], None]
) -> Callable[[], None]:
    """The older way, a thread that waits for NotifyAddrChange.  What comes back ends it."""
    kernel = ctypes.windll.kernel32
    kernel.CreateEventW.restype = wintypes.HANDLE
    changed = kernel.CreateEventW(None, False, False, None)  # each takes itself back when waited for
    ending = kernel.CreateEventW(None, False, False, None)
    either = (wintypes.HANDLE * 2)(changed, ending)

    def wait() -> None:
        api = ctypes.windll.iphlpapi
        overlapped, handle = _Overlapped(event=changed), wintypes.HANDLE()
        while True:
            status = api.NotifyAddrChange(ctypes.byref(handle), ctypes.byref(overlapped))
            if status not in (0, _PENDING):
                loop.call_soon_threadsafe(failed, status)
                return
            if kernel.WaitForMultipleObjects(2, either, False, _FOREVER) != 0:
                # Taking it back is a request too: Windows writes that it is over into this memory later.
                _unfinished.append(overlapped)
                api.CancelIPChangeNotify(ctypes.byref(overlapped))
                if kernel.WaitForSingleObject(wintypes.HANDLE(changed), _CANCELLED) == 0:
                    _unfinished.remove(overlapped)
                return
            loop.call_soon_threadsafe(heard)

    thread = threading.Thread(target=wait, name="address-changes", daemon=True)
    thread.start()

    def stop() -> None:
        kernel.SetEvent(wintypes.HANDLE(ending))
        thread.join()
        over = all(one.event != changed for one in _unfinished)
        for event in (changed, ending) if over else (ending,):
            kernel.CloseHandle(wintypes.HANDLE(event))

    return stop


def _learn(watch: Watch) -> None:
    """What is there already is not news.  Routes first: they tell which links lead outward."""
    api = ctypes.windll.iphlpapi
    for row in windows_interfaces.table(api.GetIpForwardTable2, _BOTH, windows_rows.ROUTE):
        if (change := _route_change(row, _ADD)) is not None:
            watch.hear(change)
    for row in windows_interfaces.table(api.GetUnicastIpAddressTable, _BOTH, windows_rows.ADDRESS):
        if (found := windows_rows.address(row)) is not None:
            watch.hear(AddressChange(*found))


def _address_change(row: bytes, kind: int) -> AddressChange | None:
    """A notification names the address only; its state is asked for."""
    found = windows_rows.address(row)
    if found is None:
        return None
    entry = ctypes.create_string_buffer(row[: windows_rows.KEY], len(row))
    gone = kind == _DELETE or ctypes.windll.iphlpapi.GetUnicastIpAddressEntry(entry) != 0
    known = None if gone else windows_rows.address(entry.raw)
    return AddressChange(found.link, found.address, known.standing if known else None)


def _route_change(row: bytes, kind: int) -> RouteChange | None:
    """Another lifetime or metric is no change."""
    route = windows_rows.default_route(row)
    if route is None or kind not in (_ADD, _DELETE):
        return None
    return RouteChange(route, there=kind == _ADD)


def _name(watch: Watch, link: int) -> None:
    name = windows_interfaces.name(link)
    if name is not None:
        watch.hear(LinkChange(link, name, up=True, running=True))


def _refused(status: int) -> str:
    return f"Windows does not tell of changes: {ctypes.FormatError(status)} ({status})"
