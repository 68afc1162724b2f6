"""Who on this machine may read and change a file."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

# Docker mounts its secrets readable for all, in a place that nobody outside of the container sees.
_CONTAINER_SECRETS = Path("/run/secrets")
# Groups that every person of a machine is in, on one system or another.
_EVERYONES = frozenset({"users", "staff", "everyone", "nogroup", "nobody", "other"})
# Abbreviations of SIDs, and their numbers, for whoever can log on ("SID Strings", learn.microsoft.com,
# 2024-11-20): Everyone, Users, Authenticated Users, Interactive, Anonymous, Guests.
_ANYBODY = {"WD": "S-1-1-0", "BU": "S-1-5-32-545", "AU": "S-1-5-11", "IU": "S-1-5-4", "AN": "S-1-5-7"}
_ANYBODY |= {"BG": "S-1-5-32-546"}
_NUMBERS = frozenset(_ANYBODY) | frozenset(_ANYBODY.values())
_READ, _WRITE = {"FA", "GA", "FR", "GR"}, {"FA", "GA", "FW", "GW"}
_READ_BIT, _WRITE_BIT = 0x1, 0x2  # FILE_READ_DATA, FILE_WRITE_DATA
_GENERIC_READ, _GENERIC_WRITE, _GENERIC_ALL = 0x80000000, 0x40000000, 0x10000000

Warnings = tuple[tuple[str, str], ...]  # what, and what to do about it


def too_open(file: Path, status: os.stat_result | None = None) -> Warnings:
    """A warning if more than its user, or a group made for it, can read or change the file."""
    if _CONTAINER_SECRETS in file.parents:
        return ()
    if sys.platform == "win32":
        return windows_warnings(file, _descriptor(file))
    found = file.stat() if status is None else status
    return posix_warnings(file, found.st_mode, _group(found.st_gid) if found.st_mode & 0o060 else "")


def writable_by_others(file: Path) -> Warnings:
    """The same, as far as somebody could change it: a configuration names commands that we run."""
    return tuple(warning for warning in too_open(file) if "change" in warning[0])


def posix_warnings(file: Path, mode: int, group: str) -> Warnings:
    for who, read, write in (
        ("everyone on this machine", stat.S_IROTH, stat.S_IWOTH),
        (f"everyone in the group {group}", stat.S_IRGRP, stat.S_IWGRP),
    ):
        may = " and ".join(word for word, bit in (("read", read), ("change", write)) if mode & bit)
        if may and (read == stat.S_IROTH or group in _EVERYONES):
            return ((f"{who} can {may} {file}", f"chmod 600 {file}"),)
    return ()


def windows_warnings(file: Path, sddl: str) -> Warnings:
    """From the access list as text ("ACE Strings", learn.microsoft.com, 2024-11-20).

    What is to be done takes nothing away from the account of a service.
    """
    read = write = bare = "D:" not in sddl or "NO_ACCESS_CONTROL" in sddl  # no list: everybody may all
    whom: dict[str, None] = {}
    for kind, flags, rights, _, _, sid in re.findall(r"\((\w+);(\w*);(\w*);(\w*);(\w*);([\w-]+)", sddl):
        if kind == "A" and sid in _NUMBERS and "IO" not in re.findall("..", flags):
            read |= _allows(rights, _READ, _READ_BIT | _GENERIC_READ | _GENERIC_ALL)
            write |= _allows(rights, _WRITE, _WRITE_BIT | _GENERIC_WRITE | _GENERIC_ALL)
            whom[f"*{_ANYBODY.get(sid, sid)}"] = None
    may = " and ".join(word for word, does in (("read", read), ("change", write)) if does)
    remedy = f'icacls "{file}" /inheritance:d /remove:g {" ".join(whom)}'
    if bare:
        remedy = f'icacls "{file}" /inheritance:r /grant:r "*S-1-5-18:F" "*S-1-5-32-544:F" "%USERNAME%:F"'
    return ((f"every user of this machine can {may} {file}", remedy),) if may else ()


def _allows(rights: str, words: set[str], bits: int) -> bool:
    if rights.startswith("0x"):
        return bool(int(rights, 16) & bits)
    return not words.isdisjoint(re.findall("..", rights))


def make_private(path: Path, *, folder: bool = False) -> None:
    """For its user alone (on Windows for administrators and the system, too).  Raises `OSError`."""
    if sys.platform == "win32":
        flags = "OICI" if folder else ""
        _protect(path, "D:P" + "".join(f"(A;{flags};FA;;;{sid})" for sid in ("SY", "BA", "OW")))
    else:
        path.chmod(0o700 if folder else 0o600)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _DACL = 4  # DACL_SECURITY_INFORMATION
    _REVISION = 1  # SDDL_REVISION_1

    def _descriptor(file: Path) -> str:
        """The access list of a file in SDDL; "D:" if it cannot be read, or there is no list to read."""
        api = ctypes.WinDLL("advapi32", use_last_error=True)
        needed, text = wintypes.DWORD(), wintypes.LPWSTR()
        name = wintypes.LPCWSTR(str(file))
        api.GetFileSecurityW(name, _DACL, None, 0, ctypes.byref(needed))
        room = ctypes.create_string_buffer(max(needed.value, 1))
        if not api.GetFileSecurityW(name, _DACL, room, needed, ctypes.byref(needed)):
            return "D:"
        if not api.ConvertSecurityDescriptorToStringSecurityDescriptorW(
            room, _REVISION, _DACL, ctypes.byref(text), None
        ):
            return "D:"
        found = text.value or "D:"
        _free(text)
        return found

    def _protect(path: Path, sddl: str) -> None:
        api = ctypes.WinDLL("advapi32", use_last_error=True)
        made = ctypes.c_void_p()
        if not api.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            wintypes.LPCWSTR(sddl), _REVISION, ctypes.byref(made), None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            if not api.SetFileSecurityW(wintypes.LPCWSTR(str(path)), _DACL, made):
                raise ctypes.WinError(ctypes.get_last_error())
        finally:
            _free(made)

    def _free(memory: object) -> None:
        kernel = ctypes.WinDLL("kernel32")
        kernel.LocalFree.argtypes = [ctypes.c_void_p]
        kernel.LocalFree(ctypes.cast(memory, ctypes.c_void_p))  # type: ignore[arg-type]

    def _group(_: int) -> str:
        return ""

else:
    import grp

    def _group(number: int) -> str:
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:  # a group without a name
            return ""

    def _descriptor(_: Path) -> str:
        return "D:"

    def _protect(path: Path, sddl: str) -> None:
        raise NotImplementedError(path, sddl)
