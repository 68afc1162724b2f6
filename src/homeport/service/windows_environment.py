"""The variables that an agent in the background will see: those of the machine, not of this console."""

from __future__ import annotations

import sys
from collections.abc import Mapping

_MACHINE = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
# Set by Windows itself for every program; they are in no list.
_GIVEN = ("PROGRAMDATA", "SYSTEMROOT", "SYSTEMDRIVE", "PROGRAMFILES", "COMPUTERNAME")
_PERSONS = (
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
    "USERNAME",
    "USERDOMAIN",
    "HOMEDRIVE",
    "HOMEPATH",
)


def environment(present: Mapping[str, str], *, user: bool) -> dict[str, str]:
    """From the registry; `present` are the variables of this process."""
    if sys.platform != "win32":
        raise RuntimeError("there is no registry here")
    import winreg  # noqa: PLC0415 - for one system

    given = _GIVEN + _PERSONS if user else _GIVEN
    found = {name: present[name] for name in given if name in present}
    found |= _listed(winreg.HKEY_LOCAL_MACHINE, _MACHINE)
    if user:
        found |= _listed(winreg.HKEY_CURRENT_USER, "Environment")
    return found


def _listed(root: int, key: str) -> dict[str, str]:
    if sys.platform != "win32":
        return {}
    import winreg  # noqa: PLC0415 - for one system

    found = {}
    try:
        with winreg.OpenKey(root, key) as opened:
            for number in range(winreg.QueryInfoKey(opened)[1]):
                name, value, kind = winreg.EnumValue(opened, number)
                text = (
                    winreg.ExpandEnvironmentStrings(value) if kind == winreg.REG_EXPAND_SZ else str(value)
                )
                found[name.upper()] = text
    except FileNotFoundError:
        pass  # nobody has ever set one
    return found
