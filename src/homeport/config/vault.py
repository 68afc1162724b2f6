"""The system's store of secrets, behind `keyring:NAME`.

Windows: the Credential Manager, with no other package.  macOS, Linux: what the keyring package finds
there (Keychain, Secret Service, KWallet).  Each user has a store of its own; a service runs as another
user than the person who sets it up, so every message says whose store was looked into.

No keyring can tell what it holds of a program, so the names (never a secret) are kept in an entry of
their own; the Credential Manager lists them by itself.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Protocol

from ..core.errors import ConfigError
from ..core.secret import Secret

SERVICE = "homeport"
_INDEX = "names of homeport"  # has spaces, so it is no NAME
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Store(Protocol):
    """Where secrets lie.  All methods raise `ConfigError` where the store cannot be used."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None: ...
    def drop(self, name: str) -> bool:
        """Was it there?"""
        ...

    def names(self) -> list[str]: ...


def checked(name: str) -> str:
    """A name for a new secret; it also has to be good as a file's."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "a secret's name is of letters, digits and . _ @ + - (64 at most), such as cloudflare; "
            "what is secret is read from standard input, and never stands in the command"
        )
    return name


def find(name: str) -> Secret:
    """The secret of that name; `ConfigError`, which says what to do, if there is none."""
    value = store().get(name)
    if value is None:
        raise ConfigError(
            f"the keyring of {user()} has no entry for {name[:64]}; make it, as that user, with: "
            f"homeport secret set {name[:64]}"
        )
    return Secret(value)


def user() -> str:
    """Whose store it is."""
    import getpass  # noqa: PLC0415 - only for a message

    try:
        return f"the user {getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return "this user"


def store() -> Store:
    """That of the user who runs this."""
    if sys.platform == "win32":
        from .windows_vault import CredentialManager  # noqa: PLC0415 - of Windows only

        return CredentialManager(user())
    return _Keyring()


class _Keyring:
    """What the keyring package finds."""

    def get(self, name: str) -> str | None:
        found = self._do("get_password", name)
        return None if found is None else str(found)

    def put(self, name: str, value: str) -> None:
        self._do("set_password", name, value)
        self._keep([*self.names(), name])

    def drop(self, name: str) -> bool:
        there = self.get(name) is not None
        if there:
            self._do("delete_password", name)
        self._keep([one for one in self.names() if one != name])
        return there

    def names(self) -> list[str]:
        try:
            return sorted(map(str, json.loads(self.get(_INDEX) or "[]")))
        except ValueError:  # somebody has written into it: the names can be had from the configuration
            return []

    def _keep(self, names: list[str]) -> None:
        if sorted(set(names)) != self.names():
            self._do("set_password", _INDEX, json.dumps(sorted(set(names))))

    def _do(self, action: str, *values: str) -> Any:
        try:
            import keyring  # noqa: PLC0415 - an extra, and heavy
            from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415
        except ImportError:
            raise ConfigError(
                'the keyring package is not installed: pip install "homeport[keyring]"; or keep the '
                "secret in a file of its own: homeport secret set --file NAME"
            ) from None
        try:
            return getattr(keyring, action)(SERVICE, *values)
        except NoKeyringError:
            raise ConfigError(
                f"this machine has no keyring for {user()}, as is usual without a desktop; keep the "
                "secret in a file that only this user can read: homeport secret set --file NAME"
            ) from None
        except (KeyringError, OSError, RuntimeError) as error:  # its text may quote what it was given
            raise ConfigError(
                f"the keyring cannot be asked ({type(error).__name__}); is it unlocked for {user()}?"
            ) from None
