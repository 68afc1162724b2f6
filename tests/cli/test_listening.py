"""Nothing is listened to that the configuration does not need."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import pytest

from homeport.agent.hearing import Roll
from homeport.agent.loop import Agent
from homeport.cli.listening import Listening, _known
from homeport.cli.setup import world
from homeport.config.load import load
from homeport.core.dns import IPAddress, RRType
from homeport.net import system_events

RECORD = """
[account.ns]
provider = "rfc2136"
server = "192.0.2.53"
tsig_name = "key"
tsig_key = "env:KEY"
[[record]]
name = "home.example.com"
account = "ns"
"""


class Believer:
    """Stands for the agent."""

    def __init__(self, *addresses: IPAddress) -> None:
        self.addresses = frozenset(addresses)

    def believes(self, uplink: str, rrtype: RRType) -> frozenset[IPAddress]:
        return self.addresses

    def asked(self, label: str) -> None:
        """Nobody counts."""


def listeners(tmp_path: Path, uplink: str, record: str = "") -> tuple[list[str], list[str]]:
    """The names of those to this machine, and of those to the neighbourhood."""
    file = tmp_path / "homeport.toml"
    file.write_text(f"[uplink.default]\n{uplink}\n{RECORD}{record}\n")
    file.chmod(0o600)
    config = load(file, {"KEY": "c2VjcmV0IHNlY3JldCBzZWNyZXQ="})
    agent = cast("Agent", Believer())
    inner, outer = Listening(agent, Roll(), lambda hint: None).listeners(config, world(config))
    return [one.name for one in inner], [one.name for one in outer]


def test_by_default_everybody_is_listened_to(tmp_path: Path) -> None:
    inner, outer = listeners(tmp_path, 'ipv4 = ["http", "stun"]')
    assert inner == [one.name for one in system_events.listeners()]
    assert outer == ["gateway announcements", "UPnP events", "tripwire", "stun"]


@pytest.mark.parametrize(
    "uplink",
    [
        'ipv4 = ["http", "stun"]\nlisten = []',
        'ipv4 = "static:8.8.4.4"\nipv6 = []',
        'ipv4 = "interface"',
        'ipv4 = "file:/nowhere"',
        'ipv4 = []\nipv6 = "http"',
    ],
    ids=["nobody", "static", "interface", "file", "IPv6"],
)
def test_where_no_gateway_matters_the_system_alone_is_listened_to(tmp_path: Path, uplink: str) -> None:
    inner, outer = listeners(tmp_path, uplink)
    assert inner == [one.name for one in system_events.listeners()]
    assert outer == []


def test_where_only_ipv6_is_published_the_gateway_is_not_listened_to(tmp_path: Path) -> None:
    assert listeners(tmp_path, 'ipv4 = "http"\nipv6 = "http"', 'type = "AAAA"')[1] == []


def test_a_stun_server_that_nobody_wrote_is_not_asked(tmp_path: Path) -> None:
    assert "stun" not in listeners(tmp_path, 'ipv4 = "http"\nlisten = ["stun"]')[1]


def test_one_address_that_is_believed_in_is_watched_and_several_are_not() -> None:
    one, other = IPv4Address("8.8.4.4"), IPv4Address("9.9.9.9")
    for believed, watched in (((one,), one), ((one, other), None), ((), None)):
        assert _known(cast("Agent", Believer(*believed)), "default")() == watched
