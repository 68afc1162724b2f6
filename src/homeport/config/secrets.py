"""What stands behind `env:NAME`, `file:PATH`, `command:LINE`, `keyring:NAME` and `credential:NAME`.

No message holds a secret, nor the output of a command, nor more of its line than the program's name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..core.children import inherited
from ..core.errors import ConfigError
from ..core.secret import Secret, SecretUrl
from ..core.settings import Text
from . import commands
from .paths import expanded
from .rights import too_open

COMMAND_SECONDS = 10
_LARGEST = 64 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ADVICE = "write it as env:NAME, file:PATH, keyring:NAME or command:LINE"


class Found(NamedTuple):
    """A secret, and what the person should know about how it is kept."""

    secret: Secret
    literal: bool = False  # is it written in the configuration itself?
    known: bool = True  # has the reference been followed?
    warnings: tuple[tuple[str, str], ...] = ()  # what, and what to do about it


class References(NamedTuple):
    """Where references point to.

    Without `resolve` no command is run and no keyring asked; with `blind` no reference is followed.
    """

    environ: Mapping[str, str]
    folder: Path
    resolve: bool = True
    blind: bool = False
    withheld: frozenset[str] = frozenset()  # variables that no command gets to see

    def find(self, text: str) -> Found:
        """The secret that was written as `text`; `ConfigError` if there is none behind it."""
        word, colon, rest = text.partition(":")
        if not colon or word not in _KINDS:
            return Found(
                Secret(text),
                literal=True,
                warnings=(("a secret stands here in plain text", _meant(word, colon)),),
            )
        rest = rest if word == "literal" else rest.strip()
        if not rest:
            raise ConfigError(f"nothing stands behind {word}:, {_ADVICE}")
        if self.blind and word != "literal":
            return Found(Secret(""), known=False)
        found = _KINDS[word](self, rest)
        if found.known and not found.secret.reveal().strip():
            raise ConfigError(f"the secret behind {_shown(word, rest)} is empty")
        return found

    def env(self, name: str) -> Found:
        value = self.environ.get(name)
        if value is None and not _VARIABLE.fullmatch(name):  # a secret in the wrong place may be just that
            raise ConfigError(f"what stands behind env: is no name of an environment variable, {_ADVICE}")
        if value is None:
            raise ConfigError(f"the environment variable {name[:64]} is not set")
        return Found(Secret(value))

    def read(self, name: str) -> Found:
        file = self.folder / expanded(name)
        try:
            with file.open("rb") as stream:
                raw = stream.read(_LARGEST + 1)
                status = os.fstat(stream.fileno())
            text = raw.decode("utf-8-sig")
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{file} is not text in UTF-8") from None
        if len(raw) > _LARGEST:
            raise ConfigError(f"{file} is too large for a secret")
        return Found(Secret(text.rstrip("\r\n")), warnings=too_open(file, status))

    def credential(self, name: str) -> Found:
        """What systemd has handed to this service (systemd.exec(5), LoadCredential=).

        It never changes while the service runs, and the kernel lets only its user read it.
        """
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        if "/" in name or name in (".", ".."):
            raise ConfigError("a credential of systemd has a name, and no path; write credential:NAME")
        if folder:
            return self.read(str(Path(folder) / name))._replace(warnings=())
        if not self.resolve:
            return Found(Secret(""), known=False)  # a person checks what a service will read
        raise ConfigError(
            f"credential:{name[:64]} is for a service of systemd, with LoadCredential={name[:64]}:PATH in "
            "its unit; this process has no CREDENTIALS_DIRECTORY"
        )

    def run(self, line: str) -> Found:
        words = commands.split(line)
        words = (commands.look_for(words[0], self.environ), *words[1:])
        if not self.resolve:
            return Found(Secret(""), known=False)
        return Found(Secret(_first_line(words, inherited(self.environ, self.withheld))))

    def ask_keyring(self, name: str) -> Found:
        if not self.resolve:
            return Found(Secret(""), known=False)
        from . import vault  # noqa: PLC0415 - few secrets lie there

        return Found(vault.find(name))

    def itself(self, text: str) -> Found:
        return Found(
            Secret(text), literal=True, warnings=(("a secret stands here in plain text", _ADVICE),)
        )


_KINDS: Mapping[str, Callable[[References, str], Found]] = {
    "env": References.env,
    "file": References.read,
    "command": References.run,
    "keyring": References.ask_keyring,
    "credential": References.credential,
    "literal": References.itself,
}


def variables(node: object) -> Iterator[str]:
    """The environment variables that the references in a tree of settings name."""
    if isinstance(node, Mapping):
        for value in node.values():
            yield from variables(value)
    elif isinstance(node, list):
        for value in node:
            yield from variables(value)
    elif isinstance(node, Text) and node.lstrip()[:1] in ("{", "["):
        yield from variables(_untangled(node))
    elif isinstance(node, str):
        word, _, name = node.partition(":")
        if word == "env" and (name := name.strip()):
            yield name.upper() if sys.platform == "win32" else name  # where case makes no difference


def _untangled(text: Text) -> object:
    import json  # noqa: PLC0415 - few environments hold whole tables

    try:
        return json.loads(text)
    except ValueError:
        return None


def as_url(secret: Secret) -> SecretUrl:
    """The same, of which only the user name and the password are secret."""
    return SecretUrl(secret.reveal())


def _meant(word: str, colon: str) -> str:
    """The advice for a literal; the word is shown only if it is almost one of ours."""
    import difflib  # noqa: PLC0415 - only a literal secret pays for it

    near = difflib.get_close_matches(word.strip().lower(), _KINDS, n=1, cutoff=0.66) if colon else []
    return f'did you mean "{near[0]}:"?' if near else _ADVICE


def _shown(word: str, rest: str) -> str:
    if word == "literal":
        return "literal:"
    return f"{word}:{commands.split(rest)[0] if word == 'command' else rest[:64]}"


def _first_line(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """The first line that the command prints.  Its error output is dropped: it might hold the secret."""
    import subprocess  # noqa: PLC0415 - only a `command:` pays for it

    program = words[0]
    # A child that outlives its parent would keep our pipe open, so all of them form a group to end.
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW}
    try:
        running = subprocess.Popen(  # noqa: S603 - no shell; the person wrote the line
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            **apart,
        )
    except OSError as error:
        raise ConfigError(f"the command {program} cannot be run: {_why(error)}") from None
    with running as process:
        try:
            output, _ = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            raise ConfigError(
                f"the command {program} gave no answer in {COMMAND_SECONDS} s; does it ask for something?"
            ) from None
    if process.returncode:
        raise ConfigError(
            f"the command {program} ended with status {process.returncode}; run it by hand to see why"
        )
    try:
        text = output[:_LARGEST].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"the command {program} printed something else than text in UTF-8") from None
    return next(iter(text.splitlines()), "")


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _end(pid: int) -> None:
    if sys.platform == "win32":
        import subprocess  # noqa: PLC0415 - as above

        subprocess.run(  # noqa: S603 - a fixed program and a number
            ["taskkill", "/T", "/F", "/PID", str(pid)],  # noqa: S607 - part of Windows
            check=False,
            capture_output=True,
        )
    else:
        import signal  # noqa: PLC0415 - only a command that hangs pays for it

        os.killpg(pid, signal.SIGKILL)
