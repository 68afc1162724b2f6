"""`homeport doctor`, with a time server of ours."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.cli import doctor
from homeport.cli.main import main
from homeport.state.lock import Lock

CONFIGURATION = """
[agent]
state_dir = "state"
[account.a]
provider = "duckdns"
token = "env:TOKEN"
[[record]]
name = "x.duckdns.org"
account = "a"
"""


class TimeServer:
    """Answers each question with the time, so many seconds off."""

    def __init__(self) -> None:
        self.off = 0.0
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            asked, who = self._sock.recvfrom(512)
            if asked == b"end":
                return
            now = time.time() + 2_208_988_800 + self.off
            stamp = struct.pack(">II", int(now), int(now % 1 * 2**32))
            self._sock.sendto(
                struct.pack(">BBBbIII8s", 0x24, 1, 0, 0, 0, 0, 0, bytes(8)) + asked[40:] + stamp * 2, who
            )

    def end(self) -> None:
        self._sock.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self._sock.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TimeServer]:
    found = TimeServer()
    monkeypatch.setattr(doctor, "TIME_SERVERS", (("127.0.0.1", found.port),))
    yield found
    found.end()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "11111111-1111-4111-8111-111111111111")
    (tmp_path / "homeport.toml").write_text(CONFIGURATION)
    return tmp_path


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return {line["subject"]: line["state"] for line in lines}


COMMON = ("configuration", "state", "agent", "program", "clock")


def test_all_is_right_with_a_running_agent(
    server: TimeServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lock(home / "state"):
        status = main(["doctor", "--json"])
    found = states(capsys)
    assert [found[subject] for subject in COMMON] == ["right"] * 5
    assert status == 0


def test_each_finding_has_what_to_do(
    server: TimeServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.off = -1000
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "wrong agent: no agent is running" in out
    assert ("homeport service install" if sys.platform == "win32" else "homeport run;") in out
    assert "wrong clock: 1000." in out and "ahead" in out and "timedatectl" in out


def test_a_broken_configuration_is_a_finding_and_the_rest_is_looked_at(
    server: TimeServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "homeport.toml").write_text(CONFIGURATION.replace('duckdns"', 'duckdnss"', 1))
    assert main(["doctor", "--json"]) == 1
    found = states(capsys)
    assert (found["configuration"], found["clock"]) == ("wrong", "right")
    (home / "homeport.toml").unlink()
    assert main(["doctor"]) == 1
    assert "wrong configuration: there is none yet" in capsys.readouterr().out


def test_a_state_folder_that_is_a_file_is_wrong(
    server: TimeServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "state").write_text("")
    assert main(["doctor", "--json"]) == 1
    assert states(capsys)["state"] == "wrong"


def test_without_a_time_server_the_clock_is_unknown_and_that_is_no_failure(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setattr(doctor, "TIME_SERVERS", (("127.0.0.1", deaf.getsockname()[1]),))
        monkeypatch.setattr(doctor, "PATIENCE", 0.2)
        with Lock(home / "state"):
            assert main(["doctor", "--json"]) == 0
    assert states(capsys)["clock"] == "unknown"
