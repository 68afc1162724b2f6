"""The log file is rotated, goes on when it cannot be, and says trouble with the disk once."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path

import pytest

from homeport.core.events import Event
from homeport.report.log import JsonFormat, TextFormat
from homeport.report.log_file import LogFile


def line(text: str, level: int = logging.INFO, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("homeport", level, "file", 1, text, (), None)
    record.__dict__.update(more)
    return record


def log_to(file: Path, size: int = 100, kept: int = 2) -> LogFile:
    handler = LogFile(file, size, kept)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def test_a_full_file_is_rotated_and_only_so_many_are_kept(tmp_path: Path) -> None:
    log = log_to(tmp_path / "log")
    for number in range(40):
        log.emit(line(f"{number:02} {'x' * 16}"))
    log.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert all(file.stat().st_size <= 100 for file in tmp_path.iterdir())
    text = "".join((tmp_path / name).read_text() for name in ("log.2", "log.1", "log"))
    assert [row[:2] for row in text.splitlines()] == [f"{n:02}" for n in range(28, 40)]


def test_a_file_that_cannot_be_renamed_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_to(tmp_path / "log")

    def held(source: str, target: str) -> None:
        raise PermissionError(errno.EACCES, "held by another program")

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", held)
        for number in range(20):
            log.emit(line(f"{number:02} {'x' * 16}"))
    assert len((tmp_path / "log").read_text().splitlines()) == 20
    log.emit(line("after"))
    log.close()
    assert (tmp_path / "log").read_text() == "after\n"
    assert len((tmp_path / "log.1").read_text().splitlines()) == 20
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_said_once_and_again_when_it_is_full_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_to(tmp_path / "log", size=0)

    class Full:
        """What is written to it does not fit."""

        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None: ...

        def flush(self) -> None: ...

    whole = log.stream
    for _ in range(2):
        log.stream = Full()  # type: ignore[assignment]
        for _ in range(5):
            log.emit(line("lost"))
        log.stream = whole
        log.emit(line("kept"))
    log.close()
    assert (tmp_path / "log").read_text() == "kept\nkept\n"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all(row.endswith("log cannot be written: No space left on device") for row in said)


def test_a_mistake_of_ours_in_a_log_line_is_not_taken_for_the_disks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = log_to(tmp_path / "log")
    log.emit(logging.LogRecord("homeport", logging.INFO, "file", 1, "%d", ("no number",), None))
    log.close()
    assert "TypeError" in capsys.readouterr().err


def test_a_line_in_json_has_the_number_of_its_event() -> None:
    told = json.loads(JsonFormat().format(line("updated", event=Event.UPDATED)))
    assert (told["event"], told["message"]) == (200, "updated")
    assert "event" not in json.loads(JsonFormat().format(line("something else")))
    assert "200" not in TextFormat().format(line("updated", event=Event.UPDATED)).partition("INFO")[2]
