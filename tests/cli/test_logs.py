"""`homeport logs`: the newest lines, the rotated files, and what comes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.cli.logs import Follower, newest, of_service
from homeport.cli.main import main
from homeport.report.log_file import LogFile
from homeport.service.plan import LOG, windows_places

CONFIGURATION = """
[log]
file = "homeport.log"
[account.a]
provider = "duckdns"
token = "env:TOKEN"
[[record]]
name = "x.duckdns.org"
account = "a"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN", "11111111-1111-4111-8111-111111111111")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homeport.toml").write_text(CONFIGURATION)
    return tmp_path / "homeport.log"


def test_the_newest_lines_come_oldest_first(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("".join(f"line {n} 你好\n" for n in range(100)), encoding="utf-8")
    assert main(["logs", "-n", "2"]) == 0
    assert capsys.readouterr().out == "line 98 你好\nline 99 你好\n"
    assert main(["logs"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 50


def test_without_a_log_file_it_says_what_to_write(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs"]) == 2
    assert "no agent has run with this configuration" in capsys.readouterr().err
    (file.parent / "homeport.toml").write_text(CONFIGURATION.replace('file = "homeport.log"', ""))
    assert main(["logs"]) == 2
    assert '[log] file = "homeport.log"' in capsys.readouterr().err


@given(
    sizes=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    most=st.integers(0, 30),
    ends=st.booleans(),
)
def test_old_files_fill_up_what_is_missing(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int, ends: bool
) -> None:
    """The newest N lines are the last N of all files, whatever lies in which."""
    folder = tmp_path_factory.mktemp("logs")
    every: list[bytes] = []
    for number, size in reversed(list(enumerate(sizes))):
        lines = [f"{number} {n}".encode() for n in range(size)]
        name = "log" if number == 0 else f"log.{number}"
        (folder / name).write_bytes(b"".join(line + b"\n" for line in lines) + (b"half" if ends else b""))
        every += lines + ([b"half"] if ends and number else [])
    found = newest(Follower(folder / "log"), most)
    assert [line.rstrip(b"\n") for line in found] == (every[-most:] if most else [])


class Written:
    """Writes something each time that the reader waits."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self._acts = iter(acts)

    def __call__(self) -> None:
        next(self._acts)()


def taken(lines: Iterator[bytes], number: int) -> list[str]:
    return [line.decode() for line in islice(lines, number)]


def test_what_is_added_is_shown_when_its_line_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "log"
    stream = file.open("ab", buffering=0)
    wait = Written(
        lambda: stream.write(b"one\n"),
        lambda: stream.write(b"tw"),
        lambda: stream.write(b"o\nthree\n"),
        lambda: None,
        lambda: stream.write(b"four\n"),
    )
    assert taken(Follower(file).lines(wait), 4) == ["one", "two", "three", "four"]
    stream.close()


def test_it_goes_on_in_the_next_file_and_loses_nothing_when_the_log_is_rotated(tmp_path: Path) -> None:
    """Lines written between two looks, right before the rotation, are read where they are now."""
    log = LogFile(tmp_path / "log", size=60, kept=9)
    log.setFormatter(logging.Formatter("%(message)s"))
    written = [f"line {n:03} {'x' * (n % 7)}" for n in range(200)]
    rest = iter(written)

    def some() -> None:
        for text in islice(rest, 3):  # 60 octets hold 3 or 4: never two rotations between two looks
            log.emit(logging.LogRecord("homeport", logging.INFO, "file", 1, text, (), None))

    follower = Follower(tmp_path / "log")
    assert taken(follower.lines(some), len(written)) == written
    log.close()
    assert len(list(tmp_path.iterdir())) == 10


def test_a_file_that_was_emptied_by_hand_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("one\ntwo\n")
    follower = Follower(file)
    assert follower.now() == [b"one", b"two"]
    file.write_text("new\n")
    assert follower.now() == [b"new"]


def test_without_a_file_in_the_configuration_it_is_that_of_the_service_that_last_logged(
    tmp_path: Path,
) -> None:
    environ = {"PROGRAMDATA": str(tmp_path / "all"), "LOCALAPPDATA": str(tmp_path / "mine")}
    assert of_service("win32", environ) is None
    files = [Path(windows_places(environ, user=user).logs.as_posix()) / LOG for user in (False, True)]
    for age, file in enumerate(files):
        file.parent.mkdir(parents=True)
        file.write_text("")
        os.utime(file, (1000 - age, 1000 - age))
    assert of_service("win32", environ) == files[0]
    os.utime(files[1], (2000, 2000))
    assert of_service("win32", environ) == files[1]
    assert of_service("linux", environ) is None
