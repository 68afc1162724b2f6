"""Where secrets are kept: the system's keyring, the Credential Manager, files; and who may read them."""

from __future__ import annotations

import ctypes
import getpass
import os
import sys
from collections.abc import Iterator
from ctypes import POINTER, cast
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked, PasswordDeleteError

from homeport.config import rights, vault
from homeport.config.secret_files import SecretFiles
from homeport.config.windows_vault import LARGEST, NO_SESSION, NOT_FOUND, Credential, CredentialManager
from homeport.core.errors import ConfigError

ME = f"the user {getpass.getuser()}"


class Memory(KeyringBackend):
    """A keyring, as a desktop has one."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise PasswordDeleteError(username)
        del self.held[service, username]


class Advapi32:
    """The calls of Windows that we use, over a dictionary; it remembers what they were given."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.error = 0
        self.alive: list[Any] = []
        self.freed = 0
        self.refuses = 0
        self.persists: set[tuple[int, int]] = set()
        outer = self

        class Call:
            restype: object = None

            def __init__(self, act: Any) -> None:
                self.act = act

            def __call__(self, *arguments: Any) -> Any:
                if outer.refuses:
                    outer.error = outer.refuses
                    return 0
                return self.act(*arguments)

        self.CredWriteW, self.CredReadW = Call(self._write), Call(self._read)
        self.CredDeleteW, self.CredEnumerateW = Call(self._delete), Call(self._list)
        self.CredFree = Call(self._free)

    def _write(self, given: Any, flags: Any) -> int:
        one = given._obj
        assert flags.value == 0
        self.persists.add((one.kind, one.persist))
        self.held[one.target] = ctypes.string_at(one.blob, one.size)
        return 1

    def _made(self, target: str) -> Credential:
        one, blob = Credential(), self.held[target]
        octets = (ctypes.c_uint8 * max(1, len(blob))).from_buffer_copy(blob or b"\0")
        one.target, one.size, one.blob = target, len(blob), octets
        self.alive += [one, octets]
        return one

    def _read(self, target: Any, kind: Any, flags: Any, out: Any) -> int:
        assert (kind.value, flags.value) == (1, 0)
        if target.value not in self.held:
            self.error = NOT_FOUND
            return 0
        out._obj.contents = self._made(target.value)
        return 1

    def _delete(self, target: Any, kind: Any, flags: Any) -> int:
        assert (kind.value, flags.value) == (1, 0)
        if self.held.pop(target.value, None) is None:
            self.error = NOT_FOUND
            return 0
        return 1

    def _list(self, pattern: Any, flags: Any, count: Any, out: Any) -> int:
        assert (pattern.value, flags.value) == ("homeport:*", 0)
        found = [name for name in self.held if name.startswith("homeport:")]
        if not found:
            self.error = NOT_FOUND
            return 0
        rows = (POINTER(Credential) * len(found))(*(ctypes.pointer(self._made(name)) for name in found))
        self.alive.append(rows)
        count._obj.value = len(found)
        out._obj.contents = cast(rows, POINTER(POINTER(Credential))).contents
        ctypes.memmove(ctypes.byref(out._obj), ctypes.byref(ctypes.c_void_p(ctypes.addressof(rows))), 8)
        return 1

    def _free(self, _: Any) -> None:
        self.freed += 1


def manager(calls: Advapi32) -> CredentialManager:
    return CredentialManager("the user x", calls, lambda: calls.error)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    backend = Memory()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture(params=["keyring", "files", "windows"])
def store(request: pytest.FixtureRequest, tmp_path: Path, memory: Memory) -> Iterator[vault.Store]:
    if request.param == "keyring":
        yield vault._Keyring()
    elif request.param == "files":
        yield SecretFiles(tmp_path)
    else:
        calls = Advapi32()
        yield manager(calls)
        assert not calls.persists - {(1, 2)}


def test_what_is_kept_is_found_listed_and_forgotten(store: vault.Store) -> None:
    assert store.get("cf") is None
    assert store.names() == []
    assert not store.drop("cf")
    store.put("noip", "s3cr\u00e9t \U0001f511\nsecond line")
    store.put("cf", "first")
    store.put("cf", "second")
    assert store.names() == ["cf", "noip"]
    assert store.get("cf") == "second"
    assert store.get("noip") == "s3cr\u00e9t \U0001f511\nsecond line"
    assert store.drop("cf")
    assert not store.drop("cf")
    assert store.get("cf") is None
    assert store.names() == ["noip"]


def test_a_keyring_entry_that_others_made_is_found_and_forgotten(memory: Memory) -> None:
    memory.held["homeport", "noip"] = "abc"
    memory.held["homeport", vault._INDEX] = "no JSON"
    assert vault._Keyring().get("noip") == "abc"
    assert vault._Keyring().names() == []
    assert vault._Keyring().drop("noip")


def test_without_a_keyring_the_way_with_a_file_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(ConfigError) as caught:
        vault._Keyring().get("noip")
    assert str(caught.value) == (
        f"this machine has no keyring for {ME}, as is usual without a desktop; keep the secret in a file "
        "that only this user can read: homeport secret set --file NAME"
    )
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r'pip install "homeport.keyring."; or .* secret set --file NAME'):
        vault._Keyring().get("noip")


def test_what_a_keyring_says_in_its_trouble_is_not_shown(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> None:
        raise KeyringLocked("s3cr3t")

    monkeypatch.setattr(memory, "set_password", refuse)
    with pytest.raises(ConfigError, match=r"cannot be asked \(KeyringLocked\)") as caught:
        vault._Keyring().put("noip", "s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_the_credential_manager_is_given_back_what_it_lends() -> None:
    calls = Advapi32()
    store = manager(calls)
    store.put("cf", "abc")
    assert calls.held == {"homeport:cf": "abc".encode("utf-16-le")}
    assert (store.get("cf"), store.names(), calls.freed) == ("abc", ["cf"], 2)
    calls.held["homeport:cf"] = b"\x00\xd8"
    with pytest.raises(ConfigError, match="is not text"):
        store.get("cf")
    assert calls.freed == 3


def test_the_limits_of_the_credential_manager_are_told_with_a_way_out() -> None:
    calls = Advapi32()
    store = manager(calls)
    store.put("cf", "x" * (LARGEST // 2))
    with pytest.raises(ConfigError, match=r"1280 characters at most.*secret set --file NAME"):
        store.put("cf", "x" * (LARGEST // 2 + 1))
    for number, said in ((NO_SESSION, r"no logon session.*--file"), (5, r"refuses \(error 5\)")):
        calls.refuses = number
        for act in (
            lambda: store.get("cf"),
            lambda: store.put("cf", "s3cr3t"),
            lambda: store.drop("cf"),
            store.names,
        ):
            with pytest.raises(ConfigError, match=rf"the user x .*{said}") as caught:
                act()
            assert "s3cr3t" not in str(caught.value)


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the layout of 64-bit Windows")
def test_the_structure_is_laid_out_as_windows_has_it() -> None:
    """CREDENTIALW: two DWORDs, two pointers, FILETIME, DWORD, pointer, two DWORDs, three pointers."""
    offsets = {name: getattr(Credential, name).offset for name, _ in Credential._fields_}
    assert offsets == {
        "flags": 0,
        "kind": 4,
        "target": 8,
        "comment": 16,
        "written": 24,
        "size": 32,
        "blob": 40,
        "persist": 48,
        "attributes": 52,
        "attribute": 56,
        "alias": 64,
        "user": 72,
    }
    assert ctypes.sizeof(Credential) == 80


@given(st.text())
def test_a_name_is_good_for_a_file_and_a_reference_or_refused(name: str) -> None:
    try:
        vault.checked(name)
    except ConfigError as error:
        assert name not in str(error) or len(name) < 20  # a secret in the place of the name is not shown
        return
    assert Path(name).name == name
    assert ":" not in name
    assert not name.startswith((".", "-"))


# Files


@pytest.mark.posix("modes of files")
def test_a_file_is_its_users_only_even_in_a_careless_process(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        SecretFiles(tmp_path / "etc").put("cf", "abc")
    finally:
        os.umask(before)
    folder = tmp_path / "etc" / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "cf").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == ["cf"]


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    store, victim = SecretFiles(tmp_path), tmp_path / "victim"
    victim.write_text("mine")
    store.put("other", "abc")
    (store.folder / "cf").symlink_to(victim)
    store.put("cf", "abc")
    assert victim.read_text() == "mine"
    assert not (store.folder / "cf").is_symlink()


@pytest.mark.posix("modes of files")
def test_a_folder_that_others_can_change_takes_no_secret(tmp_path: Path) -> None:
    store = SecretFiles(tmp_path)
    store.folder.mkdir()
    store.folder.chmod(0o777)
    with pytest.raises(ConfigError, match=r"other users can change what lies in .*chmod 700"):
        store.put("cf", "s3cr3t")
    assert list(store.folder.iterdir()) == []


@pytest.mark.posix("the words of the system")
def test_a_disk_that_is_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file")
    for act in (
        lambda: SecretFiles(tmp_path).put("cf", "s3cr3t"),
        lambda: SecretFiles(tmp_path).get("cf"),
        lambda: SecretFiles(tmp_path).drop("cf"),
        SecretFiles(tmp_path).names,
    ):
        with pytest.raises(ConfigError, match=r"secrets: (not a directory|file exists)"):
            act()


# Rights

FILE = Path("/etc/homeport/homeport.toml")


@pytest.mark.parametrize(
    ("mode", "group", "said"),
    [
        (0o600, "users", ""),
        (0o640, "homeport", ""),
        (0o660, "homeport", ""),
        (0o640, "users", "everyone in the group users can read"),
        (0o660, "staff", "everyone in the group staff can read and change"),
        (0o604, "homeport", "everyone on this machine can read"),
        (0o602, "homeport", "everyone on this machine can change"),
        (0o666, "users", "everyone on this machine can read and change"),
    ],
)
def test_whom_posix_lets_in(mode: int, group: str, said: str) -> None:
    found = rights.posix_warnings(FILE, 0o100000 | mode, group)
    assert found == (((f"{said} {FILE}", f"chmod 600 {FILE}"),) if said else ())


@pytest.mark.parametrize(
    ("sddl", "may"),
    [
        ("D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;OW)", ""),
        ("D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)", "read"),
        ("D:(A;;FA;;;SY)(A;;0x1200a9;;;WD)", "read"),
        ("D:(A;;FA;;;SY)(A;;0x1301bf;;;AU)", "read and change"),
        ("D:(A;;FA;;;SY)(A;;FW;;;IU)", "change"),
        ("D:(A;;GA;;;S-1-1-0)", "read and change"),
        ("D:(A;;0x10000000;;;S-1-5-32-545)", "read and change"),
        ("D:(A;OICIIO;FA;;;BU)(A;;FA;;;SY)", ""),  # for what is made below it
        ("D:(D;;FA;;;WD)(A;;FA;;;BA)", ""),
        ("D:(A;;0x100000;;;WD)", ""),  # SYNCHRONIZE
        ("D:NO_ACCESS_CONTROL", "read and change"),
        ("", "read and change"),
    ],
)
def test_whom_windows_lets_in(sddl: str, may: str) -> None:
    found = rights.windows_warnings(FILE, sddl)
    assert [said for said, _ in found] == ([f"every user of this machine can {may} {FILE}"] if may else [])


def test_what_windows_is_to_be_told_takes_nothing_away_from_the_account_of_the_service() -> None:
    service = "S-1-5-80-1234567890-1-2-3-4"
    sddl = (
        f"O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;;FR;;;{service})(A;ID;0x1200a9;;;BU)(A;;FW;;;S-1-1-0)"
    )
    [(_, remedy)] = rights.windows_warnings(FILE, sddl)
    assert remedy == f'icacls "{FILE}" /inheritance:d /remove:g *S-1-5-32-545 *S-1-1-0'
    [(_, remedy)] = rights.windows_warnings(FILE, "O:BAG:SY")  # no list: somebody must be let in first
    assert "/grant:r" in remedy
