"""What systemd is told, over a real socket."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.service.host import Host, Shows
from homeport.service.systemd import Systemd
from tests.e2e.home import Home, end, nameserver, record, rfc2136, uplink

pytestmark = pytest.mark.linux("systemd is of Linux")
PATIENCE = 60.0  # seconds, for a machine that is busy


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(PATIENCE)
        yield sock


def found(heard: socket.socket, **more: str) -> Systemd:
    host = Systemd.found({"NOTIFY_SOCKET": heard.getsockname(), **more})
    assert host is not None
    return host


def test_each_thing_is_said_in_the_words_of_sd_notify(heard: socket.socket) -> None:
    host: Host = found(heard)
    host.begin(lambda: None, lambda: None)
    host.ready()
    assert heard.recv(999) == b"READY=1"
    host.reloading()
    first, second = heard.recv(999).decode().split("\n")
    assert first == "RELOADING=1" and second.startswith("MONOTONIC_USEC=")
    assert int(second.partition("=")[2]) > 0
    host.stopping()
    assert heard.recv(999) == b"STOPPING=1"
    assert isinstance(host, Shows)
    host.shows("all is\nwell")
    host.shows("all is well")
    host.ready()
    assert [heard.recv(999), heard.recv(999)] == [b"STATUS=all is well", b"READY=1"]


def test_the_watchdog_is_fed_at_every_quarter_of_its_time(heard: socket.socket) -> None:
    now = [0.0]
    host = Systemd(heard.getsockname(), 20.0, lambda: now[0])
    for second in range(21):
        now[0] = float(second)
        host.alive()
    host.ready()
    said = [heard.recv(999) for _ in range(6)]
    assert said == [b"WATCHDOG=1"] * 5 + [b"READY=1"]


@pytest.mark.parametrize(
    ("environ", "fed"),
    [
        ({}, False),
        ({"WATCHDOG_USEC": "20000000"}, True),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, True),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, False),
        ({"WATCHDOG_USEC": "0"}, False),
        ({"WATCHDOG_USEC": "soon"}, False),
    ],
)
def test_a_watchdog_is_fed_only_where_systemd_wants_that(
    heard: socket.socket, environ: dict[str, str], *, fed: bool
) -> None:
    host = found(heard, **environ)
    host.alive()
    host.ready()
    assert (heard.recv(999) == b"WATCHDOG=1") == fed


def test_an_abstract_socket_is_reached(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{tmp_path}")
        sock.settimeout(PATIENCE)
        host = Systemd.found({"NOTIFY_SOCKET": f"@{tmp_path}"})
        assert host is not None
        host.ready()
        assert sock.recv(999) == b"READY=1"


def test_a_host_that_has_gone_or_reads_nothing_stops_nobody(heard: socket.socket, tmp_path: Path) -> None:
    Systemd(str(tmp_path / "nowhere")).ready()
    host = found(heard)
    for _ in range(5000):  # more than the socket holds
        host.ready()
    assert Systemd.found({}) is None
    assert Systemd.found({"NOTIFY_SOCKET": "vsock:2:1234"}) is None


def test_the_real_agent_tells_of_start_reload_and_end(heard: socket.socket, tmp_path: Path) -> None:
    with nameserver() as server:
        home = Home(tmp_path, {"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": "30000000"})
        home.write(uplink(ipv4=["static:45.0.0.10"]) + rfc2136(server) + record("told.example.com"))
        agent = home.start("run")
        try:
            said: list[str] = []

            def until(word: str) -> None:
                while not said or not said[-1].startswith(word):
                    said.append(heard.recv(999).decode())

            until("READY=1")
            until("STATUS=all 1 targets are right")
            until("WATCHDOG=1")
            agent.send_signal(signal.SIGHUP)
            until("RELOADING=1\nMONOTONIC_USEC=")
            until("READY=1")
            agent.send_signal(signal.SIGTERM)
            until("STOPPING=1")
        finally:
            end(agent)
