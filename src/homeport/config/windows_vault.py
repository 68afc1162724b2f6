"""The Credential Manager of Windows: generic credentials named homeport:NAME.

`wincred.h`, CredWriteW and CREDENTIALW (learn.microsoft.com, 2024-11-20).  They lie in the profile of one
user, encrypted with what that user's logon unlocks, and stay through restarts of this machine.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_int32, c_uint8, c_uint32, c_void_p, c_wchar_p
from typing import Any

from ..core.errors import ConfigError

GENERIC, LOCAL_MACHINE = 1, 2  # CRED_TYPE_GENERIC, CRED_PERSIST_LOCAL_MACHINE
NOT_FOUND, NO_SESSION = 1168, 1312  # ERROR_NOT_FOUND, ERROR_NO_SUCH_LOGON_SESSION
LARGEST = 2560  # CRED_MAX_CREDENTIAL_BLOB_SIZE, in octets
PREFIX = "homeport:"


class Credential(Structure):
    """CREDENTIALW."""

    _fields_ = (
        ("flags", c_uint32),
        ("kind", c_uint32),
        ("target", c_wchar_p),
        ("comment", c_wchar_p),
        ("written", c_uint32 * 2),
        ("size", c_uint32),
        ("blob", POINTER(c_uint8)),
        ("persist", c_uint32),
        ("attributes", c_uint32),
        ("attribute", c_void_p),
        ("alias", c_wchar_p),
        ("user", c_wchar_p),
    )


class CredentialManager:
    """See `vault.Store`.  `library` is advapi32, `last_error` what GetLastError said of its last call."""

    def __init__(self, user: str, library: Any = None, last_error: Any = None) -> None:
        self._user = user
        self._calls = library or ctypes.WinDLL("advapi32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
        self._last_error = last_error or ctypes.get_last_error  # type: ignore[attr-defined,unused-ignore]
        for name in ("CredReadW", "CredWriteW", "CredDeleteW", "CredEnumerateW"):
            getattr(self._calls, name).restype = c_int32
        self._calls.CredFree.restype = None

    def get(self, name: str) -> str | None:
        found = POINTER(Credential)()
        if not self._calls.CredReadW(
            c_wchar_p(PREFIX + name), c_uint32(GENERIC), c_uint32(0), byref(found)
        ):
            self._must_be_missing()
            return None
        try:
            one = found.contents
            return ctypes.string_at(one.blob, one.size).decode("utf-16-le")
        except UnicodeDecodeError:
            raise ConfigError(f"the entry {PREFIX}{name} is not text; set it anew") from None
        finally:
            self._calls.CredFree(found)

    def put(self, name: str, value: str) -> None:
        octets = value.encode("utf-16-le")
        if len(octets) > LARGEST:
            raise ConfigError(
                f"the Credential Manager takes {LARGEST // 2} characters at most; keep this one in a file: "
                "homeport secret set --file NAME"
            )
        one = Credential()
        one.kind, one.persist, one.size = GENERIC, LOCAL_MACHINE, len(octets)
        one.target, one.user = PREFIX + name, name
        one.blob = (c_uint8 * max(1, len(octets))).from_buffer_copy(octets or b"\0")
        if not self._calls.CredWriteW(byref(one), c_uint32(0)):
            raise self._trouble()

    def drop(self, name: str) -> bool:
        if self._calls.CredDeleteW(c_wchar_p(PREFIX + name), c_uint32(GENERIC), c_uint32(0)):
            return True
        self._must_be_missing()
        return False

    def names(self) -> list[str]:
        count, found = c_uint32(), POINTER(POINTER(Credential))()
        if not self._calls.CredEnumerateW(c_wchar_p(PREFIX + "*"), c_uint32(0), byref(count), byref(found)):
            self._must_be_missing()
            return []
        try:
            targets = [found[i].contents.target or "" for i in range(count.value)]
        finally:
            self._calls.CredFree(found)
        return sorted(target.removeprefix(PREFIX) for target in targets if target.startswith(PREFIX))

    def _must_be_missing(self) -> None:
        """Raise what went wrong, unless it is that there is no such entry."""
        if self._last_error() != NOT_FOUND:
            raise self._trouble()

    def _trouble(self) -> ConfigError:
        number = self._last_error()
        if number == NO_SESSION:
            return ConfigError(
                f"{self._user} has no Credential Manager here (no logon session); keep the secret in a "
                "file: homeport secret set --file NAME"
            )
        return ConfigError(f"the Credential Manager of {self._user} refuses (error {number})")
