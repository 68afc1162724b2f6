"""References to secrets, and what is never shown."""

from __future__ import annotations

import getpass
import os
import sys
import time
from pathlib import Path

import keyring
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from homeport.config import rights, secrets
from homeport.config.secrets import References
from homeport.core.errors import ConfigError
from homeport.core.secret import Secret
from homeport.wire.auth import veil

PRINTED = st.characters(min_codepoint=32, max_codepoint=126)
TEXT = st.text(PRINTED, max_size=20)
PYTHON = f'"{sys.executable}"'
posix = pytest.mark.posix("permission bits and process groups")


def revealed(text: str, environ: dict[str, str] | None = None, folder: Path = Path()) -> str:
    return References(os.environ | (environ or {}), folder).find(text).secret.reveal()


def refusal(text: str, environ: dict[str, str] | None = None, folder: Path = Path()) -> str:
    with pytest.raises(ConfigError) as caught:
        References(os.environ | (environ or {}), folder).find(text)
    return str(caught.value)


def test_a_variable_is_read() -> None:
    assert revealed("env:HP_TOKEN", {"HP_TOKEN": "abc"}) == "abc"
    assert refusal("env:HP_TOKEN") == "the environment variable HP_TOKEN is not set"
    assert refusal("env:HP_TOKEN", {"HP_TOKEN": " "}) == "the secret behind env:HP_TOKEN is empty"
    assert "nothing stands behind env:" in refusal("env:")
    assert "s3cr3t" not in refusal("env:s3cr3t-of-the-token") + refusal("env:" + "s3cr3t" * 20)


def test_a_file_is_read_relative_to_the_configuration_without_its_last_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf abc \r\n")
    file.chmod(0o600)
    assert revealed("file:token", folder=tmp_path) == " abc "
    assert revealed(f"file:{file}") == " abc "
    file.write_bytes(b"\n")
    assert "is empty" in refusal(f"file:{file}")
    file.write_bytes(b"\xff")
    assert "not text in UTF-8" in refusal(f"file:{file}")
    file.write_bytes(b"x" * 70_000)
    assert "too large" in refusal(f"file:{file}")
    assert "No such file" in refusal("file:nothing", folder=tmp_path)


def test_a_credential_of_systemd_is_read_where_systemd_has_put_it(tmp_path: Path) -> None:
    file = tmp_path / "cf"
    file.write_text("abc\n")
    file.chmod(0o644)  # what only the kernel lets in has rights that look open
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = References(environ, Path("/elsewhere")).find("credential:cf")

    assert (found.secret.reveal(), found.warnings) == ("abc", ())
    assert "cf2 cannot be read" in refusal("credential:cf2", environ)
    for name in ("../cf", "/etc/passwd", ".."):
        assert "has a name, and no path" in refusal(f"credential:{name}", environ)


def test_a_credential_of_systemd_can_be_checked_by_whoever_does_not_get_it() -> None:
    assert not References({}, Path(), resolve=False).find("credential:cf").known
    with pytest.raises(ConfigError, match="LoadCredential=cf:PATH in its unit; this process"):
        References({}, Path()).find("credential:cf")


@posix
def test_a_file_that_everyone_can_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc")
    file.chmod(0o604)
    references = References({}, tmp_path)
    [(said, remedy)] = references.find("file:token").warnings
    assert (said, remedy) == (f"everyone on this machine can read {file}", f"chmod 600 {file}")
    file.chmod(0o640)
    assert references.find("file:token").warnings == ()


def test_the_secrets_of_a_container_are_where_they_belong() -> None:
    assert rights.too_open(Path("/run/secrets/token")) == ()


def test_the_first_line_of_a_command_is_the_secret() -> None:
    assert revealed(f"command:{PYTHON} -c \"print('abc'); print('def')\"") == "abc"
    script = "import sys; print('a warning', file=sys.stderr, flush=True); print('abc')"
    assert revealed(f'command:{PYTHON} -c "{script}"') == "abc"


def test_a_command_sees_the_environment_and_no_terminal() -> None:
    line = f"command:{PYTHON} -c \"import os,sys; print(os.environ['HP'] + sys.stdin.read())\""
    assert revealed(line, {"HP": "abc"}) == "abc"


def test_what_a_failing_command_prints_is_not_shown() -> None:
    script = "import sys; print('s3cr3t'); print('s3cr3t', file=sys.stderr); sys.exit(3)"
    said = refusal(f'command:{PYTHON} -c "{script}"')
    assert said == f"the command {sys.executable} ended with status 3; run it by hand to see why"
    assert "is empty" in refusal(f'command:{PYTHON} -c "print()"')
    assert "something else than text" in refusal(
        f'command:{PYTHON} -c "import sys; sys.stdout.buffer.write(bytes([255]))"'
    )


@posix
def test_a_command_that_hangs_is_ended_with_all_its_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 1)
    note = tmp_path / "pid"
    begun = time.monotonic()
    assert "gave no answer in 1 s" in refusal(f"command:sh -c 'sleep 60 & echo $! > {note}; wait'")
    assert time.monotonic() - begun < 20
    child = int(note.read_text())
    for _ in range(200):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child is still running")


class Memory(KeyringBackend):
    """A keyring that holds one password, or is locked."""

    priority = 1.0
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("s3cr3t")
        return {("homeport", "noip"): "abc"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("nobody writes here")

    def delete_password(self, service: str, username: str) -> None:
        raise AssertionError("nobody deletes here")


@pytest.mark.posix("Windows asks its Credential Manager")
def test_the_keyring_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Memory()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    assert revealed("keyring:noip") == "abc"
    assert refusal("keyring:other") == (
        f"the keyring of the user {getpass.getuser()} has no entry for other; make it, as that user, with: "
        "homeport secret set other"
    )
    backend.locked = True
    assert refusal("keyring:noip") == (
        f"the keyring cannot be asked (KeyringLocked); is it unlocked for the user {getpass.getuser()}?"
    )


@pytest.mark.posix("Windows asks its Credential Manager")
def test_without_the_keyring_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert 'pip install "homeport[keyring]"' in refusal("keyring:noip")


@pytest.mark.posix("echo is a program")
def test_a_check_runs_no_command_and_asks_no_keyring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    checked = References(os.environ, tmp_path, resolve=False)
    mark = tmp_path / "mark"
    assert not checked.find(f"command:{PYTHON} -c \"open(r'{mark}', 'w')\"").known
    assert not checked.find("command:echo abc").known
    assert not checked.find("keyring:noip").known
    assert not mark.exists()
    with pytest.raises(ConfigError) as caught:
        checked.find("command:no-such-program-here s3cr3t")
    assert str(caught.value) == (
        "there is no program no-such-program-here; write its full path, or install it"
    )


@posix
def test_no_shell_reads_the_line_of_a_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for line in (f"command:echo abc; touch {mark}", f"command:echo $(touch {mark})"):
        for resolve in (True, False):
            with pytest.raises(ConfigError, match="no shell reads this line"):
                References(os.environ, tmp_path, resolve).find(line)
    assert revealed(f"command:echo 'abc; touch {mark}'") == f"abc; touch {mark}"
    assert revealed("command:sh -c 'echo abc | tr a-c x-z'") == "xyz"
    assert not mark.exists()


@posix
def test_a_program_is_looked_for_in_the_path_and_may_have_spaces_in_its_own(tmp_path: Path) -> None:
    program = tmp_path / "my tools" / "secret"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "[$1]"\n')
    program.chmod(0o700)
    assert revealed(f"command:'{program}' 'a b'") == "[a b]"
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    assert revealed("command:secret 'a  b'", {"PATH": path}) == "[a  b]"
    program.chmod(0o600)
    assert "there is no program secret;" in refusal("command:secret", {"PATH": str(program.parent)})
    program.chmod(0o700)
    program.write_text("this is no program")
    assert refusal(f"command:'{program}'") == f"the command {program} cannot be run: exec format error"


def test_a_literal_works_with_a_warning_that_does_not_show_it() -> None:
    references = References({}, Path())
    for text, secret in (
        ("s3cr3t", "s3cr3t"),
        ("literal:env:s3cr3t", "env:s3cr3t"),
        ("literal:literal:x", "literal:x"),
        ("a:b", "a:b"),
    ):
        found = references.find(text)
        assert found.secret.reveal() == secret
        assert found.literal
        advice = "write it as env:NAME, file:PATH, keyring:NAME or command:LINE"
        assert found.warnings == (("a secret stands here in plain text", advice),)


def test_a_misspelt_reference_is_noticed() -> None:
    for text, meant in (
        ("ENV:TOKEN", "env:"),
        ("evn:TOKEN", "env:"),
        ("keyrin:noip", "keyring:"),
        ("comand:pass x", "command:"),
    ):
        [(_, remedy)] = References({}, Path()).find(text).warnings
        assert remedy == f'did you mean "{meant}"?'


@given(st.text(PRINTED, min_size=12, max_size=40), st.integers(0, 40), st.integers(8, 40), TEXT, TEXT)
def test_no_part_of_a_secret_that_is_of_use_is_left(
    secret: str, start: int, length: int, before: str, after: str
) -> None:
    part = secret[start : start + length]
    shown = veil(before + part + after, [Secret(secret)])
    assert not any(secret[i : i + 8] in shown for i in range(len(secret) - 7) if "***" not in secret)


@given(st.text("ab", min_size=8), st.text("cd"), st.text("ef"))
def test_what_is_no_part_of_it_is_left_as_it_is(secret: str, before: str, after: str) -> None:
    assert veil(f"{before} {secret} {after}", [Secret(secret)]) == f"{before} *** {after}"
    assert veil(f"{before} {after}", [Secret(secret)]) == f"{before} {after}"
