"""Folders of the agent, with the rights that `security` names.

Learn.microsoft.com, CreateDirectoryW, GetNamedSecurityInfoW, SetNamedSecurityInfoW,
ConvertStringSecurityDescriptorToSecurityDescriptorW (read 2026-11-21).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import ConfigError
from . import security
from .manager import NotAllowed, Trouble
from .plan import Plan, account, account_sid
from .scm import DWORD, Refused

_FILE_OBJECT = 1
_OWNER, _DACL = 0x1, 0x4  # SECURITY_INFORMATION
_PROTECTED, _UNPROTECTED = 0x80000000, 0x20000000
_ADMINISTRATORS = "O:BA"
_NOT_FOUND, _PATH_NOT_FOUND, _ACCESS_DENIED, _EXISTS = 2, 3, 5, 183
_REVISION = 1
_LONGEST = 512  # characters of a name


class Attributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = [("length", DWORD), ("descriptor", ctypes.c_void_p), ("inherit", ctypes.c_int)]


class Files:
    """`advapi` and `kernel` are the DLLs of these names."""

    def __init__(self, advapi: Any, kernel: Any, last_error: Callable[[], int]) -> None:
        self._advapi, self._kernel, self._last_error = advapi, kernel, last_error

    def _described(self, sddl: str) -> AbstractContextManager[ctypes.c_void_p]:
        return described(self._advapi, self._kernel, sddl, self._last_error)

    def describe(self, path: Path) -> str | None:
        """Whose it is and who may do what; None if it is not there."""
        found, text = ctypes.c_void_p(), ctypes.c_void_p()
        what = _OWNER | _DACL
        status = self._advapi.GetNamedSecurityInfoW(
            str(path), _FILE_OBJECT, DWORD(what), None, None, None, None, ctypes.byref(found)
        )
        if status in (_NOT_FOUND, _PATH_NOT_FOUND):
            return None
        if status:
            raise _said("GetNamedSecurityInfoW", status, path)
        try:
            if not self._advapi.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                found, DWORD(_REVISION), DWORD(what), ctypes.byref(text), None
            ):
                raise _said("ConvertSecurityDescriptorToString", self._last_error(), path)
            return ctypes.wstring_at(text.value) if text.value else ""
        finally:
            self._kernel.LocalFree(found)
            self._kernel.LocalFree(text)

    def name(self, who: str) -> str:
        r"""DOMAIN\name of a security identifier, or of its two letters; itself, if nobody is called so."""
        sid, room, kind = ctypes.c_void_p(), DWORD(_LONGEST), DWORD()
        name, domain = (ctypes.create_unicode_buffer(_LONGEST) for _ in range(2))
        if not self._advapi.ConvertStringSidToSidW(who, ctypes.byref(sid)):
            return who
        try:
            known = self._advapi.LookupAccountSidW(
                None,
                sid,
                name,
                ctypes.byref(DWORD(_LONGEST)),
                domain,
                ctypes.byref(room),
                ctypes.byref(kind),
            )
        finally:
            self._kernel.LocalFree(sid)
        return "\\".join(filter(None, (domain.value, name.value))) if known else who

    def names(self, some: Iterable[str]) -> str:
        return ", ".join(map(self.name, some))

    def make(self, path: Path, sddl: str) -> bool:
        """The folder, with these rights from its first moment; False if it was there already."""
        with self._described(sddl) as descriptor:
            wanted = Attributes(ctypes.sizeof(Attributes), descriptor, 0)
            if self._kernel.CreateDirectoryW(str(path), ctypes.byref(wanted)):
                return True
        code = self._last_error()
        if code != _EXISTS:
            raise _said("CreateDirectoryW", code, path)
        return False

    def set(self, path: Path, sddl: str, *, inherits: bool | None = None) -> None:
        """`sddl` names the list and, if it names one, the owner.  None: it inherits as before."""
        what = _DACL | {None: 0, True: _UNPROTECTED, False: _PROTECTED}[inherits]
        present, given = ctypes.c_int(), ctypes.c_int()
        entries, owner = ctypes.c_void_p(), ctypes.c_void_p()
        with self._described(sddl) as descriptor:
            self._advapi.GetSecurityDescriptorDacl(
                descriptor, ctypes.byref(present), ctypes.byref(entries), ctypes.byref(given)
            )
            if security.owner(sddl):
                what |= _OWNER
                self._advapi.GetSecurityDescriptorOwner(
                    descriptor, ctypes.byref(owner), ctypes.byref(given)
                )
            status = self._advapi.SetNamedSecurityInfoW(
                str(path), _FILE_OBJECT, DWORD(what), owner, None, entries, None
            )
        if status:
            raise _said("SetNamedSecurityInfoW", status, path)


@contextmanager
def described(
    advapi: Any, kernel: Any, sddl: str, last_error: Callable[[], int]
) -> Iterator[ctypes.c_void_p]:
    """A security descriptor of Windows, from its text."""
    found = ctypes.c_void_p()
    if not advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        sddl, DWORD(_REVISION), ctypes.byref(found), None
    ):
        raise Refused("ConvertStringSecurityDescriptorToSecurityDescriptorW", last_error())
    try:
        yield found
    finally:
        kernel.LocalFree(found)


def prepare(files: Files, plan: Plan) -> tuple[str, ...]:
    """Folders that the agent may use, and nobody else change; gives what the person should know."""
    if plan.user:
        for place in (plan.places.state, plan.places.logs):
            Path(place).mkdir(parents=True, exist_ok=True)
        return ()
    sid = account_sid(plan.how)
    said: list[str] = []
    top, state, logs = map(Path, plan.places)
    said += _ours(files, top, sid, modify=False)
    for place in (state, logs):
        if place.is_relative_to(top):
            found = tuple(_ours(files, place, sid, modify=True))
            said += () if said else found  # of whose it was, a word about the whole folder is enough
        else:
            place.mkdir(parents=True, exist_ok=True)
            _grant(files, place, sid, modify=True)
    file = Path(plan.file)
    if not file.is_relative_to(top):
        _grant(files, file, sid, modify=False)
        who = account(plan.how, user=False)
        said.append(f"{who} may read {file} now; files that it names must be readable for it too")
        if foreign := security.writers(files.describe(file) or ""):
            said.append(
                f"{file} can be changed by {files.names(foreign)}, who so decide what the service does"
            )
    return tuple(said)


def reachable(plan: Plan, folders: Iterable[Path], home: Path) -> None:
    """`ConfigError` if the program lies in a person's profile, which no account of a service can read."""
    for folder in folders:
        if not plan.user and folder.is_relative_to(home):
            raise ConfigError(
                f"{folder} belongs to you alone, and the agent's account cannot read it; install Python "
                "and Homeport for all users (the setup program does), or use --user"
            )


def programs(files: Files, plan: Plan, folders: Iterable[Path]) -> tuple[str, ...]:
    """Who else could change what the agent runs; `folders` hold it."""
    if plan.user:
        return ()
    found: dict[tuple[str, ...], list[str]] = {}
    for folder in folders:
        if foreign := security.writers(files.describe(folder) or "D:"):
            found.setdefault(foreign, []).append(str(folder))
    return tuple(
        f"{' and '.join(changed)} can be changed by {files.names(foreign)}, who so decide what runs as the "
        "service; install for all users, below Program Files"
        for foreign, changed in found.items()
    )


def _ours(files: Files, folder: Path, sid: str, *, modify: bool) -> Iterator[str]:
    """A folder that is ours alone, whoever made it."""
    wanted = _ADMINISTRATORS + security.folder(sid, modify=modify)
    if files.make(folder, wanted):
        return
    _refuse_detours(folder)
    before = security.owner(files.describe(folder) or "")
    files.set(folder, wanted, inherits=False)
    if not (before and security.trusted(before)):
        yield f"{folder} belonged to {files.name(before) or 'nobody'}: look whether what is in it is yours"
    for below in _below(folder):
        if not security.trusted(whose := security.owner(files.describe(below) or "")) and whose != sid:
            files.set(below, f"{_ADMINISTRATORS}D:AI", inherits=True)
        else:  # a secret that somebody has made private: for the agent, too
            _grant(files, below, sid, modify=modify)


def _below(folder: Path) -> Iterator[Path]:
    """All that is in it, at any depth."""
    for top, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            _refuse_detours(Path(top) / name)
            yield Path(top) / name


def _refuse_detours(path: Path) -> None:
    """A junction would lead the rights that we give to a place of somebody else's."""
    if getattr(path.lstat(), "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT:
        raise Trouble(f"{path} leads elsewhere (a link or junction); remove it first")


def _grant(files: Files, path: Path, sid: str, *, modify: bool) -> None:
    there = files.describe(path)
    if there is None:
        return
    more = security.granted(there, sid, modify=modify, below=path.is_dir())
    if more is not None:
        files.set(path, more)


def _said(function: str, code: int, path: Path) -> Exception:
    if code == _ACCESS_DENIED:
        return NotAllowed(f"the rights of {path} may not be set: only an administrator may; or use --user")
    return Trouble(f"{path}: {Refused(function, code)}")


def real() -> Files:
    """That of this Windows."""
    if sys.platform != "win32":
        raise RuntimeError("files have other rights here")
    advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    return Files(advapi, kernel, ctypes.get_last_error)
