"""What is decided before anything is touched."""

from __future__ import annotations

import errno
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import ConfigError
from homeport.service import failure, security
from homeport.service import plan as plans
from homeport.service.plan import How

TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
SERVICE = plans.service_sid("Homeport")


@pytest.mark.parametrize(
    ("how", "user", "chosen"),
    [
        (None, False, How.SERVICE),
        (None, True, How.RUN),
        (How.TASK, True, How.TASK),
        (How.TASK, False, How.TASK),
        (How.NSSM, False, How.NSSM),
    ],
)
def test_which_way_is_meant_on_windows(how: How | None, user: bool, chosen: How) -> None:
    assert plans.chosen("win32", how, user=user) is chosen


@pytest.mark.parametrize("how", [How.SERVICE, How.NSSM])
def test_a_way_for_the_machine_is_none_for_a_person(how: How) -> None:
    with pytest.raises(ConfigError, match="--how run and --how task"):
        plans.chosen("win32", how, user=True)


@pytest.mark.parametrize(
    ("platform", "words"), [("linux", "contrib/homeport.service"), ("darwin", "launchd")]
)
def test_elsewhere_it_is_said_what_to_do(platform: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plans.chosen(platform, None, user=False)


def test_the_identifier_of_a_service_is_that_of_windows() -> None:
    r"""`NT SERVICE\TrustedInstaller`, which is the same on every Windows."""
    assert plans.service_sid("TrustedInstaller") == TRUSTED_INSTALLER
    assert plans.service_sid("trustedinstaller") == TRUSTED_INSTALLER


def test_the_places_of_the_machine_and_of_a_person() -> None:
    environ = {"PROGRAMDATA": r"D:\Data", "LOCALAPPDATA": r"C:\Users\王\AppData\Local"}
    assert plans.windows_places(environ, user=False).logs == PureWindowsPath(r"D:\Data\Homeport\logs")
    mine = plans.windows_places(environ, user=True)
    assert mine.state == PureWindowsPath(r"C:\Users\王\AppData\Local\homeport\state")


def test_the_account_has_few_rights() -> None:
    assert plans.account(How.SERVICE, user=False) == r"NT SERVICE\Homeport"
    assert plans.account(How.TASK, user=False) == r"NT AUTHORITY\LocalService"
    assert plans.account(How.RUN, user=True) == ""


# -- rights of folders -----------------------------------------------------------------------------


def test_nobody_but_administrators_the_system_and_the_service_writes_into_a_folder_of_ours() -> None:
    state, top = security.folder(SERVICE, modify=True), security.folder(SERVICE, modify=False)
    assert state == f"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;{SERVICE})"
    assert top.startswith("D:P"), "nothing is inherited from %ProgramData%"
    assert security.writers(state) == (SERVICE,)
    assert security.writers(top) == ()


@pytest.mark.parametrize(
    ("sddl", "writers"),
    [
        # %ProgramData% itself: users make files and folders in it (0x116 of rights below).
        ("O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)",
         ("BU",)),
        ("O:SYD:(A;OICI;FA;;;WD)", ("WD",)),
        ("O:SYG:SYD:PAI(A;OICI;0x1301bf;;;AU)", ("AU",)),
        ("O:BAD:(A;OICIIO;FA;;;BU)(A;;0x1200a9;;;BU)", ()),
        ("O:BAD:(D;;FA;;;BU)", ()),
        ("O:BA", ("WD",)),
        (f"O:{TRUSTED_INSTALLER}D:PAI(A;;FA;;;{TRUSTED_INSTALLER})", ()),
    ],
)  # fmt: skip
def test_who_else_may_change_a_file(sddl: str, writers: tuple[str, ...]) -> None:
    assert security.writers(sddl) == writers


def test_a_right_more_leaves_the_others_and_is_given_once() -> None:
    before = "O:S-1-5-21-1-2-3-1001D:AI(A;ID;FA;;;SY)(A;ID;FA;;;S-1-5-21-1-2-3-1001)"
    after = security.granted(before, SERVICE, modify=False, below=False)
    assert after == f"D:AI(A;ID;FA;;;SY)(A;ID;FA;;;S-1-5-21-1-2-3-1001)(A;;0x1200a9;;;{SERVICE})"
    assert security.granted(after, SERVICE, modify=False, below=False) is None


@given(st.text(max_size=60))
def test_no_text_for_rights_makes_it_crash(text: str) -> None:
    security.writers(text)
    security.owner(text)
    security.granted(text, SERVICE, modify=True, below=True)


# -- why it failed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError("homeport.toml:3: agent.intervall: no such setting"), failure.CONFIGURATION, "toml:3"),
        (
            PermissionError(errno.EACCES, "Access is denied", r"C:\x.toml"),
            failure.PERMISSION,
            r"C:\\x.toml",
        ),
        (FileNotFoundError(errno.ENOENT, "not found", "key.txt"), failure.MISSING, "key.txt"),
        (OSError(errno.EADDRINUSE, "address in use"), failure.PORT, "port"),
        (OSError(10048, "address in use"), failure.PORT, "port"),
        (OSError(errno.ENOSPC, "No space left", "state.db"), failure.FULL, "state.db"),
        (OSError(112, "not enough space"), failure.FULL, "disk is full"),
        (ZeroDivisionError("division by zero"), failure.BUG, "ZeroDivisionError"),
    ],
)
def test_the_reason_of_a_failure_has_a_number_and_a_sentence(
    error: Exception, code: int, words: str
) -> None:
    found = failure.explain(error, r"NT SERVICE\Homeport")
    assert found.code == code and words.replace("\\\\", "\\") in found.text


def test_a_configuration_that_may_not_be_read_is_a_matter_of_rights() -> None:
    error = ConfigError("C:\\x.toml cannot be read")
    error.__cause__ = PermissionError(errno.EACCES, "Access is denied")
    assert failure.explain(error, "me").code == failure.PERMISSION


def test_what_was_kept_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "日志"
    assert failure.last(folder) is None
    failure.keep(folder, failure.Failure(2, "第三行不对"))
    found = failure.last(folder)
    assert found is not None and (found.code, found.text) == (2, "第三行不对") and found.when > 0
    (folder / failure.FILE).write_text("{")
    assert failure.last(folder) is None
    failure.forget(folder)
    failure.forget(folder)
    assert not (folder / failure.FILE).exists()
