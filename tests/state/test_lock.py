"""One agent per state directory, and whoever dies has let go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeport.state.lock import AlreadyRunning, Lock, held

HOLDER = """
import sys
from pathlib import Path
from homeport.state.lock import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_agent_is_told_who_the_first_is(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        with pytest.raises(AlreadyRunning, match=rf"process {first.pid}\).*state_dir") as caught:
            Lock(tmp_path).__enter__()
        assert str(tmp_path) in str(caught.value)
        assert held(tmp_path)
        first.communicate("")
    with Lock(tmp_path):
        assert held(tmp_path)


def test_an_agent_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        first.wait()
        assert not held(tmp_path)
        with Lock(tmp_path):
            assert (tmp_path / "agent.lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_can_be_taken_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        with Lock(tmp_path):
            assert held(tmp_path)
        assert not held(tmp_path)


def test_to_ask_takes_nothing_away(tmp_path: Path) -> None:
    with Lock(tmp_path):
        assert [held(tmp_path) for _ in range(3)] == [True] * 3
        with pytest.raises(AlreadyRunning):
            Lock(tmp_path).__enter__()


def test_nobody_holds_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert not held(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_directory_is_made(tmp_path: Path) -> None:
    with Lock(tmp_path / "a" / "b"):
        assert held(tmp_path / "a" / "b")


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="directory"):
        Lock(tmp_path / "file" / "state").__enter__()


def test_of_many_that_start_at_once_one_holds_the_lock(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    winners = []
    for racer in racers:
        assert racer.stdout is not None
        if racer.stdout.readline() == "held\n":
            winners.append(racer)
    assert len(winners) == 1
    for racer in racers:
        _, errors = racer.communicate("")
        assert racer in winners or f"process {winners[0].pid})" in errors or "process unknown)" in errors


def test_who_only_asks_keeps_no_agent_from_its_lock(tmp_path: Path) -> None:
    with Lock(tmp_path):
        """Now there is a file."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            held(tmp_path)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(ask)
        try:
            for _ in range(100):
                with Lock(tmp_path, time.sleep):
                    assert held(tmp_path)
        finally:
            over.set()
