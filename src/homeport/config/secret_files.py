"""Secrets in files of their own beside the configuration, for machines that have no keyring."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ConfigError
from . import find, rights

FOLDER = "secrets"


class SecretFiles:
    """See `vault.Store`.  `home` is the folder of the configuration."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def put(self, name: str, value: str) -> None:
        """Whole or not at all, and readable for its user only from its first octet on."""
        part = self.folder / f".{name}.{secrets.token_hex(4)}"
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(mode=0o700, parents=True)
                rights.make_private(self.folder, folder=True)
            _of_ours(self.folder)
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                rights.make_private(part)
                with os.fdopen(file, "w", encoding="utf-8", newline="") as stream:
                    stream.write(value)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(self.folder / name)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._trouble(error) from None

    def get(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from None

    def drop(self, name: str) -> bool:
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._trouble(error) from None
        return True

    def names(self) -> list[str]:
        try:
            return sorted(file.name for file in self.folder.iterdir() if not file.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> ConfigError:
        return ConfigError(f"{self.folder}: {(error.strerror or type(error).__name__).lower()}")


def _of_ours(folder: Path) -> None:
    """`ConfigError` for a folder in which another user could put things in the way."""
    if sys.platform != "win32":
        found = folder.stat()
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
            raise ConfigError(
                f"other users can change what lies in {folder}; make it yours: "
                f"chown {os.geteuid()} {folder}; chmod 700 {folder}"
            )


def home(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The folder of the configuration, or where one would be."""
    found, _ = find.find(path, environ)
    if found is not None:
        return found.parent
    *_, user, system = find.folders(environ)
    alone = sys.platform == "win32" or os.geteuid() == 0
    return system if alone else user
