"""Read what Windows says of itself, for `doctor.windows`.  Nothing here changes anything."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
import winreg  # noqa: E402
from collections.abc import Iterator  # noqa: E402

from .windows import Facts  # noqa: E402

_MACHINE, _USER = winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER
_FIREWALL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_PROFILES = {"private": "StandardProfile", "public": "PublicProfile", "domain": "DomainProfile"}
_TIME = r"SYSTEM\CurrentControlSet\Services\W32Time"
_PROXY = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_DEFENDER = r"SOFTWARE\Microsoft\Windows Defender"
_SESSION = r"SYSTEM\CurrentControlSet\Control\Session Manager"
_RESTART = {
    "Windows Update": (
        r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
    ),
    "system parts": r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
}
_SLEEP = bytes.fromhex("a89f8c23 ad0a ed41 83f497be242c8f20")  # GUID_SLEEP_SUBGROUP, as it lies in memory
_STANDBY = bytes.fromhex("dbc1f629 da86 c548 9fdbf2b67b1f44da")  # GUID_STANDBY_TIMEOUT
_NO_BATTERY = 128  # of SYSTEM_POWER_STATUS.BatteryFlag; 255: unknown


def read() -> Facts:
    """All of it."""
    proxied = bool(_value(_USER, _PROXY, "ProxyEnable"))
    mains, battery = _sleep_after()
    on = {
        name: bool(state)
        for name, key in _PROFILES.items()
        if (state := _value(_MACHINE, rf"{_FIREWALL}\{key}", "EnableFirewall")) is not None
    }
    start = _value(_MACHINE, _TIME, "Start")
    kind = _value(_MACHINE, rf"{_TIME}\Parameters", "Type")
    return Facts(
        firewall=on,
        rules=[str(value) for _, value in _values(_MACHINE, rf"{_FIREWALL}\FirewallRules")],
        program=sys.executable,
        sleep_on_mains=mains,
        sleep_on_battery=battery,
        has_battery=_has_battery(),
        restart=_restart(),
        time_start=start if isinstance(start, int) else None,
        time_kind=None if kind is None else str(kind),
        proxy=str(_value(_USER, _PROXY, "ProxyServer") or "") if proxied else "",
        proxy_script=str(_value(_USER, _PROXY, "AutoConfigURL") or ""),
        scanner_on=_scanner(),
        excluded=[name for name, _ in _values(_MACHINE, rf"{_DEFENDER}\Exclusions\Paths")],
    )


def _value(root: int, key: str, name: str) -> object:
    """None if it is not there, or not for us to read."""
    try:
        with winreg.OpenKey(root, key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    except OSError:
        return None


def _values(root: int, key: str) -> Iterator[tuple[str, object]]:
    try:
        with winreg.OpenKey(root, key) as opened:
            for number in range(winreg.QueryInfoKey(opened)[1]):
                name, value, _ = winreg.EnumValue(opened, number)
                yield name, value
    except OSError:
        return  # not there, or not for us to read


def _restart() -> list[str]:
    found = []
    for who, key in _RESTART.items():
        try:
            winreg.OpenKey(_MACHINE, key).Close()
        except OSError:
            continue  # it is there only while a restart is pending
        found.append(who)
    if _value(_MACHINE, _SESSION, "PendingFileRenameOperations"):
        found.append("files that are replaced at the start")
    return found


def _scanner() -> bool | None:
    """On unless somebody says no, where Defender is installed at all."""
    off = _value(_MACHINE, rf"{_DEFENDER}\Real-Time Protection", "DisableRealtimeMonitoring")
    if off is not None:
        return not off
    try:
        winreg.OpenKey(_MACHINE, _DEFENDER).Close()
    except OSError:
        return None
    return True


def _sleep_after() -> tuple[int | None, int | None]:
    """Seconds until the machine sleeps, on mains and on battery."""
    power = ctypes.WinDLL("powrprof")
    scheme = ctypes.c_void_p()
    try:
        if power.PowerGetActiveScheme(None, ctypes.byref(scheme)):
            return None, None
    except AttributeError:  # not every Wine has it
        return None, None
    try:
        return _index(power.PowerReadACValueIndex, scheme), _index(power.PowerReadDCValueIndex, scheme)
    finally:
        local_free = ctypes.WinDLL("kernel32").LocalFree
        local_free.argtypes = [ctypes.c_void_p]
        local_free(scheme)


def _index(read_value: ctypes._NamedFuncPointer, scheme: ctypes.c_void_p) -> int | None:
    group = (ctypes.c_ubyte * 16).from_buffer_copy(_SLEEP)
    setting = (ctypes.c_ubyte * 16).from_buffer_copy(_STANDBY)
    found = ctypes.c_uint32()
    failed = read_value(None, scheme, ctypes.byref(group), ctypes.byref(setting), ctypes.byref(found))
    return None if failed else int(found.value)


class _PowerStatus(ctypes.Structure):
    _fields_ = (
        ("mains", ctypes.c_ubyte),
        ("battery", ctypes.c_ubyte),
        ("percent", ctypes.c_ubyte),
        ("saver", ctypes.c_ubyte),
        ("life", ctypes.c_uint32),
        ("full_life", ctypes.c_uint32),
    )


def _has_battery() -> bool | None:
    status = _PowerStatus()
    if not ctypes.WinDLL("kernel32").GetSystemPowerStatus(ctypes.byref(status)) or status.battery == 255:
        return None
    return not status.battery & _NO_BATTERY
