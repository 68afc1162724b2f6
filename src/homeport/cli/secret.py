"""`homeport secret`: put secrets where only the agent's user finds them, and out of the configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..config import secret_files, vault
from ..config.secret_files import FOLDER, SecretFiles
from ..config.uses import Use, uses
from ..core.errors import ConfigError
from .exits import NOT_RIGHT, RIGHT
from .term import table

_LARGEST = 64 * 1024
_NOTHING = "nothing came from standard input, so nothing is kept"


def put(path: Path | None, name: str, rest: Sequence[str], *, file: bool) -> int:
    """Read a secret from standard input, or without echo from the terminal, and keep it."""
    if rest:
        raise ConfigError(
            "a secret does not stand in the command: every user of this machine could read it there, and "
            f"the shell remembers it.  Write only `homeport secret set {vault.checked(name)}` and type it "
            "when asked, or send it through a pipe; and have the provider change the one you just wrote"
        )
    where = _files(path) if file else vault.store()
    name = vault.checked(name)
    if not file:
        where.names()  # so that who has no keyring is told before he has typed anything
    where.put(name, _read(name))
    folder = f", which only this user can read ({where.folder})" if isinstance(where, SecretFiles) else ""
    print(f"{name} is kept in {_place(file=file)}{folder}.  In the configuration write")
    print(f'  "{_reference(name, file=file)}"')
    print("where the secret stands, such as in token or password.")
    if not file:
        print(
            "Each user has a keyring of its own: an agent that runs as a service finds this one only if "
            "the service runs as the same user.  For another, use --file, or set it as that user."
        )
    return RIGHT


def drop(path: Path | None, name: str, *, file: bool) -> int:
    where = _files(path) if file else vault.store()
    if not where.drop(name):
        raise ConfigError(
            f"{_place(file=file)} holds no {name[:64]}; `homeport secret list` tells what there is"
        )
    print(f"{name} is gone from {_place(file=file)}")
    for use in uses(path, os.environ):
        if _names(use, file=file) == name:
            print(f"homeport: warning: {use.where}: {use.setting} still names it", file=sys.stderr)
    return RIGHT


def show(path: Path | None, *, as_json: bool) -> int:
    """The names, and which settings use them; never what is behind."""
    used = uses(path, os.environ)
    trouble = ""
    try:
        kept = [(name, False) for name in vault.store().names()]
    except ConfigError as error:
        kept, trouble = [], str(error)
    kept += [(name, True) for name in _files(path).names()]
    rows = [(*one, [use for use in used if _names(use, file=one[1]) == one[0]], True) for one in kept]
    missing = dict.fromkeys((_names(use, file=False), False) for use in used)
    for name, file in missing:
        if name and (name, file) not in kept:
            # The index may be older than the entry: what is used is looked for by its name.
            there = not trouble and vault.store().get(name) is not None
            rows.append((name, file, [use for use in used if _names(use, file=file) == name], there))
    if as_json:
        for name, file, some, there in rows:
            found = {"name": name, "place": "file" if file else "keyring", "there": there}
            settings = [{"setting": use.setting, "where": use.where} for use in some]
            print(json.dumps(found | {"used": settings}, ensure_ascii=False))
    elif rows:
        cells = [
            (
                _reference(name, file=file),
                "there" if there else "missing",
                "; ".join(f"{use.setting} ({use.where})" for use in some) or "used by nothing",
            )
            for name, file, some, there in rows
        ]
        print(table(cells, ("REFERENCE", "STATE", "USED BY"), ["" for _ in cells]))
    else:
        print("no secret is kept; make one with: homeport secret set NAME", file=sys.stderr)
    if trouble and any(_names(use, file=False) for use in used):
        print(f"homeport: {trouble}", file=sys.stderr)
    return RIGHT if all(there for *_, there in rows) else NOT_RIGHT


def _files(path: Path | None) -> SecretFiles:
    return SecretFiles(secret_files.home(path, os.environ))


def _place(*, file: bool) -> str:
    return "a file beside the configuration" if file else f"the keyring of {vault.user()}"


def _reference(name: str, *, file: bool) -> str:
    return f"file:{FOLDER}/{name}" if file else f"keyring:{name}"


def _names(use: Use, *, file: bool) -> str:
    """The name of a secret of ours in a reference; empty if it is something else."""
    word, _, rest = use.reference.partition(":")
    if file:
        folder, _, name = rest.strip().replace("\\", "/").rpartition("/")
        return name if word == "file" and folder.rpartition("/")[2] == FOLDER else ""
    return rest.strip() if word == "keyring" else ""


def _read(name: str) -> str:
    if sys.stdin is None:  # closed by whoever started us
        raise ConfigError(_NOTHING)
    if sys.stdin.isatty():
        import getpass  # noqa: PLC0415 - only at a terminal

        text = getpass.getpass(f"{name} (nothing is shown while you type): ")
    else:
        octets = sys.stdin.buffer.read(_LARGEST + 1)
        if len(octets) > _LARGEST:
            raise ConfigError(f"this is too large for a secret: more than {_LARGEST} octets")
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigError("a secret is text in UTF-8, and this is something else") from None
    text = text.rstrip("\r\n")
    if not text.strip():
        raise ConfigError(_NOTHING)
    return text
