"""The rights of folders: what Windows is asked for.  Wine keeps them, simplified, and enforces none."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import pytest

from homeport.core.errors import ConfigError
from homeport.service import plan as plans
from homeport.service import security
from homeport.service.manager import Trouble
from homeport.service.plan import How, Places, Plan
from homeport.service.windows_files import Files, prepare, programs, reachable

SERVICE = plans.service_sid("Homeport")
OWNER, DACL, PROTECTED, UNPROTECTED = 0x1, 0x4, 0x80000000, 0x20000000
NAMES = {"S-1-5-21-1-2-3-1001": ("PC", "王"), "AU": ("NT AUTHORITY", "Authenticated Users")}
MINE = "O:S-1-5-21-1-2-3-1001"  # of an ordinary user


class Rights:
    """advapi32 and kernel32 in one, as far as `Files` calls them: who owns what, in a real folder."""

    def __init__(self) -> None:
        self.texts: dict[int, Any] = {}
        self.of: dict[str, str] = {}  # what was there before
        self.told: list[tuple[str, int, str]] = []
        self.error = 0
        self.denied = False

    def _keep(self, text: str) -> int:
        self.texts[number := 0x7FFF_0000_0000 + len(self.texts)] = text
        return number

    def ConvertStringSecurityDescriptorToSecurityDescriptorW(
        self, text: str, revision: Any, found: Any, size: Any
    ) -> int:
        assert revision.value == 1
        found._obj.value = self._keep(text)
        return 1

    def ConvertSecurityDescriptorToStringSecurityDescriptorW(
        self, descriptor: Any, revision: Any, what: Any, found: Any, size: Any
    ) -> int:
        buffer = ctypes.create_unicode_buffer(self.texts[descriptor.value])
        self.texts[ctypes.addressof(buffer)] = buffer
        found._obj.value = ctypes.addressof(buffer)
        return 1

    def GetNamedSecurityInfoW(self, path: str, kind: int, what: Any, *rest: Any) -> int:
        assert (kind, what.value) == (1, OWNER | DACL)
        if not os.path.lexists(path):
            return 2
        rest[-1]._obj.value = self._keep(self.of.get(path, f"{MINE}D:AI(A;ID;FA;;;S-1-5-21-1-2-3-1001)"))
        return 0

    def ConvertStringSidToSidW(self, text: str, found: Any) -> int:
        found._obj.value = self._keep(text)
        return 1

    def LookupAccountSidW(self, machine: None, sid: Any, name: Any, *rest: Any) -> int:
        room, domain, more, _ = rest
        assert room._obj.value == len(name) and more._obj.value == len(domain)
        domain.value, name.value = NAMES.get(self.texts[sid.value], ("", ""))
        return self.texts[sid.value] in NAMES

    def GetSecurityDescriptorDacl(self, descriptor: Any, present: Any, entries: Any, given: Any) -> int:
        entries._obj.value = descriptor.value
        return 1

    def GetSecurityDescriptorOwner(self, descriptor: Any, owner: Any, given: Any) -> int:
        owner._obj.value = descriptor.value
        return 1

    def SetNamedSecurityInfoW(self, path: str, kind: int, what: Any, owner: Any, *rest: Any) -> int:
        group, entries, audit = rest
        assert kind == 1 and group is None and audit is None
        assert bool(what.value & OWNER) == bool(owner.value)
        text = self.texts[entries.value]
        self.told.append((path, what.value, text))
        self.of[path] = text
        return 5 if self.denied else 0

    def CreateDirectoryW(self, path: str, attributes: Any) -> int:
        given = attributes._obj
        assert given.length == ctypes.sizeof(given) == 24 and given.inherit == 0
        if self.denied:
            self.error = 5
            return 0
        try:
            os.mkdir(path)
        except FileExistsError:
            self.error = 183
            return 0
        self.of[path] = self.texts[given.descriptor]
        self.told.append((path, 0, self.of[path]))
        return 1

    def LocalFree(self, what: Any) -> None:
        """Nothing."""

    def files(self) -> Files:
        return Files(self, self, lambda: self.error)


def planned(folder: Path, file: Path | None = None, state: Path | None = None, user: bool = False) -> Plan:
    top = folder / "Homeport"
    places = Places(top, state or top / "state", top / "logs")
    return Plan(How.RUN if user else How.SERVICE, user, (), file or top / "homeport.toml", places)


def test_new_folders_have_their_rights_from_their_first_moment(tmp_path: Path) -> None:
    rights = Rights()

    assert prepare(rights.files(), planned(tmp_path)) == ()

    top = tmp_path / "Homeport"
    read, modify = (security.folder(SERVICE, modify=modify) for modify in (False, True))
    assert rights.told == [
        (str(top), 0, f"O:BA{read}"),
        (str(top / "state"), 0, f"O:BA{modify}"),
        (str(top / "logs"), 0, f"O:BA{modify}"),
    ]


def test_a_folder_that_somebody_else_has_made_is_taken_over_with_all_that_is_in_it(tmp_path: Path) -> None:
    rights, top = Rights(), tmp_path / "Homeport"
    (top / "state").mkdir(parents=True)
    (top / "homeport.toml").write_text("")

    said = prepare(rights.files(), planned(tmp_path))

    [one] = said
    assert r"PC\王" in one and str(top) in one
    told = {(path, what): text for path, what, text in rights.told}
    assert told[str(top), OWNER | DACL | PROTECTED] == f"O:BA{security.folder(SERVICE, modify=False)}"
    assert told[str(top / "homeport.toml"), OWNER | DACL | UNPROTECTED] == "O:BAD:AI"
    assert told[str(top / "state"), OWNER | DACL | PROTECTED].endswith(f"0x1301bf;;;{SERVICE})")
    assert prepare(rights.files(), planned(tmp_path)) == (), "the second time it is ours"


@pytest.mark.parametrize("link", ["Homeport", "logs"])
def test_a_link_in_the_place_of_a_folder_of_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    rights, top = Rights(), tmp_path / "Homeport"
    (top / "logs").mkdir(parents=True)
    plain = Path.lstat

    class Junction:
        st_file_attributes = 0x410  # a folder, and FILE_ATTRIBUTE_REPARSE_POINT

    monkeypatch.setattr(Path, "lstat", lambda path: Junction() if path.name == link else plain(path))
    with pytest.raises(Trouble, match=f"{link} leads elsewhere"):
        prepare(rights.files(), planned(tmp_path))
    assert not any(path.endswith(link) for path, _, _ in rights.told)


def test_places_of_a_person_s_choice_get_one_right_more_and_keep_the_others(tmp_path: Path) -> None:
    rights, file, state = Rights(), tmp_path / "my.toml", tmp_path / "there" / "state"
    file.write_text("")

    said = prepare(rights.files(), planned(tmp_path, file, state))

    told = {path: (what, text) for path, what, text in rights.told}
    before = "D:AI(A;ID;FA;;;S-1-5-21-1-2-3-1001)"
    assert told[str(file)] == (DACL, f"{before}(A;;0x1200a9;;;{SERVICE})")
    assert told[str(state)] == (DACL, f"{before}(A;OICI;0x1301bf;;;{SERVICE})")
    assert any("may read" in one for one in said)
    assert any(r"can be changed by PC\王" in one for one in said)


def test_a_person_s_own_folders_keep_the_rights_of_the_profile(tmp_path: Path) -> None:
    rights = Rights()
    prepare(rights.files(), planned(tmp_path, user=True))
    assert rights.told == [] and (tmp_path / "Homeport" / "logs").is_dir()


def test_without_rights_it_is_a_wrong_call_and_the_way_out_is_named(tmp_path: Path) -> None:
    rights = Rights()
    rights.denied = True
    with pytest.raises(ConfigError, match="--user"):
        prepare(rights.files(), planned(tmp_path))


def test_who_could_change_the_program_is_named(tmp_path: Path) -> None:
    rights = Rights()
    python, venv, gone = (tmp_path / name for name in ("python", "venv", "gone"))
    for folder, who in ((python, "AU"), (venv, "AU"), (gone, "S-1-5-21-9-9-9-9")):
        folder.mkdir()
        rights.of[str(folder)] = f"O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;{who})(A;;0x1200a9;;;BU)"
    said = programs(rights.files(), planned(tmp_path), [python, gone, venv])
    assert [one.partition(", who")[0] for one in said] == [
        rf"{python} and {venv} can be changed by NT AUTHORITY\Authenticated Users",
        f"{gone} can be changed by S-1-5-21-9-9-9-9",
    ]


def test_a_secret_that_was_made_private_is_readable_for_the_agent(tmp_path: Path) -> None:
    """`homeport check` tells the command that keeps everybody but the person and administrators away."""
    rights, top = Rights(), tmp_path / "Homeport"
    (top / "state").mkdir(parents=True)
    for name in ("bind.key", "homeport.toml", "state/state.db"):
        (top / name).write_text("")
    private = "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-21-1-2-3-1001)"
    rights.of[str(top / "bind.key")] = private
    rights.of[str(top)] = f"O:BA{security.folder(SERVICE, modify=False)}"
    rights.of[str(top / "state")] = f"O:BA{security.folder(SERVICE, modify=True)}"
    rights.of[str(top / "homeport.toml")] = f"O:BAD:AI(A;ID;FA;;;SY)(A;ID;0x1200a9;;;{SERVICE})"
    rights.of[str(top / "state" / "state.db")] = f"O:{SERVICE}D:AI(A;ID;0x1301bf;;;{SERVICE})"

    assert prepare(rights.files(), planned(tmp_path)) == ()

    told = {Path(path).name: (what, text) for path, what, text in rights.told}
    assert told["bind.key"] == (DACL, f"{private[4:]}(A;;0x1200a9;;;{SERVICE})")
    assert "homeport.toml" not in told and "state.db" not in told, "they inherit it"


def test_a_program_in_a_profile_is_no_program_for_a_service(tmp_path: Path) -> None:
    own = tmp_path / "AppData" / "Local" / "Programs" / "Python"
    with pytest.raises(ConfigError, match="--user"):
        reachable(planned(tmp_path), [own], tmp_path)
    reachable(planned(tmp_path, user=True), [own], tmp_path)
    reachable(planned(tmp_path), [Path("/Program Files/Homeport")], tmp_path)
