"""What stands behind `env:NAME`, `file:PATH`, `command:LINE` and `keyring:NAME`.

No message holds a secret, nor the output of a command, nor more of its line than the program's name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import ConfigError
from ..core.secret import Secret
from .paths import expanded

COMMAND_SECONDS = 10
_LARGEST = 64 * 1024
_ADVICE = "write it as env:NAME, file:PATH, keyring:NAME or command:LINE"
# What a shell knows without a program of that name.
_SHELL_WORDS = frozenset({"call", "case", "cd", "command", "dir", "echo", "eval", "exec", "export", "for"})
_SHELL_WORDS |= {"if", "printf", "read", "set", "source", "test", "type", "umask", "until", "while", "."}
# Docker mounts its secrets readable for all, in a place that nobody outside of the container sees.
_CONTAINER_SECRETS = Path("/run/secrets")


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
        if value is None:
            raise ConfigError(f"the environment variable {name[:64]} is not set")
        return Found(Secret(value))

    def read(self, name: str) -> Found:
        file = self.folder / expanded(name)
        try:
            with file.open("rb") as stream:
                raw = stream.read(_LARGEST + 1)
                mode = os.fstat(stream.fileno()).st_mode
            text = raw.decode("utf-8-sig")
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{file} is not text in UTF-8") from None
        if len(raw) > _LARGEST:
            raise ConfigError(f"{file} is too large for a secret")
        return Found(Secret(text.rstrip("\r\n")), warnings=too_open(file, mode))

    def run(self, line: str) -> Found:
        program = _program(line)
        if not self.resolve:
            _look_for(program, self.environ)
            return Found(Secret(""), known=False)
        return Found(Secret(_first_line(line, program, self.environ)))

    def ask_keyring(self, name: str) -> Found:
        if not self.resolve:
            return Found(Secret(""), known=False)
        try:
            import keyring  # noqa: PLC0415 - an extra, and heavy
            from keyring.errors import KeyringError  # noqa: PLC0415
        except ImportError:
            raise ConfigError(
                'the keyring package is not installed: pip install "homeport[keyring]"'
            ) from None
        try:
            value = keyring.get_password("homeport", name)
        except (KeyringError, OSError, RuntimeError) as error:
            raise ConfigError(
                f"the keyring cannot be asked ({type(error).__name__}); is it unlocked for this user?"
            ) from None
        if value is None:
            raise ConfigError(
                f"the keyring has no entry for {name[:64]}; make it with: keyring set homeport {name[:64]}"
            )
        return Found(Secret(value))

    def itself(self, text: str) -> Found:
        return Found(
            Secret(text), literal=True, warnings=(("a secret stands here in plain text", _ADVICE),)
        )


_KINDS: Mapping[str, Callable[[References, str], Found]] = {
    "env": References.env,
    "file": References.read,
    "command": References.run,
    "keyring": References.ask_keyring,
    "literal": References.itself,
}


def too_open(file: Path, mode: int | None = None) -> tuple[tuple[str, str], ...]:
    """A warning if everyone on this machine can read the file.  POSIX only."""
    if os.name != "posix" or _CONTAINER_SECRETS in file.parents:
        return ()
    bits = file.stat().st_mode if mode is None else mode
    return ((f"everyone on this machine can read {file}", f"chmod 600 {file}"),) if bits & 0o004 else ()


def _meant(word: str, colon: str) -> str:
    """The advice for a literal; the word is shown only if it is almost one of ours."""
    import difflib  # noqa: PLC0415 - only a literal secret pays for it

    near = difflib.get_close_matches(word.strip().lower(), _KINDS, n=1, cutoff=0.75) if colon else []
    return f'did you mean "{near[0]}:"?' if near else _ADVICE


def _shown(word: str, rest: str) -> str:
    if word == "literal":
        return "literal:"
    return f"{word}:{_program(rest) if word == 'command' else rest[:64]}"


def _program(line: str) -> str:
    """The program of a command line, which is all of it that may be shown."""
    quoted = re.match(r"""\s*(?:"([^"]+)"|'([^']+)'|(\S+))""", line)
    return next((part for part in quoted.groups() if part), "") if quoted else ""


def _look_for(program: str, environ: Mapping[str, str]) -> None:
    """`ConfigError` if the program cannot be there; a word only a shell understands is believed."""
    import shutil  # noqa: PLC0415 - only a check pays for it

    plain = re.fullmatch(r"[\w./\\:+~-]+(?: [\w./\\:+~-]+)*", program)
    if not plain or program in _SHELL_WORDS:
        return
    if shutil.which(os.path.expanduser(program), path=environ.get("PATH")) is None:  # noqa: PTH111 - a word
        raise ConfigError(f"there is no program {program}; write its full path, or install it")


def _first_line(line: str, program: str, environ: Mapping[str, str]) -> str:
    """The first line that the command prints.  Its error output is dropped: it might hold the secret."""
    import subprocess  # noqa: PLC0415 - only a `command:` pays for it

    # A child that outlives its shell would keep our pipe open, so all of them form a group to end.
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW}
    with subprocess.Popen(  # noqa: S602 - a line for the shell is what the person wrote
        line,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environ),
        **apart,
    ) as process:
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
