"""What `homeport status` and `homeport ip` say of the lines."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from homeport.cli.ip import ip
from homeport.cli.look import status
from homeport.core.advice import Verdict
from homeport.core.dns import RRType
from homeport.core.rhythm import Sighting
from homeport.state.store import Store

A = RRType.A
NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
DAY = 86400.0
ADDRESS = "45.0.0.10"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("time.time", lambda: NOW)
    found = tmp_path / "homeport.toml"
    found.write_text(f"""
[agent]
state_dir = "{tmp_path.as_posix()}/state"
[uplink.fiber]
ipv4 = ["static:{ADDRESS}"]
ipv6 = []
probe = ["tcp:127.0.0.1:1"]
[uplink.lte]
ipv4 = ["static:62.0.0.10"]
ipv6 = []
[account.a]
provider = "duckdns"
token = "env:TOKEN"
[[record]]
name = "x.duckdns.org"
account = "a"
type = ["A"]
uplink = ["fiber", "lte"]
""")
    found.chmod(0o600)
    monkeypatch.setenv("TOKEN", "11111111-1111-4111-8111-111111111111")
    return found


def known(path: Path) -> Store:
    return Store.open(path.parent / "state", pytest.fail)


def change(at: float, address: str, told: str | None = "nat-pmp", *, listening: bool = True) -> Sighting:
    return Sighting.of(at, [ip_address(address)], told, listening=listening)


def test_a_line_that_was_seen_and_not_judged_shows_its_address(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with known(path) as store:
        store.sighted("lte", A, change(NOW - DAY, "62.0.0.10", None, listening=False), keep=9)
    status(path, None, as_json=False)
    out = capsys.readouterr().out
    assert "A of lte: 62.0.0.10 since 2027-01-14T08:00:00Z" in out
    assert "A of fiber: not seen yet" in out


def test_the_verdict_and_what_to_do_about_it_stand_below_each_other(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with known(path) as store:
        store.judged("lte", A, Verdict("cgnat", "the provider shares it", "ask for another", sure=False))
    status(path, None, as_json=False)
    assert (
        "A of lte: cgnat (not certain): the provider shares it\n  ask for another\n"
        in capsys.readouterr().out
    )


def test_a_line_that_is_down_is_said_to_be_down_and_since_when(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with known(path) as store:
        store.sighted("fiber", A, change(NOW - DAY, ADDRESS), keep=9)
        store.watched({"fiber": NOW - 60}, {})
    status(path, None, as_json=False)
    assert (
        "A of fiber: its probes say that it is down, since 2027-01-15T07:59:00Z" in capsys.readouterr().out
    )
    status(path, None, as_json=True)
    fiber, lte = json.loads(capsys.readouterr().out)["lines"]
    assert (fiber["up"], fiber["down_since"]) == (False, "2027-01-15T07:59:00Z")
    assert (lte["up"], lte["down_since"]) == (None, None)  # nobody watches it


def test_trust_and_the_hour_of_the_reconnect_are_shown(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with known(path) as store:
        for day in range(6, 0, -1):
            store.sighted("lte", A, change(NOW - day * DAY - 17160, f"62.0.0.{day}"), keep=9)
        store.watched({}, {"lte": {"nat-pmp", "pcp"}})
    status(path, None, as_json=False)
    out = capsys.readouterr().out
    assert "the gateway tells of changes (5 of the last 5); a look every 60 min" in out
    assert "usually reconnects about 03:14 UTC" in out


def test_whoever_cannot_be_heard_is_not_said_to_tell(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with known(path) as store:
        for day in range(6, 0, -1):
            store.sighted("lte", A, change(NOW - day * DAY, f"62.0.0.{day}"), keep=9)
        store.watched({}, {"lte": {"system"}})
    status(path, None, as_json=False)
    out = capsys.readouterr().out
    assert "tells of changes" not in out
    assert "a look every 5 min" in out


def test_times_in_json_are_of_one_kind(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with known(path) as store:
        store.sighted("lte", A, change(NOW - DAY, "62.0.0.10"), keep=9)
        store.count(int(NOW // DAY), {"http:a": 3}, keep=7)
    status(path, None, as_json=True)
    line = json.loads(capsys.readouterr().out)
    assert line["lines"][1]["changes"] == [
        {"at": "2027-01-14T08:00:00Z", "addresses": ["62.0.0.10"], "told": "nat-pmp"}
    ]
    assert line["asked_today"] == {"http:a": 3}


def test_ip_tells_which_line_is_down(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody answers at port 1 of this machine, and nobody watches the other line."""
    ip(path, as_json=False)
    out = capsys.readouterr().out
    assert "A of fiber: its probes say that it is down" in out
    assert "A of lte: its probes" not in out
    ip(path, as_json=True)
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [line["line"]["up"] for line in lines] == [False, None]
