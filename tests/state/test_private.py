"""What lies in the state directory and beside the log is its user's only, and nobody's trick.

As root, so that there is another user; the program itself is never root here.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from homeport.core.errors import ConfigError
from homeport.report.log_file import LogFile
from homeport.state.lock import OURS, Lock
from homeport.state.private import own_file, own_folder
from homeport.state.store import Store

pytestmark = pytest.mark.posix("rights and owners are of POSIX")
ME, OTHER = 65_533, 65_532


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder like /tmp, and this process as an ordinary user in it."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name) / "shared"
        Path(name).chmod(0o755)
        folder.mkdir()
        folder.chmod(0o1777)
        os.seteuid(ME)
        try:
            yield folder
        finally:
            os.seteuid(0)


def by_other(act: Callable[[], object]) -> None:
    os.seteuid(0)
    os.seteuid(OTHER)
    try:
        act()
    finally:
        os.seteuid(0)
        os.seteuid(ME)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def use(folder: Path) -> None:
    with Lock(folder), Store.open(folder, no_warning) as store:
        store.put("key", "value")


def no_warning(text: str) -> None:
    raise AssertionError(text)


def test_what_we_make_is_ours_only_even_in_a_careless_process(place: Path) -> None:
    before = os.umask(0)
    try:
        with Lock(place / "state"), Store.open(place / "state", no_warning) as store:
            store.put("key", "value")
            found = {path.name: mode(path) for path in (place / "state").iterdir()}
    finally:
        os.umask(before)
    assert mode(place / "state") == 0o700
    assert found == dict.fromkeys(("agent.lock", "state.db", "state.db-wal", "state.db-shm"), 0o600)


def test_what_was_open_to_others_is_closed(place: Path) -> None:
    state = place / "state"
    with Lock(state), Store.open(state, no_warning) as store:
        store.put("key", "value")
    for path in (state / "state.db", state / "agent.lock"):
        path.chmod(0o644)
    state.chmod(0o755)
    with Lock(state), Store.open(state, no_warning) as store:
        assert store.get("key") == "value"
    assert [mode(path) for path in (state, state / "state.db", state / "agent.lock")] == [
        0o700,
        0o600,
        0o600,
    ]


def test_a_folder_with_other_things_in_it_is_not_closed(place: Path) -> None:
    state = place / "home"
    state.mkdir(mode=0o755)
    (state / "letter").write_text("")
    assert own_folder(state, OURS) is None
    assert mode(state) == 0o755


def test_the_folder_of_another_user_in_a_shared_place_is_refused(place: Path) -> None:
    by_other((place / "state").mkdir)
    by_other(lambda: (place / "state").chmod(0o777))
    for act in (lambda: Lock(place / "state").__enter__(), lambda: Store.open(place / "state", no_warning)):
        with pytest.raises(
            ConfigError, match=rf"state directory .* belongs to another user \(number {OTHER}\)"
        ):
            act()
    assert list((place / "state").iterdir()) == []


def test_a_link_of_another_user_to_a_folder_of_ours_is_refused(place: Path) -> None:
    mine = place / "mine"
    mine.mkdir(mode=0o700)
    by_other(lambda: (place / "state").symlink_to(mine))
    with pytest.raises(ConfigError, match="belongs to another user"):
        Store.open(place / "state", no_warning)
    (place / "own").symlink_to(mine)
    Store.open(place / "own", no_warning).__exit__(None, None, None)


def test_the_folder_of_another_user_that_he_gave_us_is_warned_of(place: Path) -> None:
    os.seteuid(0)
    given = place.parent / "given"
    given.mkdir()
    given.chmod(0o777)
    os.chown(given, OTHER, -1)
    os.seteuid(ME)
    told: list[str] = []
    Store.open(given, told.append).__exit__(None, None, None)
    [said] = told
    assert f"belongs to another user (number {OTHER})" in said
    assert "chown" in said


@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "agent.lock"])
@pytest.mark.parametrize("trick", ["symlink", "file", "hard link"])
def test_what_another_user_put_in_the_way_is_refused(place: Path, name: str, trick: str) -> None:
    victim = place / "victim"
    victim.write_text("precious")
    there = place / name  # the shared place itself is the state directory
    if trick == "symlink":
        by_other(lambda: there.symlink_to(victim))
    elif trick == "file":
        by_other(lambda: there.write_text("his"))
        by_other(lambda: there.chmod(0o666))
    else:
        there.hardlink_to(victim)  # as another user could, where fs.protected_hardlinks is 0
    with pytest.raises(ConfigError, match=rf"{name} .*in a place where everyone may make one; remove it"):
        use(place)
    assert victim.read_text() == "precious"


def test_a_log_keeps_what_its_user_lets_the_group_do(place: Path) -> None:
    file = place / "homeport.log"
    file.write_text("")
    file.chmod(0o646)
    own_file(file, "the log file", group=True)
    assert mode(file) == 0o640
    own_file(place / "none", "the log file")
    own_file(Path("/dev/stdout"), "the log file")


def test_each_new_log_is_private_and_so_are_those_that_are_rotated(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(LogFile(tmp_path / "homeport.log", size=10, kept=4)) as handler:
            for _ in range(4):
                handler.emit(logging.makeLogRecord({"msg": "more than ten octets"}))
    finally:
        os.umask(before)
    found = {path.name: mode(path) for path in tmp_path.iterdir()}
    assert found == dict.fromkeys([f"homeport.log{end}" for end in ("", ".1", ".2", ".3", ".4")], 0o600)


def test_a_run_closes_the_logs_of_earlier_ones(tmp_path: Path) -> None:
    config = (
        '[agent]\nstate_dir = "state"\n[log]\nfile = "homeport.log"\n[uplink.default]\nipv4 = ["route"]\n'
    )
    (tmp_path / "homeport.toml").write_text(config)
    for name in ("homeport.log", "homeport.log.1"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o646)
    command = [sys.executable, "-m", "homeport", "run", "--once"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert [mode(tmp_path / name) for name in ("homeport.log", "homeport.log.1")] == [0o640, 0o640]


def test_no_core_file_is_ever_written() -> None:
    script = (
        "import resource; from homeport.cli.run import _no_core_files\n"
        "_no_core_files(); print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
